"""Rows in memory: mappings, tables of Arrow, pandas and polars, data sets of `datasets`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from spanset.base.errors import DataError, UsageError
from spanset.data.containers.json_text import encoded, memory_source
from spanset.data.containers.sources import Source

if TYPE_CHECKING:
    import pyarrow as pa

NAME = "<memory>"


def mappings_source(rows: Iterable[Mapping[str, Any]]) -> Source:
    """Mappings as JSON Lines."""
    lines = (encoded(row, f"row {number}") + b"\n" for number, row in enumerate(rows))
    return memory_source(b"".join(lines))


def is_table(data: object) -> bool:
    """Whether it is something with rows of its own, that is no sequence of rows or paths."""
    known = ("datasets", "pandas", "polars")
    return hasattr(data, "__arrow_c_stream__") or _library(data) in known


def table_source(data: Any) -> Source:
    """Rows of anything that is a table.

    Raises
    ------
    UsageError
        No table of one set of rows, such as a DatasetDict.
    DataError
        Values that Arrow has no type for.
    """
    if _library(data) == "datasets":
        return dataset_source(data, NAME)
    if not hasattr(data, "__arrow_c_stream__"):
        advice = {
            "polars": "collect it: spanset.read(frame.collect())",
            "pandas": "give a DataFrame of pandas 2.2 or later, or pyarrow.Table.from_pandas(...)",
        }
        raise UsageError(
            f"a {type(data).__name__} cannot be read",
            where="data",
            fix=advice.get(_library(data), "give a table"),
        )
    return _source(_without_index(_arrow(data), data), NAME)


def dataset_source(data: Any, name: str, path: str | None = None) -> Source:
    """Rows of a `datasets.Dataset`; of one that was chosen from another, those that were chosen.

    Raises
    ------
    UsageError
        A DatasetDict, or a data set that is streamed.
    """
    import datasets

    if isinstance(data, (datasets.DatasetDict, datasets.IterableDatasetDict)):
        raise UsageError(
            "this holds several data sets",
            where=name if name != NAME else "data",
            why=f"splits: {', '.join(map(str, data))}",
            fix=f"give one of them: data[{next(iter(data), 'train')!r}]",
        )
    if not isinstance(data, datasets.Dataset):
        raise UsageError(
            f"a {type(data).__name__} cannot be read: its rows pass by only once",
            where=name if name != NAME else "data",
            fix="load it without streaming=True, or give datasets.Dataset.from_generator(...)",
        )
    import pyarrow as pa

    metadata = data.features.arrow_schema.metadata
    if data._indices is None:
        return _source(data.data.table.replace_schema_metadata(metadata), name, path)
    # Chosen or shuffled rows are an index over the table: only `datasets` reads it.
    tables = data.with_format("arrow").iter(batch_size=10_000)
    batches = (batch for table in tables for batch in _batches(table))
    return _source(batches, name, path, pa.schema(list(data.data.table.schema), metadata))


def _batches(table: Any) -> list[pa.RecordBatch]:
    return table.combine_chunks().to_batches()


def _source(
    rows: Any, name: str, path: str | None = None, schema: pa.Schema | None = None
) -> Source:
    """Rows of a table as they lie, or of batches that come one by one."""
    import pyarrow as pa

    from spanset.data.containers.arrow_tables import TableSource, digest_of, held
    from spanset.data.containers.arrow_values import holdable

    if schema is None:
        batches, schema = tuple(rows.to_batches()), rows.schema
        kept = held(batches, schema, everywhere=True)
    else:
        kept = held(rows, schema)
        rows = pa.Table.from_batches(kept, holdable(schema))
    return TableSource(
        name=name, sha256=digest_of(rows), path=path, schema=schema, batches=kept, suffix=".parquet"
    )


def _arrow(data: Any) -> pa.Table:
    import pyarrow as pa

    try:
        return pa.table(data)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise DataError(
            "the table cannot be read as Arrow",
            where=f"{type(data).__name__}",
            why=str(error).strip().split("\n")[0],
            fix="give every column values of one type that Arrow has",
        ) from error


def _without_index(table: pa.Table, data: Any) -> pa.Table:
    """Without the nameless row labels of a pandas frame: no field of the rows."""
    labels = [name for name in table.column_names if name.startswith("__index_level_")]
    if _library(data) != "pandas" or not labels:
        return table
    metadata = {k: v for k, v in (table.schema.metadata or {}).items() if k != b"pandas"}
    return table.drop_columns(labels).replace_schema_metadata(metadata)


def _library(data: object) -> str:
    """Name of the package that made it, if that is loaded."""
    name = type(data).__module__.partition(".")[0]
    return name if name in sys.modules else ""
