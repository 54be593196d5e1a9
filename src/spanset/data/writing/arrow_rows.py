"""Rows of any source as Arrow tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from spanset.base.errors import DataError
from spanset.data.containers.arrow_tables import BATCH, TableSource, as_it_came, put_back
from spanset.data.containers.arrow_values import holdable
from spanset.data.writing.written import Convert, written_rows

if TYPE_CHECKING:
    from spanset.data.rows import Rows


def as_arrow(data: Rows, convert: Convert | None = None) -> pa.Table:
    """All rows as one table: of tables as they came, of others with the types of all their rows."""
    schema = shared_schema(data)
    if schema is not None and convert is None:
        blocks = list(gathered(data, schema))
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


def as_datasets(data: Rows) -> Any:
    """All rows as a `datasets.Dataset`."""
    import datasets

    table = as_arrow(data)
    return datasets.Dataset(table.cast(holdable(table.schema)))  # it knows no views of texts


def shared_schema(data: Rows) -> pa.Schema | None:
    """Schema of all sources if they are tables and agree; with the first one's metadata."""
    sources = data.sources
    if not all(isinstance(source, TableSource) for source in sources):
        return None
    if any(source.layout != sources[0].layout for source in sources):
        return None
    first = sources[0]
    return first.schema if isinstance(first, TableSource) else None


def gathered(data: Rows, schema: pa.Schema) -> Iterator[pa.Table]:
    """Blocks of rows of tables that share this schema, in the order of the data."""
    for begin in range(0, len(data), BATCH):
        numbers = data.source[begin : begin + BATCH]
        starts = data.start[begin : begin + BATCH]
        pieces = []
        for number in np.unique(numbers).tolist():
            source = data.sources[number]
            if isinstance(source, TableSource):
                pieces.append(source.gathered(starts[numbers == number]))
        table = put_back(pa.concat_tables(pieces), np.argsort(numbers, kind="stable"))
        yield as_it_came(table, schema)


def _array(data: Rows, name: str, values: Sequence[Any]) -> pa.Array:
    """A column, its type that of all values."""
    made = _tried(values)
    if not isinstance(made, Exception):
        return made
    good, bad = 0, len(values)  # so many values go together, so many do not
    while bad - good > 1:
        middle = (good + bad) // 2
        tried = _tried(values[:middle])
        good, bad, made = (
            (good, middle, tried) if isinstance(tried, Exception) else (middle, bad, made)
        )
    raise DataError(
        f"field {name!r} fits no type of a table",
        where=data.where(bad - 1),
        why=_reason(made, values[bad - 1]),
        fix="write .jsonl, which keeps every row as it is, or mend the row",
    ) from made


def _tried(values: Sequence[Any]) -> Any:
    """The values as an array, or the error that they make."""
    try:
        made = pa.array(values)
        if _mixes(made.type, values):
            return TypeError("true or false among numbers")  # Arrow would make it 1.0 or 0.0
        return made
    except (pa.ArrowException, OverflowError, UnicodeEncodeError, TypeError, ValueError) as error:
        return error


def _mixes(kind: pa.DataType, values: Iterable[Any]) -> bool:
    """Whether true or false stands where the type has a floating number."""
    types = pa.types
    if types.is_floating(kind):
        return any(isinstance(value, bool) for value in values)
    held = (value for value in values if value is not None)
    if types.is_list(kind):
        return _has_floats(kind) and _mixes(kind.value_type, chain.from_iterable(held))
    if types.is_struct(kind) and _has_floats(kind):
        rows = list(held)
        fields = (kind.field(number) for number in range(kind.num_fields))
        return any(_mixes(one.type, [row.get(one.name) for row in rows]) for one in fields)
    return False


def _has_floats(kind: pa.DataType) -> bool:
    inner = (kind.field(number).type for number in range(kind.num_fields))
    return pa.types.is_floating(kind) or any(map(_has_floats, inner))


def _reason(error: Exception, value: object) -> str:
    if isinstance(error, UnicodeEncodeError):
        return "half of a surrogate pair is no text in UTF-8"
    if isinstance(error, OverflowError) or (isinstance(value, int) and abs(value) >= 1 << 63):
        return "an integer of more than 64 bits"
    return f"{str(value)[:40]!r} goes with no type of the values before it"
