"""Where the rows of the factor are kept: in memory, or in a file where memory does not hold them.

Both keep the same numbers in the same order, so that what is computed from them has equal bytes.
Symbols: see rules.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from threading import local
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray
from spanset.base.disk_space import reserve, write_at
from spanset.base.scratch_files import scratch_file, told
from spanset.greedy.factor import ALIGN, Run
from spanset.kernels.kernel import Matrix

CHUNK = 4096  # columns a task: large enough for full BLAS speed, small enough to spread
PANEL = 256  # rows a task, where rows are what is spread
SLAB = 1024  # rows of a chunk that stand together in a file: 16 MiB in float32


class FactorRows(Protocol):
    """Room for the factor C (t, N), read and written a chunk of columns at a time."""

    @property
    def capacity(self) -> int:
        """Rows there is room for."""
        ...

    def grow(self, capacity: int, t: int) -> None:
        """Make room for more rows; the first `t` stay."""
        ...

    def ordered(self, starts: range) -> Iterable[int]:
        """First columns of the chunks, in the order to go through them."""
        ...

    def read(self, start: int, width: int, first: int, last: int, room: int = 0) -> Matrix:
        """Rows `first` to `last` of a chunk of columns, with room for more rows behind.

        Of shape (last - first + room, width); the room is free to write in, the rest is not.
        """
        ...

    def write(self, start: int, first: int, rows: Matrix) -> None:
        """Keep rows (b, width) of a chunk of columns, as rows `first` and on."""
        ...

    def gather(self, columns: IntArray, t: int, run: Run) -> Matrix:
        """The first `t` rows of some columns; (t, len(columns)), a new array."""
        ...

    def squeeze(self, left: IntArray, t: int, run: Run) -> None:
        """Move the columns `left`, ascending, to the front, in place; the others are gone."""
        ...

    def close(self) -> None:
        """Give back what was taken."""
        ...


MakeRows = Callable[[int, int, npt.DTypeLike], FactorRows]  # from capacity, columns and dtype


class RowsInMemory:
    """The factor as one array: N * capacity numbers, touched as they fill."""

    def __init__(self, capacity: int, columns: int, dtype: npt.DTypeLike) -> None:
        self._C = np.empty((capacity, columns), dtype)

    @property
    def capacity(self) -> int:
        """Rows there is room for."""
        return len(self._C)

    def grow(self, capacity: int, t: int) -> None:
        """By a copy."""
        larger = np.empty((capacity, self._C.shape[1]), self._C.dtype)
        larger[:t] = self._C[:t]
        self._C = larger

    def ordered(self, starts: range) -> Iterable[int]:
        """As they stand."""
        return starts

    def read(self, start: int, width: int, first: int, last: int, room: int = 0) -> Matrix:
        """A view."""
        return self._C[first : last + room, start : start + width]

    def write(self, start: int, first: int, rows: Matrix) -> None:
        """See `FactorRows`."""
        self._C[first : first + len(rows), start : start + rows.shape[1]] = rows

    def gather(self, columns: IntArray, t: int, run: Run) -> Matrix:
        """See `FactorRows`."""
        gathered = np.empty((t, len(columns)), self._C.dtype)

        def panel(start: int) -> None:
            stop = min(start + PANEL, t)
            np.take(self._C[start:stop], columns, axis=1, out=gathered[start:stop], mode="clip")

        run(panel, range(0, t, PANEL))
        return gathered

    def squeeze(self, left: IntArray, t: int, run: Run) -> None:
        """In place, since there may be no room for two factors."""

        def panel(start: int) -> None:
            for row in self._C[start : min(start + PANEL, t)]:
                row[: len(left)] = row[left]

        run(panel, range(0, t, PANEL))

    def close(self) -> None:
        """Nothing was taken that does not go by itself."""


class RowsInFile:
    """The factor in a file that has no name: it is gone with the process, however that ends.

    Parameters
    ----------
    folder : Path
        On a disk with room for it: all of it is reserved at once.
    columns : int
        N, padded.

    Raises
    ------
    SpansetError
        The disk has too little room, or there is no such folder.

    Notes
    -----
    Slabs of `SLAB` rows follow one another; in each, chunks of columns stand in order, each of them
    row by row. So a chunk is read in t / `SLAB` pieces, and new rows are written in one or two. A
    block of picks reads the factor once: N t numbers, forwards and backwards by turns, so that what
    the system still holds in memory of the last chunks is not read again.
    """

    def __init__(self, folder: Path, capacity: int, columns: int, dtype: npt.DTypeLike) -> None:
        self._folder, self._columns = folder, columns
        self._dtype: np.dtype[Any] = np.dtype(dtype)
        self._left = columns  # less those that were let go of
        self._slab = max(1, min(SLAB, capacity))
        self._is_backwards = False
        self._scratch = local()
        self._slabs = 0
        size = capacity * columns * self._dtype.itemsize
        self._file = scratch_file(folder, size, "factor")
        try:
            self.grow(capacity, 0)
        except BaseException:
            self.close()
            raise

    @property
    def capacity(self) -> int:
        """Rows there is room for."""
        return self._slabs * self._slab

    def grow(self, capacity: int, t: int) -> None:  # noqa: ARG002
        """By more slabs."""
        slabs = -(-capacity // self._slab)
        size = slabs * self._slab_bytes
        with told(self._folder, size, "factor"):
            reserve(self._file.fileno(), size)
        self._slabs = slabs

    def ordered(self, starts: range) -> Iterable[int]:
        """Forwards and backwards by turns."""
        self._is_backwards = not self._is_backwards
        return starts if self._is_backwards else reversed(starts)

    def read(self, start: int, width: int, first: int, last: int, room: int = 0) -> Matrix:
        """Into this thread's own buffer, which the next call writes over."""
        rows = last - first + room
        buffer = getattr(self._scratch, "buffer", None)
        if buffer is None or buffer.size < rows * width:
            buffer = self._scratch.buffer = np.empty((self.capacity + room) * width, self._dtype)
        found = buffer[: rows * width].reshape(rows, width)
        for slab, own in self._pieces(first, last):
            self._load(found[own], self._place(slab, start, width, own.start + first))
        return found

    def write(self, start: int, first: int, rows: Matrix) -> None:
        """See `FactorRows`."""
        width = rows.shape[1]
        for slab, own in self._pieces(first, first + len(rows)):
            piece = np.ascontiguousarray(rows[own]).data.cast("B")
            place = self._place(slab, start, width, own.start + first)
            write_at(self._file.fileno(), piece, place)

    def gather(self, columns: IntArray, t: int, run: Run) -> Matrix:
        """Reads every chunk that holds one of the columns."""
        gathered = np.empty((t, len(columns)), self._dtype)
        chunks = columns // CHUNK

        def chunk(number: int) -> None:
            own = np.flatnonzero(chunks == number)
            start = number * CHUNK
            width = min(CHUNK, self._left - start)
            for _, rows in self._pieces(0, t):
                piece = self.read(start, width, rows.start, rows.stop)
                gathered[rows, own] = piece[:, columns[own] - start]

        run(chunk, np.unique(chunks).tolist())
        return gathered

    def squeeze(self, left: IntArray, t: int, run: Run) -> None:
        """Chunk by chunk: what moves to a chunk stands in it or in later ones."""
        width = -(-len(left) // ALIGN) * ALIGN
        pieces = [rows for _, rows in self._pieces(0, t)]

        def slab(number: int) -> None:
            rows = pieces[number]
            for start in range(0, width, CHUNK):
                own = left[start : start + CHUNK]
                moved = np.zeros((rows.stop - rows.start, min(CHUNK, width - start)), self._dtype)
                for source in np.unique(own // CHUNK) * CHUNK:
                    there = np.flatnonzero(own // CHUNK * CHUNK == source)
                    wide = min(CHUNK, self._left - source)
                    piece = self.read(int(source), int(wide), rows.start, rows.stop)
                    moved[:, there] = piece[:, own[there] - source]
                self.write(start, rows.start, moved)

        run(slab, range(len(pieces)))
        self._left = width

    def close(self) -> None:
        """The file goes with its last handle."""
        self._file.close()
        self._scratch = local()

    @property
    def _slab_bytes(self) -> int:
        return self._slab * self._columns * self._dtype.itemsize

    def _place(self, slab: int, start: int, width: int, row: int) -> int:
        """Byte where a row of a chunk begins."""
        numbers = self._slab * start + (row - slab * self._slab) * width
        return slab * self._slab_bytes + numbers * self._dtype.itemsize

    def _pieces(self, first: int, last: int) -> Iterator[tuple[int, slice]]:
        """Rows by the slab that they are in, counted from `first`."""
        at = first
        while at < last:
            slab = at // self._slab
            stop = min(last, (slab + 1) * self._slab)
            yield slab, slice(at - first, stop - first)
            at = stop

    def _load(self, piece: npt.NDArray[Any], place: int) -> None:
        view = piece.data.cast("B")
        while len(view):
            count = os.preadv(self._file.fileno(), [view], place)
            view, place = view[count:], place + count
