"""Rows into text: JSON Lines, JSON arrays, CSV."""

from __future__ import annotations

import csv
import datetime as dt
import decimal
import io
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from itertools import repeat
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from spanset.base.errors import DataError
from spanset.data.containers.csv_text import CsvSource
from spanset.data.containers.json_text import JsonSource
from spanset.data.writing.written import Convert, written_rows

if TYPE_CHECKING:
    from spanset.data.rows import Rows

# A header is quoted as a whole where it could be taken for another container by its first
# characters, or be parted by another delimiter than its own: quotes end at no other.
_PLAIN_START = re.compile(r"(?!PAR1|ARROW1|BZh|PK\x03\x04)\w")
_MARKS = re.compile(r'[,;|\t"\r\n]')

# JSON allows no raw line break inside a string, so a line break and the blanks around it always
# stand between tokens and can go.
_LINE_BREAK = re.compile(rb"[\r\n][ \t\r\n]*")


class Target(Protocol):
    """What rows are written to."""

    def write(self, data: bytes, /) -> Any:
        """Take more bytes."""
        ...


def write_json(data: Rows, file: Target, convert: Convert | None, *, is_array: bool) -> None:
    """One row a line; a row of JSON in its own bytes, line breaks between its tokens folded."""
    before, between, after = (b"[\n", b",\n", b"\n]\n") if is_array else (b"", b"\n", b"\n")
    file.write(before)
    for position, text in enumerate(_json_texts(data, convert)):
        if position:
            file.write(between)
        file.write(text)
    file.write(after if len(data) or is_array else b"")


def _json_texts(data: Rows, convert: Convert | None) -> Iterator[bytes]:
    """JSON of every row."""
    is_json = all(isinstance(source, JsonSource) for source in data.sources)
    rows: Iterator[Any] = repeat(None, len(data)) if is_json else data.rows()
    for position, row in enumerate(rows):
        made = None if convert is None else convert(data, position)
        source = data.sources[int(data.source[position])]
        if made is None and isinstance(source, JsonSource):
            raw = data.raw(position)
            yield _LINE_BREAK.sub(b"", raw) if source.kind == "json" else raw
        else:
            yield _json(row if made is None else made, data, position)


def _json(row: Mapping[str, Any], data: Rows, position: int) -> bytes:
    try:
        text = json.dumps(row, ensure_ascii=False, default=plain_value)
    except TypeError as error:
        raise _no_text(row, data, position, error) from error
    try:
        return text.encode()
    except UnicodeEncodeError:  # lone surrogates can only stand as escapes
        return json.dumps(row, default=plain_value).encode()


def write_csv(
    data: Rows, file: Target, convert: Convert | None, *, delimiter: str, verbatim: bool
) -> None:
    """A header and one record a row; CSV of the same fields in its own bytes."""
    first = data.sources[0]
    if verbatim and convert is None and isinstance(first, CsvSource):
        file.write(first.header + first.ending if first.header else b"")
        for position in range(len(data)):
            file.write(data.raw(position) + first.ending)
        return
    names: dict[str, None] = {}  # a set that keeps the order of appearance
    for row in written_rows(data, convert):
        names.update(dict.fromkeys(row))
    if names:
        is_plain = _PLAIN_START.match(next(iter(names))) and not any(map(_MARKS.search, names))
        file.write(_record(list(names), delimiter, quote_all=not is_plain).encode())
    for position, row in enumerate(written_rows(data, convert)):
        cells = [_cell(row.get(name), data, position, row) for name in names]
        try:
            file.write(_record(cells, delimiter).encode())
        except UnicodeEncodeError as error:
            raise DataError(
                "half of a surrogate pair is no text in UTF-8",
                where=data.where(position),
                fix="write .jsonl, which keeps every row as it is, or mend the row",
            ) from error


def _record(cells: list[str], delimiter: str, *, quote_all: bool = False) -> str:
    line = io.StringIO()
    quoting = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    # The module quotes the characters of its line ending: with CRLF, both kinds of line breaks.
    csv.writer(line, delimiter=delimiter, quoting=quoting, lineterminator="\r\n").writerow(cells)
    return line.getvalue().removesuffix("\r\n") + "\n"


def _cell(value: Any, data: Rows, position: int, row: Mapping[str, Any]) -> str:
    """A value in a cell: text as it is, nothing for null, anything else as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    try:
        text = json.dumps(value, ensure_ascii=False, default=plain_value)
    except TypeError as error:
        raise _no_text(row, data, position, error) from error
    # What JSON has as text only because it has no other way, stands without quotes here.
    return json.loads(text) if text.startswith('"') else text


def plain_value(value: object) -> Any:
    """What stands in JSON for a value that it has no form of."""
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, (decimal.Decimal, dt.timedelta, uuid.UUID)):
        return str(value)
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    raise TypeError(type(value).__name__)


def _no_text(row: Mapping[str, Any], data: Rows, position: int, error: Exception) -> DataError:
    """Error for a value without a form in text; names the column."""
    guilty = ""
    for name, value in row.items():
        try:
            json.dumps(value, default=plain_value)
        except TypeError:
            guilty = name
            break
    return DataError(
        f"column {guilty!r} holds {error}, which has no form in text",
        where=data.where(position),
        fix="write .parquet or .arrow",
    )
