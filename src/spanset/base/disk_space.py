"""Room on a disk, taken before it is needed, and bytes put at their place."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from platformdirs import user_cache_path

from spanset.base.array_types import IntArray

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # errors of a disk, or a share of it, that is full


def scratch_folder(named: str | None) -> Path:
    """Folder for what memory does not hold: as named, or in the user's cache folder."""
    return user_cache_path("spanset") / "scratch" if named is None else Path(named)


def free_bytes(folder: Path) -> int:
    """Room on the disk of a folder that may have yet to be made."""
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(there).free


def reserve(handle: int, size: int) -> None:
    """Take `size` bytes on disk for an open file, so that writing to it cannot fill the disk.

    Raises
    ------
    OSError
        There is no such room.
    """
    if not hasattr(os, "posix_fallocate"):
        return
    try:
        os.posix_fallocate(handle, 0, size)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
            raise


def write_rows(handle: int, offset: int, rows: IntArray, values: npt.NDArray[Any]) -> None:
    """Write rows of a matrix (b, ...) at their numbers in a file, from a place of it on.

    Rows that follow each other go in one write.
    """
    if not len(rows):
        return
    size = values.nbytes // len(rows)
    ends = np.flatnonzero(np.diff(rows) != 1) + 1
    for start, stop in zip([0, *ends], [*ends, len(rows)], strict=True):
        write_at(handle, memoryview(values[start:stop].tobytes()), offset + int(rows[start]) * size)


def write_at(handle: int, data: memoryview, place: int) -> None:
    """Write all of some bytes at a place of an open file, however many calls it takes."""
    while len(data):
        written = os.pwrite(handle, data, place)
        data, place = data[written:], place + written
