"""Arrow tables: rows by number, converted to Python values a chunk at a time."""

from __future__ import annotations

import hashlib
import io
import mmap
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from spanset.base.array_types import IntArray
from spanset.base.errors import DataError
from spanset.data.containers import content
from spanset.data.containers.arrow_values import holdable, values_of
from spanset.data.containers.scanning import Buffer, RawRow
from spanset.data.containers.sources import Source

if TYPE_CHECKING:
    from typing_extensions import Self

CHUNK = 1000  # rows converted at once
BATCH = 10_000  # rows gathered at once


@dataclass(frozen=True, kw_only=True, eq=False)
class TableSource(Source):
    """Rows of a table; a row's place is its number, its length an estimate in bytes.

    Attributes
    ----------
    schema : pyarrow.Schema
        As the table came, with its metadata.
    batches : tuple of pyarrow.RecordBatch
        The rows: mapped, or in memory. A column whose type cannot be gathered from (text views)
        is held in a type that can.
    suffix : str
        Suffix of the container that they came in.
    """

    schema: pa.Schema
    batches: tuple[pa.RecordBatch, ...]
    suffix: str

    def __post_init__(self) -> None:
        names = self.schema.names
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise DataError(
                f"{names.count(twice)} columns are named {twice!r}",
                where=self.name,
                fix="rename them: a row has every field once",
            )
        if not len(self):
            raise DataError(
                "the table has no rows", where=self.name, fix="give one with at least one row"
            )

    def __len__(self) -> int:
        return sum(batch.num_rows for batch in self.batches)

    @property
    def container(self) -> str:
        """Suffix of the container that holds its rows as they are."""
        return self.suffix

    @property
    def layout(self) -> object:
        """Names and types of the columns; metadata may differ."""
        return self.schema.remove_metadata()

    def rows(self) -> Iterator[RawRow]:
        """Every row in order; the line is the row's number from 1."""
        number = 0
        for batch in self.batches:
            length = max(1, batch.nbytes // max(1, batch.num_rows))
            for start in range(0, batch.num_rows, CHUNK):
                piece = pa.Table.from_batches([batch.slice(start, CHUNK)])
                for value in values_of(piece):
                    yield RawRow(number, length, number + 1, value, "")
                    number += 1

    def values(self, starts: IntArray, lengths: IntArray) -> Iterator[Any]:
        """Values of the rows of these numbers, in that order."""
        del lengths
        for place in range(0, len(starts), CHUNK):
            yield from values_of(self.gathered(starts[place : place + CHUNK]))

    def take(self, rows: IntArray) -> pa.Table:
        """The rows of these numbers, in that order, as the table came; copies just these."""
        return as_it_came(self.gathered(rows), self.schema)

    def only(self, starts: IntArray, lengths: IntArray) -> tuple[Self, IntArray]:
        """The rows of these numbers, in memory, as a source of their own; their numbers in it."""
        del lengths
        rows = self.gathered(starts)
        copied = io.BytesIO()  # rows that follow each other are a view of all that they lie in
        with pa.ipc.new_stream(copied, rows.schema) as writer:
            writer.write_table(rows)
        batches = tuple(pa.ipc.open_stream(copied.getvalue()))
        return replace(self, batches=batches, stamp=None), np.arange(len(starts))

    @cached_property
    def _ends(self) -> IntArray:
        return np.cumsum([batch.num_rows for batch in self.batches])

    def gathered(self, rows: IntArray) -> pa.Table:
        """The rows of these numbers, in that order, in the types that they are held in.

        Batch by batch: a take from a chunked column would first join all of its chunks.
        """
        order = np.argsort(rows, kind="stable")
        ascending = rows[order]
        which = np.searchsorted(self._ends, ascending, side="right")
        pieces = []
        for number in np.unique(which).tolist():
            batch = self.batches[number]
            begin = int(self._ends[number]) - batch.num_rows
            pieces.append(_taken(batch, ascending[which == number] - begin))
        if not pieces:
            return pa.Table.from_batches([], self.batches[0].schema)
        return put_back(pa.Table.from_batches(pieces), order)


def put_back(rows: pa.Table, order: IntArray) -> pa.Table:
    """Rows that were brought into `order`, as they stood before."""
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return pa.Table.from_batches([_taken(_joined(rows.to_batches()), back)])


def as_it_came(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Rows in the types that they are held in, in those of their table."""
    rows = rows if rows.schema.types == schema.types else rows.cast(schema)
    return rows.replace_schema_metadata(schema.metadata)


def _taken(batch: pa.RecordBatch, rows: IntArray) -> pa.RecordBatch:
    if len(rows) and np.array_equal(rows, np.arange(rows[0], rows[0] + len(rows))):
        return batch.slice(int(rows[0]), len(rows))
    try:
        return batch.take(pa.array(rows))
    except pa.ArrowNotImplementedError:  # a type without that function: row by row
        return _joined([batch.slice(row, 1) for row in rows.tolist()])


def _joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    (batch,) = pa.Table.from_batches(batches).combine_chunks().to_batches()
    return batch


def held(
    batches: Iterable[pa.RecordBatch],
    schema: pa.Schema,
    mapped: Buffer | None = None,
    *,
    everywhere: bool = False,
) -> tuple[pa.RecordBatch, ...]:
    """The batches, in memory; where they are large, in a file without a name that is mapped.

    Parameters
    ----------
    batches : iterable of pyarrow.RecordBatch
        Taken one at a time.
    schema : pyarrow.Schema
        Of the batches.
    mapped : Buffer, optional
        What the batches may lie in already: those that do take no memory.
    everywhere : bool
        Whether all of them lie somewhere already: only what must be copied takes memory.
    """
    as_given, schema = schema, holdable(schema)
    place = _span(mapped)
    kept: list[pa.RecordBatch] = []
    size = 0
    stream = iter(batches)
    for batch in stream:
        if not batch.num_rows:
            continue
        kept.append(_holdable_batch(batch, schema))
        is_there = everywhere and as_given.types == schema.types
        size += 0 if is_there or _lies_in(kept[-1], place) else kept[-1].nbytes
        if size > content.IN_MEMORY:
            return _spilled(kept, stream, schema)
    return tuple(kept)


def _spilled(
    kept: list[pa.RecordBatch], more: Iterator[pa.RecordBatch], schema: pa.Schema
) -> tuple[pa.RecordBatch, ...]:
    with tempfile.TemporaryFile() as file:
        # A stream, not a file: that one allows no dictionary to change between batches.
        with pa.ipc.new_stream(pa.PythonFile(Passing(file.write), mode="w"), schema) as writer:
            while kept:
                writer.write_batch(kept.pop(0))
            for batch in more:
                writer.write_batch(_holdable_batch(batch, schema))
        file.flush()
        pa.default_memory_pool().release_unused()  # what was decoded is in the file now
        mapping: Any = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)  # outlives its file
    reader = pa.ipc.open_stream(pa.BufferReader(pa.py_buffer(mapping)))
    return tuple(batch for batch in reader if batch.num_rows)


class Passing(io.RawIOBase):
    """A file for Arrow to write to: passes bytes on, and closes nothing when Arrow closes it."""

    def __init__(self, take: Callable[[Any], object]) -> None:
        self.take = take

    def writable(self) -> bool:
        """Whether it can be written to."""
        return True

    def write(self, piece: Any, /) -> int:
        """Pass the bytes on."""
        self.take(piece)
        return len(piece)


def _holdable_batch(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    if batch.schema.types == schema.types:
        return batch
    return _joined(pa.Table.from_batches([batch]).cast(schema).to_batches())


def _span(mapped: Any) -> range:
    if mapped is None:
        return range(0)
    buffer = pa.py_buffer(mapped)
    return range(buffer.address, buffer.address + buffer.size)


def _lies_in(batch: pa.RecordBatch, place: range) -> bool:
    buffers = (buffer for column in batch.columns for buffer in column.buffers())
    return all(buffer.address in place for buffer in buffers if buffer is not None and buffer.size)


def digest_of(table: pa.Table) -> str:
    """SHA-256 of a table's schema and values, however it is chunked.

    Of the Arrow stream of its rows in copies of `BATCH` rows each. The copies settle what does not
    belong to the values: offsets, unused bits, what lies under a null. A column whose type cannot
    be gathered from is digested as it lies.
    """
    digest = hashlib.sha256()
    with pa.ipc.new_stream(pa.PythonFile(Passing(digest.update), mode="w"), table.schema) as writer:
        for start in range(0, table.num_rows, BATCH):
            (batch,) = table.slice(start, BATCH).combine_chunks().to_batches()
            rows = pa.array(np.arange(batch.num_rows))
            with suppress(pa.ArrowNotImplementedError):
                batch = batch.take(rows)
            writer.write_batch(batch)
    return digest.hexdigest()
