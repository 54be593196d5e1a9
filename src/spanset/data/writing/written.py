"""Rows on their way out: as they are, or as a conversion makes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spanset.data.rows import Rows

# From a data set and a position to what is written in the row's place; None leaves it as it is.
# It may be called more than once a row.
Convert = Callable[["Rows", int], "Mapping[str, Any] | None"]


def written_rows(data: Rows, convert: Convert | None) -> Iterator[Mapping[str, Any]]:
    """Values of every row, or what `convert` makes of it."""
    for position, row in enumerate(data.rows()):
        made = None if convert is None else convert(data, position)
        yield row if made is None else made
