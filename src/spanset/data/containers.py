"""Files as raw rows: JSON arrays and JSON Lines, plain or gzipped, each row a byte range.

What a file is, its content says, not its name. A scan yields every row with its place and parsed
value; only the byte ranges are kept, so that a data set far larger than memory can be read, and a
row can be written back byte for byte.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import mmap
import os
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from spanset.data.scanning import BLANK, BOM, Buffer, RawRow, scan_array, scan_lines
from spanset.errors import DataError

IN_MEMORY = 1 << 28  # decompressed bytes kept in memory; beyond it, a temporary file


@dataclass(frozen=True)
class Source:
    """One input: its name, content, kind ("json" or "jsonl"), and digest of the file as it lies.

    `stamp` is size and modification time when it was read; None for rows held in memory.
    """

    name: str
    content: Buffer
    kind: str
    sha256: str
    stamp: tuple[int, int] | None = None

    def rows(self) -> Iterator[RawRow]:
        """Every row in order; malformed ones carry their error."""
        scan = scan_lines if self.kind == "jsonl" else scan_array
        return scan(self.content, self.name)

    def check_unchanged(self) -> None:
        """Refuse to go on with a file that was changed since it was read."""
        if self.stamp is None:
            return
        try:
            now = _stamp(Path(self.name).stat())
        except OSError as error:
            raise cannot_open(Path(self.name), error) from error
        if now != self.stamp:
            raise DataError(
                "the file was changed while it was being used",
                where=self.name,
                fix="run again when nothing writes to it",
            )


def open_source(path: Path) -> Source:
    """Open a file; decompress it if it is gzipped; tell JSON Lines from a JSON array.

    Raises
    ------
    DataError
        No such file, a folder, no permission, empty, broken gzip, not JSON.
    """
    name = str(path)
    try:
        with path.open("rb") as opened:
            # What cannot be read twice (a pipe) is taken into memory.
            seekable = opened.seekable()
            file = opened if seekable else io.BytesIO(opened.read())
            stamp = _stamp(os.fstat(opened.fileno())) if seekable else None
            digest = hashlib.sha256()
            while piece := file.read(1 << 20):
                digest.update(piece)
            file.seek(0)
            magic = file.read(2)
            file.seek(0)
            content = _gunzip(file, name) if magic == b"\x1f\x8b" else _map(file)
    except OSError as error:
        raise cannot_open(path, error) from error
    return Source(name, content, _kind(content, name), digest.hexdigest(), stamp)


def memory_source(content: bytes, name: str = "<memory>") -> Source:
    """JSON Lines held in memory."""
    return Source(name, content, "jsonl", hashlib.sha256(content).hexdigest())


def _map(file: IO[bytes]) -> Buffer:
    try:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (ValueError, OSError):  # empty, in memory, or on a file system that cannot map
        return file.read()


def _gunzip(file: IO[bytes], name: str) -> Buffer:
    """Decompressed bytes, in memory or in a temporary file when large."""
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as spool:
        try:
            with gzip.open(file) as stream:
                shutil.copyfileobj(stream, spool, 1 << 20)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DataError(
                "broken gzip file",
                where=name,
                why=str(error),
                fix="copy or download it again; `gzip -t` tests it",
            ) from error
        is_large = spool.tell() > IN_MEMORY
        spool.seek(0)
        return _map(spool) if is_large else spool.read()  # a map outlives its file


def _kind(content: Buffer, name: str) -> str:
    """Tell JSON Lines from a JSON array by the first characters."""
    head = content[: 1 << 16]
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise DataError(
            "UTF-16 text", where=name, fix="convert it: iconv -f UTF-16 -t UTF-8 IN > OUT"
        )
    start = head.removeprefix(BOM).lstrip(BLANK)
    place = len(head)
    while not start and place < len(content):
        start = content[place : place + (1 << 16)].lstrip(BLANK)
        place += 1 << 16
    if not start:
        raise DataError(
            "the file is empty" if not len(content) else "the file holds nothing but blanks",
            where=name,
            fix="give a file with at least one row",
        )
    if start[:1] == b"[":
        return "json"
    if start[:1] == b"{":
        return "jsonl"
    raise DataError(
        "neither JSON Lines nor a JSON array",
        where=f"{name}:1",
        why=f"it starts with {start[:20]!r}",
        fix="give a file with one JSON object a line, or an array of objects (plain or .gz)",
    )


def _stamp(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns


def cannot_open(path: Path, error: OSError) -> DataError:
    """Error for a file that cannot be read, with its cause in words."""
    name = str(path)
    if isinstance(error, FileNotFoundError):
        return DataError("no such file", where=name, fix="check the path and its spelling")
    if isinstance(error, IsADirectoryError):
        return DataError(
            "this is a folder", where=name, fix=f"name the files in it: '{path / '*.jsonl'}'"
        )
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
