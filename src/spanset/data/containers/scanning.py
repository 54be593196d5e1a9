"""Rows of JSON Lines and of JSON arrays, each with its byte range, line and value.

Nothing but the row at hand is held: a JSON array is decoded through a sliding window.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from spanset.base.errors import DataError

BOM = codecs.BOM_UTF8
BLANK = b" \t\r\n"
WINDOW = 1 << 22  # bytes of a JSON array decoded at once


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
        return None, f"invalid JSON: {error.msg} (column {error.pos + 1})"
    except RecursionError:
        return None, "nested too deeply"
    if end < len(text):
        return None, f"invalid JSON: more text after the value (column {end + 1})"
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
                # Two more characters, as "1.5" and "1e+5" cut off after 1 are whole numbers too.
                if end + 2 < len(self.text) or self.complete:
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
