"""A data set: rows by place, and the ways out of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from spanset.base.data_frames import as_pandas
from spanset.base.errors import UsageError
from spanset.base.extras import require
from spanset.base.views import Shown
from spanset.data.conversion import converter
from spanset.data.rows import Rows
from spanset.data.writing.row_files import write_rows

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, repr=False)
class Dataset(Rows, Shown):
    """Usable rows, in order, as places in their sources: what `spanset.read` gives."""

    def write(
        self, path: str | Path, *, force: bool = False, to: Literal["messages"] | None = None
    ) -> None:
        """Write the rows, in this order; the suffix says how (see `row_files`).

        With ``to="messages"`` as chat messages, in the shapes that TRL takes (see `conversion`).
        """
        write_rows(self, path, force=force, convert=converter(to))

    def to_arrow(self) -> pa.Table:
        """The rows, in this order, with all their fields, as an Arrow table.

        Tables keep their schema; the types of other rows are found from all of them.

        Raises
        ------
        DataError
            A value that fits no type of its column.
        """
        from spanset.data.writing.arrow_rows import as_arrow

        return as_arrow(self)

    def to_datasets(self) -> Any:
        """The same as a `datasets.Dataset` (extra ``hub``)."""
        require("datasets", extra="hub")
        from spanset.data.writing.arrow_rows import as_datasets

        return as_datasets(self)

    def to_pandas(self) -> Any:
        """The same as a `pandas.DataFrame`; what Arrow tables cannot hold is an error, as there."""
        return as_pandas(self.to_arrow())

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The rows for any library that reads Arrow: ``polars.DataFrame(data)``."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)


def require_dataset(data: object) -> None:
    """Refuse what was not read yet."""
    if not isinstance(data, Dataset):
        raise UsageError(
            f"expected a data set, got {type(data).__name__}",
            where="data",
            fix="read it first: data = spanset.read(rows)",
        )
