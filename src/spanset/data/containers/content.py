"""The bytes of an input: read once, hashed, decompressed; in memory, or mapped where large."""

from __future__ import annotations

import gzip
import hashlib
import io
import mmap
import os
import sys
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from spanset.base.errors import DataError, UsageError
from spanset.data.containers.scanning import Buffer
from spanset.data.containers.sources import cannot_open, stamp_of

IN_MEMORY = 1 << 28  # bytes kept in memory that are not in a file already; beyond, a temporary file
STANDARD_INPUT = "-"
PIECE = 1 << 20

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_ARCHIVES = {  # first bytes, what it is, how to unpack it
    b"PK\x03\x04": ("a zip archive (or a spreadsheet)", "unzip {0}"),
    b"BZh": ("a bzip2 file", "bunzip2 --keep {0}"),
    b"\xfd7zXZ": ("an xz file", "unxz --keep {0}"),
    b"7z\xbc\xaf": ("a 7z archive", "7z x {0}"),
}


@dataclass(frozen=True)
class Content:
    """Bytes of one input, decompressed, with the name, digest and stamp of the file as it lies."""

    name: str
    bytes: Buffer
    sha256: str
    stamp: tuple[int, int] | None = None
    path: str | None = None

    def about(self) -> dict[str, Any]:
        """What a `Source` is told."""
        return {
            "name": self.name,
            "sha256": self.sha256,
            "stamp": self.stamp,
            "path": self.path,
        }


def load(name: str) -> Content:
    """Read a file, or standard input for "-"; what is compressed, decompressed.

    Raises
    ------
    DataError
        No such file, a folder, no permission, a broken compressed file, an archive.
    """
    path = Path(name)
    if name == STANDARD_INPUT:
        content = _standard_input()
    else:
        try:
            with path.open("rb") as file:
                content = _of_file(file, name)
        except OSError as error:
            raise cannot_open(path, error) from error
    try:
        raw = _decompressed(content.bytes, content.name)
    except OSError as error:  # of the temporary file
        raise cannot_open(path, error) from error
    _refuse_archive(raw, content.name, "xzf" if raw is not content.bytes else "xf")
    return Content(content.name, raw, content.sha256, content.stamp, content.path)


def _of_file(file: IO[bytes], name: str) -> Content:
    digest = hashlib.sha256()
    if not file.seekable():  # what cannot be read twice (a pipe) is kept
        return Content(name, _spooled(_hashed(file, digest)), digest.hexdigest(), path=name)
    for _ in _hashed(file, digest):
        pass
    return Content(name, _map(file), digest.hexdigest(), stamp_of(os.fstat(file.fileno())), name)


def _standard_input() -> Content:
    name = "standard input"
    stream = getattr(sys.stdin, "buffer", None)
    if stream is None or sys.stdin.isatty():
        raise UsageError(
            "nothing is given there",
            where=name,
            why="it is a terminal" if stream is not None else "it is closed",
            fix="pipe rows into the command (cat rows.jsonl | spanset ... -), or name a file",
        )
    digest = hashlib.sha256()
    try:
        return Content(name, _spooled(_hashed(stream, digest)), digest.hexdigest())
    except OSError as error:
        raise cannot_open(Path(name), error) from error


def _hashed(file: IO[bytes], digest: Any) -> Iterator[bytes]:
    while piece := file.read(PIECE):
        digest.update(piece)
        yield piece


def _spooled(pieces: Iterator[bytes]) -> Buffer:
    """The pieces as one; in memory, or mapped from a file without a name when large."""
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as spool:
        for piece in pieces:
            spool.write(piece)
        is_large = spool.tell() > IN_MEMORY
        spool.seek(0)
        return _map(spool) if is_large else spool.read()  # a map outlives its file


def _map(file: IO[bytes]) -> Buffer:
    try:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (ValueError, OSError):  # empty, in memory, or on a file system that cannot map
        file.seek(0)
        return file.read()


def _decompressed(raw: Buffer, name: str) -> Buffer:
    head = raw[:4]
    # A frame to skip may stand before the first: parallel compressors write one.
    is_skippable = head[1:] == b"\x2a\x4d\x18" and 0x50 <= head[0] <= 0x5F
    if head[:2] == _GZIP:
        return _spooled(_gunzipped(raw, name))
    if head == _ZSTD or is_skippable:
        return _spooled(_unzstd(raw, name))
    return raw


def _gunzipped(raw: Buffer, name: str) -> Iterator[bytes]:
    try:
        with gzip.open(_Reading(raw)) as stream:
            while piece := stream.read(PIECE):
                yield piece
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _broken("gzip", name, error, "`gzip -t` tests it") from error


def _unzstd(raw: Buffer, name: str) -> Iterator[bytes]:
    import pyarrow as pa

    whole: Any = raw
    with pa.CompressedInputStream(pa.BufferReader(pa.py_buffer(whole)), "zstd") as stream:
        while True:
            try:
                piece = stream.read(PIECE)
            except OSError as error:
                raise _broken("zstd", name, error, "`zstd -t` tests it") from error
            if not piece:
                return
            yield piece


def _broken(kind: str, name: str, error: Exception, test: str) -> DataError:
    return DataError(
        f"broken {kind} file",
        where=name,
        why=str(error),
        fix=f"copy or download it again; {test}",
    )


class _Reading(io.RawIOBase):
    """A file to be read, of bytes at hand."""

    def __init__(self, raw: Buffer) -> None:
        self.raw, self.place = raw, 0

    def readable(self) -> bool:
        """Whether it can be read."""
        return True

    def readinto(self, target: Any, /) -> int:
        """Fill the target as far as there are bytes."""
        piece = self.raw[self.place : self.place + len(target)]
        target[: len(piece)] = piece
        self.place += len(piece)
        return len(piece)


def _refuse_archive(raw: Buffer, name: str, letters: str) -> None:
    """Refuse what holds files and not rows, with the way to unpack it."""
    head = raw[:512]
    found = next((said for magic, said in _ARCHIVES.items() if head.startswith(magic)), None)
    if head[257:262] == b"ustar":
        found = ("a tar archive", f"tar -{letters} {{0}}")
    if found is None:
        return
    kind, command = found
    raise DataError(
        f"this is {kind}",
        where=name,
        why="rows are read from files; of compressed ones, from .gz and .zst",
        fix=f"unpack it ({command.format(Path(name).name)}) and name the files in it",
    )
