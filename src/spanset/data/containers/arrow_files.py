"""Parquet files, and Arrow's own files and streams (Feather)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from spanset.base.errors import DataError
from spanset.data.containers.arrow_tables import BATCH, TableSource, held
from spanset.data.containers.content import Content


def parquet_source(content: Content) -> TableSource:
    """Rows of a Parquet file; row groups are decoded one after the other.

    Raises
    ------
    DataError
        A file that is cut off or broken, or without rows.
    """
    with _readable("Parquet", content.name):
        file = pq.ParquetFile(_opened(content))
        schema = file.schema_arrow
    batches = _sound(file.iter_batches(batch_size=BATCH), "Parquet", content.name)
    return TableSource(
        schema=schema, batches=held(batches, schema), suffix=".parquet", **content.about()
    )


def ipc_source(content: Content, *, is_stream: bool) -> TableSource:
    """Rows of an Arrow file or stream, where they lie.

    Raises
    ------
    DataError
        A file that is cut off or broken, or without rows.
    """
    with _readable("Arrow", content.name):
        opened = _opened(content)
        reader = pa.ipc.open_stream(opened) if is_stream else pa.ipc.open_file(opened)
        schema = reader.schema
    stream = (
        reader if is_stream else (reader.get_batch(i) for i in range(reader.num_record_batches))
    )
    batches = _sound(stream, "Arrow", content.name)
    return TableSource(
        schema=schema,
        batches=held(batches, schema, content.bytes),
        suffix=".arrow",
        **content.about(),
    )


def _opened(content: Content) -> pa.BufferReader:
    whole: Any = content.bytes
    return pa.BufferReader(pa.py_buffer(whole))


def _sound(batches: Iterable[pa.RecordBatch], kind: str, name: str) -> Iterator[pa.RecordBatch]:
    """The batches, each checked: what lies in a broken file may point anywhere."""
    stream = iter(batches)
    while True:
        with _readable(kind, name):
            batch = next(stream, None)
            if batch is not None:
                batch.validate(full=True)
        if batch is None:
            return
        yield batch


@contextmanager
def _readable(kind: str, name: str) -> Iterator[None]:
    """Arrow's errors as one of ours."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as error:
        said = str(error).strip().split("\n")[0]
        raise DataError(
            f"broken {kind} file",
            where=name,
            why=said,
            fix="copy or download it again, or write it again from its source",
        ) from error
