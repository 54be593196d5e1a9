"""Rows into tables: Parquet, and Arrow's file format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from spanset.base.errors import DataError
from spanset.data.containers.arrow_tables import BATCH, Passing
from spanset.data.containers.arrow_values import without_nested_views
from spanset.data.writing.arrow_rows import as_arrow, gathered, shared_schema
from spanset.data.writing.written import Convert

if TYPE_CHECKING:
    from spanset.data.rows import Rows


def write_table(data: Rows, file: IO[bytes], container: str, convert: Convert | None) -> None:
    """Rows of tables with their schema and metadata, a block at a time; others as one table."""
    schema = shared_schema(data)
    is_parquet = container == ".parquet"
    has_dictionary = schema is not None and any(map(pa.types.is_dictionary, schema.types))
    if schema is not None and convert is None and (is_parquet or not has_dictionary):
        blocks = gathered(data, schema)
    else:
        table = as_arrow(data, convert)
        if has_dictionary:  # Arrow's file format allows one dictionary a column
            table = table.unify_dictionaries()
        schema, blocks = table.schema, _blocks(table)
    if is_parquet:
        schema = without_nested_views(schema)
    sink = pa.PythonFile(Passing(file.write), mode="w")
    try:
        writer: Any = (
            pq.ParquetWriter(sink, schema) if is_parquet else pa.ipc.new_file(sink, schema)
        )
        with writer:
            for block in blocks:
                writer.write_table(block if block.schema == schema else block.cast(schema))
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:
        raise DataError(
            f"the rows cannot be written as {container}",
            where=", ".join(source.name for source in data.sources),
            why=str(error).strip().split("\n")[0],
            fix="write .arrow, which takes every column" if is_parquet else "write .parquet",
        ) from error


def _blocks(table: pa.Table) -> Iterator[pa.Table]:
    for begin in range(0, table.num_rows, BATCH):
        yield table.slice(begin, BATCH)
