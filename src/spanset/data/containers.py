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
import json
import mmap
import os
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple, Protocol

from spanset.errors import DataError

BOM = codecs.BOM_UTF8
BLANK = b" \t\r\n"
WINDOW = 1 << 22  # bytes of a JSON array decoded at once
IN_MEMORY = 1 << 28  # decompressed bytes kept in memory; beyond it, a temporary file


class RawRow(NamedTuple):
    """A row as found: place in the (decompressed) bytes, line from 1, and value or error."""

    start: int
    length: int
    line: int
    value: Any
    error: str


class Buffer(Protocol):
    """Random access to bytes: a bytes object or a memory map."""

    def __len__(self) -> int: ...

    def __getitem__(self, key: slice, /) -> bytes: ...

    def find(self, sub: bytes, start: int, /) -> int:
        """First place of `sub` from `start`, or -1."""
        ...


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
        if self.stamp is not None and _stamp(Path(self.name).stat()) != self.stamp:
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
        raise _cannot_open(path, error) from error
    return Source(name, content, _kind(content, name), digest.hexdigest(), stamp)


def memory_source(content: bytes, name: str = "<memory>") -> Source:
    """JSON Lines held in memory."""
    return Source(name, content, "jsonl", hashlib.sha256(content).hexdigest())


def scan_lines(content: Buffer, name: str) -> Iterator[RawRow]:
    """Rows of JSON Lines: one value a line, ended by LF or CRLF; blank lines are no rows."""
    del name
    size = len(content)
    position = len(BOM) if content[: len(BOM)] == BOM else 0
    line = 0
    while position < size:
        end = content.find(b"\n", position)
        end = size if end < 0 else end
        line += 1
        raw = content[position:end]
        text = raw.strip(BLANK)
        if text:
            start = position + raw.index(text[:1])
            value, error = parse(text)
            yield RawRow(start, len(text), line, value, error)
        position = end + 1


def parse(raw: bytes) -> tuple[Any, str]:
    """Value of one JSON text, or what is wrong with it."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return None, f"not UTF-8: byte 0x{raw[error.start]:02x} at column {error.start + 1}"
    try:
        value, end = _decode(text, 0)
    except json.JSONDecodeError as error:
        return None, f"invalid JSON: {error.msg} at column {error.pos + 1}"
    except RecursionError:
        return None, "nested too deeply"
    if end < len(text):
        return None, f"invalid JSON: more text after the value at column {end + 1}"
    return value, ""


def _decode(text: str, start: int) -> tuple[Any, int]:
    """One JSON value at `start` and where it ends."""
    try:
        value, end = _DECODER.raw_decode(text, start)
    except json.JSONDecodeError:
        raise
    except ValueError:  # an integer of more digits than Python converts: keep its digits as text
        value, end = _LENIENT.raw_decode(text, start)
    return value, end


_DECODER = json.JSONDecoder()
_LENIENT = json.JSONDecoder(parse_int=lambda digits: int(digits) if len(digits) < 4000 else digits)


class _Window:
    """A sliding window of decoded text over the bytes of a JSON array."""

    def __init__(self, content: Buffer, name: str) -> None:
        self.content, self.name = content, name
        self.text = ""
        self.at = 0  # in text
        self.line = 1
        self.byte = len(BOM) if content[: len(BOM)] == BOM else 0  # of text[at]
        self._next = self.byte
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    @property
    def complete(self) -> bool:
        """Nothing is left to decode."""
        return self._next >= len(self.content)

    def fill(self) -> None:
        """Drop what was consumed, decode more: as much again as is pending, so that growth pays."""
        pending = len(self.text) - self.at
        raw = self.content[self._next : self._next + max(WINDOW, pending)]
        self._next += len(raw)
        try:
            decoded = self._decoder.decode(raw, final=self.complete)
        except UnicodeDecodeError as error:
            before = self.content[: self._next - len(raw)]
            line = before.count(b"\n") + error.object[: error.start].count(b"\n") + 1
            raise DataError(
                f"not UTF-8: byte 0x{error.object[error.start]:02x}",
                where=f"{self.name}:{line}",
                fix="convert the file to UTF-8, for example with iconv",
            ) from None
        self.text = self.text[self.at :] + decoded
        self.at = 0

    def advance(self, end: int) -> None:
        """Consume text up to `end`, keeping count of bytes and lines."""
        consumed = self.text[self.at : end]
        self.byte += len(consumed) if consumed.isascii() else len(consumed.encode())
        self.line += consumed.count("\n")
        self.at = end

    def peek(self) -> str:
        """Next character that is not blank, or "" at the end."""
        while True:
            at = self.at
            while at < len(self.text) and self.text[at] in " \t\r\n":
                at += 1
            self.advance(at)
            if at < len(self.text):
                return self.text[at]
            if self.complete:
                return ""
            self.fill()

    def value(self) -> tuple[Any, int]:
        """JSON value here and its length in characters, decoding more as needed."""
        while True:
            try:
                value, end = _decode(self.text, self.at)
                if end < len(self.text) or self.complete:
                    return value, end - self.at
            except json.JSONDecodeError as error:
                # Near the window's end the value may only be cut off; a string may start anywhere.
                cut = error.pos > len(self.text) - 16 or error.msg.startswith("Unterminated")
                if self.complete or not cut:
                    line = self.line + self.text.count("\n", self.at, error.pos)
                    raise self.error(f"invalid JSON: {error.msg}", line) from None
            except RecursionError:
                raise self.error("a row is nested too deeply", self.line) from None
            self.fill()

    def error(self, what: str, line: int) -> DataError:
        """Error about the array itself, after which no row can be found."""
        return DataError(
            what,
            where=f"{self.name}:{line}",
            fix="mend that line; in a JSON array, unlike JSON Lines, the rows after it cannot be "
            "found, so it cannot be skipped",
        )


def scan_array(content: Buffer, name: str) -> Iterator[RawRow]:
    """Rows of a JSON array."""
    window = _Window(content, name)
    window.peek()
    window.advance(window.at + 1)  # the opening bracket
    if window.peek() == "]":
        window.advance(window.at + 1)
    else:
        while True:
            if window.peek() == "]":
                raise window.error("invalid JSON: a comma before the closing bracket", window.line)
            value, length = window.value()
            start, line = window.byte, window.line
            window.advance(window.at + length)
            yield RawRow(start, window.byte - start, line, value, "")
            mark = window.peek()
            if mark not in (",", "]"):
                what = f"invalid JSON: expected a comma between rows, found {mark!r}"
                if not mark:
                    what = "the array is not closed (is the file cut off?)"
                raise window.error(what, window.line)
            window.advance(window.at + 1)
            if mark == "]":
                break
    if window.peek():
        raise window.error("more text after the end of the array", window.line)


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


def _cannot_open(path: Path, error: OSError) -> DataError:
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
    return DataError("cannot read the file", where=name, why=error.strerror or str(error))
