"""Tables for pandas, which is no dependency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spanset.base.extras import require_package

if TYPE_CHECKING:
    import pyarrow as pa


def as_pandas(table: pa.Table) -> Any:
    """The table as a `pandas.DataFrame`.

    Raises
    ------
    MissingExtraError
        pandas is not installed.
    """
    require_package("pandas", where="to_pandas", why="a data frame is one of pandas")
    return table.to_pandas()
