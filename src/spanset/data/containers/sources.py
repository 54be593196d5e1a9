"""What every input is to the rest: a name, a digest, and rows that can be found again.

One implementation a kind of container: `json_text`, `csv_text`, `arrow_tables`. A scan yields every
row with its place and value; only places are kept, so that a data set far larger than memory can be
read.
"""

from __future__ import annotations

import mmap
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spanset.base.array_types import IntArray
from spanset.base.errors import DataError
from spanset.data.containers.scanning import Buffer, RawRow

if TYPE_CHECKING:
    from typing_extensions import Self

RELEASE = 1 << 26  # scanned bytes of a map after which its pages are given back


@dataclass(frozen=True, kw_only=True, eq=False)
class Source(ABC):
    """One input.

    Attributes
    ----------
    name : str
        As in messages; a row is "name:line".
    sha256 : str
        Digest of the file as it lies; of rows in memory, of what they hold.
    stamp : (int, int) or None
        Size and modification time when it was read; None for what is no regular file.
    path : str or None
        File or folder it was read from.
    """

    name: str
    sha256: str
    stamp: tuple[int, int] | None = None
    path: str | None = None

    @property
    @abstractmethod
    def container(self) -> str:
        """Suffix of the container that holds its rows as they are."""

    @property
    @abstractmethod
    def layout(self) -> object:
        """What else must agree between sources whose rows go into one file as they are."""

    @abstractmethod
    def rows(self) -> Iterator[RawRow]:
        """Every row in order; malformed ones carry their error."""

    @abstractmethod
    def values(self, starts: IntArray, lengths: IntArray) -> Iterator[Any]:
        """Values of the rows at these places, in that order."""

    @abstractmethod
    def only(self, starts: IntArray, lengths: IntArray) -> tuple[Self, IntArray]:
        """The rows at these places, in memory, as a source of their own; their places in it."""

    def check_unchanged(self) -> None:
        """Refuse to go on with a file that was changed since it was read."""
        if self.stamp is None or self.path is None:
            return
        try:
            now = stamp_of(Path(self.path).stat())
        except OSError as error:
            raise cannot_open(Path(self.path), error) from error
        if now != self.stamp:
            raise DataError(
                "the file was changed while it was being used",
                where=self.name,
                fix="run again when nothing writes to it",
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class TextSource(Source, ABC):
    """Rows that are text: each has bytes of its own."""

    content: Buffer

    def raw(self, start: int, length: int) -> bytes:
        """The bytes of a row."""
        return self.content[start : start + length]

    @abstractmethod
    def parsed(self, raw: bytes) -> Any:
        """Value of a row that was read without error before."""

    def values(self, starts: IntArray, lengths: IntArray) -> Iterator[Any]:
        """Values of the rows at these places, in that order."""
        for start, length in zip(starts.tolist(), lengths.tolist(), strict=True):
            yield self.parsed(self.raw(start, length))

    def only(self, starts: IntArray, lengths: IntArray) -> tuple[Self, IntArray]:
        """The rows at these places, in memory, as a source of their own; their places in it."""
        places = zip(starts.tolist(), lengths.tolist(), strict=True)
        content = b"".join(self.raw(start, length) for start, length in places)
        return replace(self, content=content, stamp=None), np.cumsum(lengths) - lengths

    def _released(self, rows: Iterator[RawRow]) -> Iterator[RawRow]:
        """The rows; what lies behind them does not stay in resident memory."""
        if not (isinstance(self.content, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED")):
            yield from rows
            return
        before = 0
        for row in rows:
            yield row
            if row.start - before >= RELEASE:
                end = row.start // mmap.PAGESIZE * mmap.PAGESIZE
                # The map only reads, so that nothing is lost: a page is read again when needed.
                self.content.madvise(mmap.MADV_DONTNEED, before, end - before)
                before = end


def stamp_of(status: os.stat_result) -> tuple[int, int]:
    """Size and modification time."""
    return status.st_size, status.st_mtime_ns


def cannot_open(path: Path, error: OSError) -> DataError:
    """Error for a file that cannot be read, with its cause in words."""
    name = str(path)
    if isinstance(error, FileNotFoundError):
        return DataError("no such file", where=name, fix="check the path and its spelling")
    if isinstance(error, IsADirectoryError):
        return _is_folder(path)
    if isinstance(error, PermissionError):
        return DataError(
            "no permission to read the file",
            where=name,
            fix=f"chmod +r {name}, or run as its owner",
        )
    return DataError(
        "cannot read the file",
        where=name,
        why=error.strerror or str(error),
        fix="check the path, and that the file can be read",
    )


def is_saved_dataset(folder: Path) -> bool:
    """Whether `datasets` saved it: a Dataset or a DatasetDict of ``save_to_disk``."""
    return any((folder / name).is_file() for name in ("dataset_dict.json", "state.json"))


def _is_folder(path: Path) -> DataError:
    fix = f"name the files in it: '{path / '*.jsonl'}'"
    if is_saved_dataset(path):
        fix = f"it was saved by `datasets`: give hf://{path}"
    return DataError("this is a folder", where=str(path), fix=fix)
