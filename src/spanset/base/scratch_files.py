"""What memory does not hold, in files without a name, which go with the process that made them.

`scratch_file` is one; a `ScratchRows` is a matrix that is filled once and then read, in memory
where that holds it, else in such a file. Matrices are made deep inside, by whoever reads features:
where their files are is said once for a stage, by `scratch_in`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from spanset.base import memory
from spanset.base.array_types import IntArray
from spanset.base.disk_space import FULL, reserve, scratch_folder, write_rows
from spanset.base.errors import SpansetError
from spanset.base.unit_rows import STEP

SHARE = 0.5  # of memory, that a matrix may take: what comes after it needs some, too

_folder: ContextVar[Path | None] = ContextVar("folder of matrices", default=None)


@contextmanager
def scratch_in(folder: Path) -> Iterator[None]:
    """Files of matrices are in this folder for a while, not in the user's cache folder."""
    before = _folder.set(folder)
    try:
        yield
    finally:
        _folder.reset(before)


def scratch_file(folder: Path, size: int, what: str) -> BinaryIO:
    """A file without a name, in a folder that is made if need be.

    Parameters
    ----------
    size : int
        Bytes that it will take, for messages.
    what : str
        That it is for.

    Raises
    ------
    SpansetError
        There can be none.
    """
    with told(folder, size, what):
        folder.mkdir(parents=True, exist_ok=True)
        made: Any = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115
        return made


@contextmanager
def told(folder: Path, size: int, what: str) -> Iterator[None]:
    """An error of the system about such a file, in words."""
    try:
        yield
    except OSError as error:
        is_full = error.errno in FULL
        raise SpansetError(
            f"no file of {size / 2**30:.1f} GiB can be made for the {what}",
            where=str(folder),
            why=error.strerror or str(error),
            fix=("free some space, or " if is_full else "")
            + "name a folder on a disk that has it: --scratch DIR, where the command has it, or "
            "XDG_CACHE_HOME",
        ) from error


def is_mapped(size: int, available: int) -> bool:
    """Whether a `ScratchRows` of so many bytes is in a file, with so many available in memory."""
    return size > SHARE * available


class ScratchRows:
    """A matrix (N, d) that is filled once: in memory, or in a file and mapped.

    Parameters
    ----------
    shape : (int, int)
        N and d.

    Raises
    ------
    SpansetError
        Neither memory nor the disk holds it.
    """

    def __init__(self, shape: tuple[int, int], dtype: npt.DTypeLike) -> None:
        self._shape, self._dtype = shape, np.dtype(dtype)
        size = shape[0] * shape[1] * self._dtype.itemsize
        self._file: BinaryIO | None = None
        self._array: npt.NDArray[Any] | None = None
        if not is_mapped(size, memory.available_bytes()):
            self._array = np.empty(shape, self._dtype)
            return
        folder = _folder.get() or scratch_folder(None)
        self._file = scratch_file(folder, size, "features")
        try:
            with told(folder, size, "features"):
                reserve(self._file.fileno(), size)
        except BaseException:
            self._file.close()
            raise

    def put(self, rows: IntArray, values: npt.NDArray[Any]) -> None:
        """Fill some rows."""
        if self._array is not None:
            self._array[rows] = values
            return
        assert self._file is not None  # noqa: S101 (one of the two)
        write_rows(self._file.fileno(), 0, rows, values.astype(self._dtype, copy=False))

    def done(self) -> npt.NDArray[Any]:
        """The matrix, to be read; a map outlives its file."""
        if self._file is None:
            assert self._array is not None  # noqa: S101 (one of the two)
            return self._array
        with self._file as file:
            mapped: Any = np.memmap(file, self._dtype, "r", shape=self._shape)
        return mapped


def taken(X: npt.NDArray[Any], rows: IntArray) -> npt.NDArray[Any]:
    """Some rows of a matrix, where memory holds them or in a file of their own."""
    if not isinstance(X, np.memmap):
        return X[rows]
    made = ScratchRows((len(rows), X.shape[1]), X.dtype)
    for start in range(0, len(rows), STEP):
        own = np.arange(start, min(start + STEP, len(rows)))
        made.put(own, X[rows[own]])
    return made.done()
