"""Rows in every container, made by other libraries than ours, and read back by them."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


def zstd(content: bytes) -> bytes:
    """One frame of zstd, written as a stream: its length is not in its header."""
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return sink.getvalue().to_pybytes()


def unzstd(content: bytes) -> bytes:
    with pa.CompressedInputStream(pa.BufferReader(content), "zstd") as stream:
        return stream.read()


PACKERS = {"": bytes, ".gz": gzip.compress, ".zst": zstd}


def csv_text(
    rows: Iterable[Sequence[str]], *, delimiter: str = ",", ending: str = "\n", quote: int = 0
) -> str:
    text = io.StringIO()
    # The module quotes what its line ending holds, so CRLF is asked for and replaced.
    for row in rows:
        line = io.StringIO()
        csv.writer(line, delimiter=delimiter, quoting=quote).writerow(row)
        text.write(line.getvalue().removesuffix("\r\n") + ending)
    return text.getvalue()


def parquet(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def arrow_file(table: pa.Table, *, size: int | None = None, codec: str | None = None) -> bytes:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=codec)
    with pa.ipc.new_file(sink, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=size)
    return sink.getvalue().to_pybytes()


def arrow_stream(table: pa.Table, *, size: int | None = None, codec: str | None = None) -> bytes:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=codec)
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=size)
    return sink.getvalue().to_pybytes()
