"""Rows of any source as Arrow tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from spanset.data.arrow_tables import BATCH, TableSource
from spanset.data.arrow_values import holdable
from spanset.data.converting import Convert, written_rows
from spanset.errors import DataError

if TYPE_CHECKING:
    from spanset.data.dataset import Dataset


def as_arrow(data: Dataset, convert: Convert | None = None) -> pa.Table:
    """All rows as one table: of tables as they came, of others with the types of all their rows."""
    schema = shared_schema(data)
    if schema is not None and convert is None:
        blocks = list(gathered(data))
        return pa.concat_tables(blocks) if blocks else schema.empty_table()
    columns: dict[str, list[Any]] = {}
    for number, row in enumerate(written_rows(data, convert)):
        for name, value in row.items():
            if name not in columns:
                columns[name] = [None] * number
            columns[name].append(value)
        for values in columns.values():
            if len(values) <= number:
                values.append(None)  # a field that this row lacks
    return pa.table({name: _array(data, name, values) for name, values in columns.items()})


def as_datasets(data: Dataset) -> Any:
    """All rows as a `datasets.Dataset`."""
    import datasets

    table = as_arrow(data)
    return datasets.Dataset(table.cast(holdable(table.schema)))  # it knows no views of texts


def shared_schema(data: Dataset) -> pa.Schema | None:
    """Schema of all sources if they are tables and agree; with the first one's metadata."""
    sources = data.sources
    if not all(isinstance(source, TableSource) for source in sources):
        return None
    if any(source.layout != sources[0].layout for source in sources):
        return None
    first = sources[0]
    return first.schema if isinstance(first, TableSource) else None


def gathered(data: Dataset) -> Iterator[pa.Table]:
    """Blocks of rows of tables that share their schema, in the order of the data."""
    schema = shared_schema(data)
    for begin in range(0, len(data), BATCH):
        numbers = data.source[begin : begin + BATCH]
        order = np.argsort(numbers, kind="stable")
        pieces = []
        for number in np.unique(numbers).tolist():
            source = data.sources[number]
            if isinstance(source, TableSource):
                rows = data.start[begin : begin + BATCH][numbers == number]
                pieces.append(source.take(rows).replace_schema_metadata(schema.metadata))
        if len(pieces) == 1:
            yield pieces[0]
            continue
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        yield pa.concat_tables(pieces).take(pa.array(back))


def _array(data: Dataset, name: str, values: Sequence[Any]) -> pa.Array:
    """A column, its type that of all values."""
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError, UnicodeEncodeError, TypeError, ValueError):
        place, error = _first_misfit(values)
        raise DataError(
            f"field {name!r} fits no type of a table",
            where=data.where(place),
            why=_reason(error, values[place]),
            fix="write .jsonl, which keeps every row as it is, or mend the row",
        ) from error


def _first_misfit(values: Sequence[Any]) -> tuple[int, Exception]:
    """Place of the first value that does not go with those before it, and the error it makes."""
    good, bad = 0, len(values)
    failed: Exception = ValueError()
    while bad - good > 1 or not str(failed):
        middle = max(1, (good + bad) // 2) if bad - good > 1 else bad
        try:
            pa.array(values[:middle])
            good = middle
        except (
            pa.ArrowException,
            OverflowError,
            UnicodeEncodeError,
            TypeError,
            ValueError,
        ) as error:
            bad, failed = middle, error
    return bad - 1, failed


def _reason(error: Exception, value: object) -> str:
    if isinstance(error, UnicodeEncodeError):
        return "half of a surrogate pair is no text in UTF-8"
    if isinstance(error, OverflowError) or (isinstance(value, int) and abs(value) >= 1 << 63):
        return "an integer of more than 64 bits"
    return f"{str(value)[:40]!r} goes with no type of the values before it"
