"""From Arrow columns to Python values, the same on every machine."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc


def values_of(table: pa.Table) -> list[dict[str, Any]]:
    """Every row as a mapping from field to value."""
    columns = [_column(column) for column in table.columns]
    names = table.column_names
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def holdable(schema: pa.Schema) -> pa.Schema:
    """The schema with types that rows can be gathered from: plain texts for views of texts."""
    fields = (field.with_type(_replaced(field.type, _plain)) for field in schema)
    return pa.schema(list(fields), schema.metadata)


def without_nested_views(schema: pa.Schema) -> pa.Schema:
    """The schema with plain texts inside lists and structs, which Parquet's writer asks for."""
    plain = holdable(schema)
    fields = (
        ours if _plain(ours.type) is not None else theirs
        for ours, theirs in zip(schema, plain, strict=True)
    )
    return pa.schema(list(fields), schema.metadata)


def _column(column: pa.ChunkedArray) -> list[Any]:
    """Values of one column.

    Nanoseconds are finer than Python's own types, and pandas, where it is installed, would change
    what they become: they are text. So are times that Python's types do not reach.
    """
    column = _cast(column, _replaced(column.type, _nanoseconds))
    try:
        return column.to_pylist()
    except (OverflowError, ValueError, pa.ArrowException):
        return [_value(column.slice(row, 1)) for row in range(len(column))]


def _value(one: pa.ChunkedArray) -> Any:
    """The only value of a column, by itself: its neighbours stay what they are."""
    try:
        return one.to_pylist()[0]
    except (OverflowError, ValueError, pa.ArrowException):
        return _cast(one, _replaced(one.type, _times)).to_pylist()[0]


def _cast(column: pa.ChunkedArray, target: pa.DataType) -> pa.ChunkedArray:
    if target == column.type:
        return column
    is_moment = pa.types.is_timestamp(column.type)
    column = column.cast(target)
    # Arrow separates date and time by a blank; ISO 8601 wants a T.
    if not is_moment:
        return column
    options = pc.ReplaceSubstringOptions("^([0-9-]+) ", r"\1T", max_replacements=1)
    return pc.call_function("replace_substring_regex", [column], options)


def _replaced(kind: pa.DataType, table: Any) -> pa.DataType:
    """The type with those inside it replaced that the table names."""
    found = table(kind)
    if found is not None:
        return found
    types = pa.types
    if types.is_struct(kind):
        fields = [kind.field(number) for number in range(kind.num_fields)]
        return pa.struct([field.with_type(_replaced(field.type, table)) for field in fields])
    if types.is_map(kind):
        key, item = kind.key_field, kind.item_field
        return pa.map_(
            key.with_type(_replaced(key.type, table)), item.with_type(_replaced(item.type, table))
        )
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        field = kind.value_field.with_type(_replaced(kind.value_type, table))
        if types.is_list(kind):
            return pa.list_(field)
        if types.is_large_list(kind):
            return pa.large_list(field)
        return pa.list_(field, kind.list_size)
    return kind


def _plain(kind: pa.DataType) -> pa.DataType | None:
    if pa.types.is_string_view(kind):
        return pa.large_string()
    return pa.large_binary() if pa.types.is_binary_view(kind) else None


def _nanoseconds(kind: pa.DataType) -> pa.DataType | None:
    types = pa.types
    is_time = types.is_timestamp(kind) or types.is_time64(kind) or types.is_duration(kind)
    return pa.string() if is_time and kind.unit == "ns" else None


def _times(kind: pa.DataType) -> pa.DataType | None:
    return pa.string() if pa.types.is_temporal(kind) else None
