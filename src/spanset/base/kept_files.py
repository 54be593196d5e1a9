"""Files kept for the next call: written whole or not at all, read back or not there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tokenize import TokenError
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

# What numpy raises at a file that is no array, or a damaged one, beside OSError.
DAMAGED = (ValueError, EOFError, OverflowError, MemoryError, SyntaxError, TokenError)


def kept_array(path: Path) -> npt.NDArray[Any] | None:
    """The array in a file; none where it is not there or damaged. Objects are refused."""
    try:
        with path.open("rb") as file:  # numpy leaves it open where it meets a damaged archive
            return np.lib.format.read_array(file, allow_pickle=False)
    except (*DAMAGED, OSError):
        return None


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write, in its place when the block ends well; else nothing is there, or left."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".partial", delete=False) as file:
        try:
            yield file  # pyright: ignore[reportReturnType] (it has all that a binary file has)
            file.flush()
            os.replace(file.name, path)  # noqa: PTH105
        except BaseException:
            Path(file.name).unlink()
            raise


def keep_array(path: Path, array: npt.NDArray[Any]) -> str:
    """Write the file whole or not at all; what went wrong: the next call computes again then."""
    try:
        with whole_file(path) as file:
            np.save(file, array)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def remove_files(paths: Iterable[Path]) -> int:
    """Remove files; the bytes that were freed."""
    freed = 0
    for path in paths:
        with suppress(FileNotFoundError):  # another process was faster
            size = path.stat().st_size
            path.unlink()
            freed += size
    return freed
