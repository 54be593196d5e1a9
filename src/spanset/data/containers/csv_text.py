"""CSV: records of text, each a range of bytes that may span lines.

Parsed by the standard library's csv module, which takes what spreadsheets write. Its lines come
from here, so that every record's first and last byte are known.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from spanset.base.errors import DataError, UsageError
from spanset.data.containers.scanning import BOM, Buffer, RawRow
from spanset.data.containers.sources import TextSource

DELIMITERS = (",", "\t", ";", "|")
# A field may be as long as a row of any other container; the csv module's own limit is 128 KiB.
FIELD_LIMIT = (1 << 31) - 1
SAMPLE = 1 << 20  # bytes in which the record after the header is sought
INDEX = "index"  # the column that pandas writes first and does not name


@dataclass(frozen=True, kw_only=True, eq=False)
class CsvSource(TextSource):
    """Rows of delimited text, every value a string.

    Attributes
    ----------
    columns : tuple of str
        Names of the fields.
    header : bytes
        The header line's own bytes, with a byte order mark if there is one; empty where the file
        has no header.
    ending : bytes
        What ends its first line.
    """

    content: Buffer
    delimiter: str
    columns: tuple[str, ...]
    header: bytes
    ending: bytes

    @property
    def container(self) -> str:
        """Suffix of the container that holds its rows as they are."""
        return ".tsv" if self.delimiter == "\t" else ".csv"

    @property
    def layout(self) -> object:
        """Rows stand under a header of the same fields, between the same delimiters."""
        return self.columns, bool(self.header), self.delimiter

    def rows(self) -> Iterator[RawRow]:
        """Every record in order; of a wrong number of fields, or not UTF-8, with its error."""
        return self._released(self._rows())

    def _rows(self) -> Iterator[RawRow]:
        lines = _Lines(self.content, self.ending)
        is_header = bool(self.header)
        for start, line, cells, error in _records(lines, self.delimiter, self.name):
            if not cells and not error:
                continue  # a blank line is no row
            if is_header:
                is_header = False
                continue
            raw = _unended(self.content[start : lines.position])
            if not error and len(cells) != len(self.columns):
                error = f"{len(self.columns)} fields are expected, the row has {len(cells)}"
            value = None if error else dict(zip(self.columns, cells, strict=True))
            yield RawRow(start, len(raw), line, value, error)

    def parsed(self, raw: bytes) -> Any:
        """Value of a row that was read without error before."""
        with _long_fields():
            cells = next(csv.reader([raw.decode("utf-8")], delimiter=self.delimiter))
        return dict(zip(self.columns, cells, strict=True))


def csv_source(
    content: Buffer, columns: Sequence[str] = (), *, is_tsv: bool = False, **about: Any
) -> CsvSource:
    """Find the delimiter and the names of the fields.

    Parameters
    ----------
    content : Buffer
        The bytes, not empty.
    columns : sequence of str
        The names where the file has no header line; a first line that holds just them is one.
    is_tsv : bool
        Whether its name promises tabs.
    about : str and so on
        Name, digest and stamp.

    Raises
    ------
    DataError
        A header that is no text, or with a name that is empty or there twice.
    """
    name = about["name"]
    delimiter, record, line, cells = _first_record(content, name, len(columns), is_tsv=is_tsv)
    mark = BOM if content[: len(BOM)] == BOM else b""
    is_header = not columns or tuple(cells) == tuple(columns)
    names = tuple(columns) or _named(cells)
    _check_names(names, f"{name}:{line}", "--columns" if columns else "")
    return CsvSource(
        content=content,
        delimiter=delimiter,
        columns=names,
        header=mark + _unended(record) if is_header else b"",
        ending=record.removeprefix(_unended(record)) or b"\n",
        **about,
    )


def _first_record(
    content: Buffer, name: str, count: int, *, is_tsv: bool
) -> tuple[str, bytes, int, list[str]]:
    """Delimiter, bytes, line and fields of the first record that is not blank."""
    found: dict[str, tuple[bytes, int, list[str]]] = {}
    failed: DataError | None = None
    for delimiter in DELIMITERS:
        try:
            found[delimiter] = _first_by(content, delimiter, name)
        except DataError as error:
            failed = failed or error
    if not found and failed is not None:
        raise failed

    def likelihood(delimiter: str) -> tuple[bool | int, ...]:
        record, _, cells = found[delimiter]
        fields, is_own = len(cells), is_tsv and delimiter == "\t"
        return (
            fields == count,
            is_own and fields > 1,
            _is_strict(record, delimiter),
            fields > 1 and _goes_on(content, delimiter, fields),
            fields,
            is_own,
        )

    best = max(found, key=likelihood)  # of equals the first
    return best, *found[best]


def _is_strict(record: bytes, delimiter: str) -> bool:
    """Whether every quoted field ends at a delimiter: any other's does not."""
    text = _unended(record).decode("utf-8", errors="replace")
    try:
        with _long_fields():
            list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return False
    return True


def _goes_on(content: Buffer, delimiter: str, fields: int) -> bool:
    """Whether the record after the header has as many fields; a wrong delimiter finds others."""
    # With a wrong one, a quote may open that is never closed: not all of the file is looked at.
    lines = _Lines(content[:SAMPLE], b"\n")
    try:
        records = (cells for _, _, cells, _ in _records(lines, delimiter, "") if cells)
        next(records)
        return len(next(records, [])) == fields
    except (DataError, StopIteration):
        return False


def _first_by(content: Buffer, delimiter: str, name: str) -> tuple[bytes, int, list[str]]:
    lines = _Lines(content, b"\n")
    for start, line, cells, error in _records(lines, delimiter, name):
        if error:
            raise DataError(
                f"the header cannot be read: {error}",
                where=f"{name}:{line}",
                fix="give a CSV file in UTF-8 whose first line names the fields; another encoding: "
                "iconv -f WINDOWS-1252 -t UTF-8 IN > OUT",
            )
        if cells:
            return content[start : lines.position], line, cells
    raise DataError(
        "the file holds nothing but blanks",
        where=name,
        fix="give a file with at least one row",
    )


def _named(cells: Sequence[str]) -> tuple[str, ...]:
    """Names of a header; the index that pandas writes has none."""
    has_index = len(cells) > 1 and not cells[0] and INDEX not in cells
    return (INDEX, *cells[1:]) if has_index else tuple(cells)


def _check_names(names: Sequence[str], line: str, flag: str) -> None:
    kind, where = (UsageError, flag) if flag else (DataError, line)
    fix = "name every column once in the header line (pandas: to_csv(..., index=False)); where the "
    fix += "file has none, give the names "
    fix += "with --columns"
    for number, name in enumerate(names, start=1):
        if not name:
            raise kind(f"column {number} has no name", where=where, fix=fix)
    name, count = Counter(names).most_common(1)[0]
    if count > 1:
        raise kind(f"{count} columns are named {name!r}", where=where, fix=fix)


class _Lines:
    """Lines of the content one by one, with the place behind the last."""

    def __init__(self, content: Buffer, ending: bytes) -> None:
        self.content = content
        self.position = len(BOM) if content[: len(BOM)] == BOM else 0
        self.line = 1  # of what comes next
        self.error = ""  # in what was taken since it was reset
        self.is_done = False
        self._mark = b"\r" if ending == b"\r" else b"\n"
        self._pieces: Iterator[bytes] = iter(())

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        piece = next(self._pieces, None)
        if piece is None:
            if self.position >= len(self.content):
                self.is_done = True
                raise StopIteration
            end = self.content.find(b"\n", self.position) + 1 or len(self.content)
            # Only these end a line, as for the csv module: LF, CR, CRLF.
            self._pieces = iter(self.content[self.position : end].splitlines(keepends=True))
            piece = next(self._pieces)
        self.position += len(piece)
        self.line += piece.count(self._mark)
        try:
            return piece.decode("utf-8")
        except UnicodeDecodeError as error:
            byte, column = piece[error.start], error.start + 1
            self.error = self.error or f"not UTF-8: byte 0x{byte:02x} at column {column}"
            return piece.decode("utf-8", errors="replace")


def _records(lines: _Lines, delimiter: str, name: str) -> Iterator[tuple[int, int, list[str], str]]:
    """First byte, first line, fields and error of every record, blank ones without fields."""
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        start, line, lines.error = lines.position, lines.line, ""
        cells: list[str] = []
        try:
            with _long_fields():
                cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            lines.error = lines.error or f"invalid CSV: {error}"
        if lines.is_done:  # the end was reached inside a record
            raise DataError(
                "a quoted field is not closed",
                where=f"{name}:{line}",
                why="the record that begins there reaches to the end of the file",
                fix='close its quote; a quote inside a quoted field is written twice ("")',
            )
        yield start, line, cells, lines.error


def _unended(record: bytes) -> bytes:
    """The record without what ends its last line."""
    for ending in (b"\r\n", b"\n", b"\r"):
        if record.endswith(ending):
            return record.removesuffix(ending)
    return record


@contextmanager
def _long_fields() -> Iterator[None]:
    """The csv module's limit is the whole process's: lift it only while a record is read."""
    before = csv.field_size_limit(FIELD_LIMIT)
    try:
        yield
    finally:
        csv.field_size_limit(before)
