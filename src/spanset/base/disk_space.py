"""Room on a disk, taken before it is needed, and bytes put at their place."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from platformdirs import user_cache_path

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # errors of a disk, or a share of it, that is full


def scratch_folder(named: str | None) -> Path:
    """Folder for what memory does not hold: as named, or in the user's cache folder."""
    return user_cache_path("spanset") / "scratch" if named is None else Path(named)


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


def write_at(handle: int, data: memoryview, place: int) -> None:
    """Write all of some bytes at a place of an open file, however many calls it takes."""
    while len(data):
        written = os.pwrite(handle, data, place)
        data, place = data[written:], place + written
