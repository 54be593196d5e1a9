"""A data set: rows of one or more sources by place, parsed when needed."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from spanset.data.conversation import Conversation
from spanset.data.formats import (
    FORMATS,
    Format,
    RowError,
    mapped,
    other_format,
    recognise,
    unrecognised,
)
from spanset.data.inputs import sources
from spanset.data.scanning import RawRow
from spanset.data.sources import Source, TextSource
from spanset.errors import DataError, UsageError
from spanset.extras import require
from spanset.results import IntArray

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK = 1000  # rows whose values are held at once


@dataclass(frozen=True)
class BadRow:
    """A row that was left out: where it stands and why."""

    source: str
    line: int
    row: int
    reason: str


@dataclass(frozen=True, repr=False)
class Dataset:
    """Usable rows, in order, as places in their sources.

    Attributes
    ----------
    sources : tuple of Source
        The inputs; `formats` holds the format of each.
    source, start, length, line : (N,) int64
        Source number, byte range and line (from 1) of each row; in a table, the row's number,
        about how many bytes it takes, and its number from 1.
    ids : (N,) int64
        Row number over all inputs, from 0, counting every row that was read: the number that
        ``datasets.load_dataset(...).select`` takes.
    digests : (N, 16) uint8
        Of each row's conversation: equal rows have equal ones, wherever they stand.
    total : int
        Rows read, usable or not; `ids` are below it.
    bad, empty, unrepresented : tuple of BadRow
        Rows left out as malformed, as without an answer, and as without features.
    """

    sources: tuple[Source, ...]
    formats: tuple[Format, ...]
    source: IntArray
    start: IntArray
    length: IntArray
    line: IntArray
    ids: IntArray
    digests: npt.NDArray[np.uint8]
    total: int
    bad: tuple[BadRow, ...] = ()
    empty: tuple[BadRow, ...] = ()
    unrepresented: tuple[BadRow, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        inputs = (f"{s.name} ({f.name})" for s, f in zip(self.sources, self.formats, strict=True))
        return f"Dataset({len(self):,} rows of {', '.join(inputs)})"

    def __getitem__(self, rows: npt.ArrayLike) -> Dataset:
        """Rows at these positions (an integer array, a slice or a mask), in that order."""
        index: Any = rows
        if not isinstance(rows, slice):
            index = np.atleast_1d(np.asarray(rows))
            index = index if index.size else index.astype(np.int64)  # [] is read as floats
        names = ("source", "start", "length", "line", "ids", "digests")
        return replace(self, **{name: getattr(self, name)[index] for name in names})

    def without(self, rows: IntArray, reasons: Sequence[str]) -> Dataset:
        """The data less these rows, which are listed as unrepresented."""
        listed = tuple(
            BadRow(
                self.sources[int(self.source[row])].name,
                int(self.line[row]),
                int(self.ids[row]),
                reason,
            )
            for row, reason in zip(rows.tolist(), reasons, strict=True)
        )
        left = self[np.setdiff1d(np.arange(len(self)), rows)]
        return replace(left, unrepresented=self.unrepresented + listed)

    def raw(self, position: int) -> bytes:
        """The row's own bytes; a table's rows have none."""
        source = self.sources[int(self.source[position])]
        if not isinstance(source, TextSource):
            raise UsageError(
                "rows of a table have no bytes of their own",
                where=self.where(position),
                fix="take the row's values: data.row(position)",
            )
        return source.raw(int(self.start[position]), int(self.length[position]))

    def row(self, position: int) -> dict[str, Any]:
        """The row parsed; `rows` is faster for many."""
        start, length = np.atleast_1d(self.start[position]), np.atleast_1d(self.length[position])
        return next(iter(self.sources[int(self.source[position])].values(start, length)))

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every row parsed; a block of them is held at a time."""
        for begin in range(0, len(self), BLOCK):
            numbers = self.source[begin : begin + BLOCK]
            values: list[Any] = [None] * len(numbers)
            for number in np.unique(numbers).tolist():
                places = np.flatnonzero(numbers == number)
                starts, lengths = self.start[begin + places], self.length[begin + places]
                found = self.sources[number].values(starts, lengths)
                for place, value in zip(places.tolist(), found, strict=True):
                    values[place] = value
            yield from values

    def conversation(self, position: int) -> Conversation:
        """The row as turns."""
        return self.formats[int(self.source[position])].convert(self.row(position))

    def conversations(self) -> Iterator[Conversation]:
        """Every row as turns, one at a time."""
        for number, row in zip(self.source.tolist(), self.rows(), strict=True):
            yield self.formats[number].convert(row)

    def where(self, position: int) -> str:
        """File and line of a row, for messages."""
        return f"{self.sources[int(self.source[position])].name}:{self.line[position]}"

    def write(
        self, path: str | Path, *, force: bool = False, to: Literal["messages"] | None = None
    ) -> None:
        """Write the rows, in this order; the suffix says how (see `writing`).

        With ``to="messages"`` as chat messages, in the shapes that TRL takes (see `conversion`).
        """
        from spanset.data.conversion import converter
        from spanset.data.writing import write_rows

        write_rows(self, path, force=force, convert=converter(to))

    def to_arrow(self) -> pa.Table:
        """The rows, in this order, with all their fields, as an Arrow table.

        Tables keep their schema; the types of other rows are found from all of them.

        Raises
        ------
        DataError
            A value that fits no type of its column.
        """
        from spanset.data.arrow_rows import as_arrow

        return as_arrow(self)

    def to_datasets(self) -> Any:
        """The same as a `datasets.Dataset` (extra ``hub``)."""
        require("datasets", extra="hub")
        from spanset.data.arrow_rows import as_datasets

        return as_datasets(self)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The rows for any library that reads Arrow: ``polars.DataFrame(data)``."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)


def read(
    data: Any,
    *,
    columns: Sequence[str] = (),
    format: str | None = None,
    mapping: Mapping[str, str] | None = None,
    on_bad_row: str = "stop",
    on_empty: str = "skip",
) -> Dataset:
    """Read instruction-tuning rows.

    Parameters
    ----------
    data : path, glob, several of them, or rows
        JSON arrays, JSON Lines, CSV, Parquet or Arrow files (text also .gz or .zst), "-" for
        standard input, ``hf://org/name[/config][@revision][:split]`` or ``hf://FOLDER`` (extra
        ``hub``); or, held in memory: mappings, a `datasets.Dataset`, a table of pandas, polars,
        pyarrow or anything else that exports an Arrow stream.
    columns : sequence of str
        Names of the fields of CSV files without a header line.
    format : str, optional
        A name of `FORMATS`, such as messages or preference; by default what each file's first row
        shows.
    mapping : mapping, optional
        Target to field, for other field names: ``{"prompt": "q", "answer": "a"}``.
    on_bad_row : {"stop", "skip"}
        What to do with a malformed row; skipped rows are listed in the result.
    on_empty : {"skip", "error"}
        What to do with a row without an answer, likewise.

    Raises
    ------
    DataError
        A file that cannot be read, a row that cannot be understood, or no usable row.
    UsageError
        No such format, or the same file twice.
    """
    if format is not None and format not in FORMATS:
        raise unknown_format(format)
    for name, value, known in (
        ("--on-bad-row", on_bad_row, ("stop", "skip")),
        ("--on-empty", on_empty, ("error", "skip")),
    ):
        if value not in known:
            raise UsageError(f"no policy {value!r}", where=name, fix=f"use {' or '.join(known)}")
    given = mapped(mapping) if mapping else FORMATS[format] if format else None
    reader = _Reader(given, on_bad_row, on_empty)
    if isinstance(data, Dataset):
        raise UsageError("the data set is read already", where="data", fix="use it as it is")
    for source in sources(data, columns):
        reader.add(source)
    return reader.dataset()


def unknown_format(name: str) -> UsageError:
    """Error for a name that is no format."""
    return UsageError(
        f"no format {name!r}", where="--format", fix=f"use one of {', '.join(FORMATS)}"
    )


class _Reader:
    """Rows collected source by source."""

    def __init__(self, given: Format | None, on_bad_row: str, on_empty: str) -> None:
        self.given, self.on_bad_row, self.on_empty = given, on_bad_row, on_empty
        self.sources: list[Source] = []
        self.formats: list[Format] = []
        self.places: list[list[npt.NDArray[Any]]] = []  # of each source, by column
        self.bad: list[BadRow] = []
        self.empty: list[BadRow] = []
        self.total = 0

    def add(self, source: Source) -> None:
        """Scan one source: place every usable row, list the others."""
        number = len(self.sources)
        format = self.given
        # Numbers without objects: a tuple a row would take ten times the memory.
        starts, lengths, lines, ids = places = [array("q") for _ in range(4)]
        digests = bytearray()
        for raw in source.rows():
            row = self.total
            self.total += 1
            try:
                self._require_object(raw)
                format = format or self._recognised(source, raw)
                fits = format.fits(raw.value) if self.given else recognise(raw.value) is format
                if not fits:
                    raise other_format(raw.value, format)
                conversation = format.convert(raw.value)
            except RowError as error:
                self._leave_out_bad(BadRow(source.name, raw.line, row, str(error)), error.fix)
                continue
            if conversation.answer.strip():
                starts.append(raw.start)
                lengths.append(raw.length)
                lines.append(raw.line)
                ids.append(row)
                digests += conversation.digest()
            else:
                self._leave_out_empty(BadRow(source.name, raw.line, row, "no answer"))
        self.sources.append(source)
        self.formats.append(format or FORMATS["messages"])  # no row of the source is kept
        numbers = np.full(len(ids), number, dtype=np.int64)
        found = (np.frombuffer(one, dtype=np.int64) for one in places)
        of_rows = np.frombuffer(digests, dtype=np.uint8).reshape(-1, 16)
        self.places.append([numbers, *found, of_rows])

    def dataset(self) -> Dataset:
        """The rows of all sources."""
        columns = [np.concatenate(column) for column in zip(*self.places, strict=True)]
        if not columns or not len(columns[0]):
            raise DataError(
                f"no row with an answer ({self.total} rows read, {len(self.bad)} malformed, "
                f"{len(self.empty)} without an answer)",
                where=", ".join(source.name for source in self.sources),
                fix="see how rows are understood with `spanset show`; name the fields with --map",
            )
        return Dataset(
            tuple(self.sources),
            tuple(self.formats),
            *columns,
            total=self.total,
            bad=tuple(self.bad),
            empty=tuple(self.empty),
        )

    def _require_object(self, raw: RawRow) -> None:
        if raw.error:
            raise RowError(raw.error)
        if not isinstance(raw.value, dict):
            raise RowError("the row is not an object with fields")

    def _recognised(self, source: Source, raw: RawRow) -> Format:
        format = recognise(raw.value)
        if format is None:
            raise unrecognised(raw.value, f"{source.name}:{raw.line}")
        return format

    def _leave_out_bad(self, row: BadRow, fix: str) -> None:
        if self.on_bad_row != "skip":
            raise DataError(
                row.reason,
                where=f"{row.source}:{row.line}",
                fix=fix or "mend the row, or leave such rows out with --on-bad-row skip",
            )
        self.bad.append(row)

    def _leave_out_empty(self, row: BadRow) -> None:
        if self.on_empty == "error":
            raise DataError(
                "the row has no answer",
                where=f"{row.source}:{row.line}",
                fix="mend the row, or leave such rows out with --on-empty skip",
            )
        self.empty.append(row)


def require_dataset(data: object) -> None:
    """Refuse what was not read yet."""
    if not isinstance(data, Dataset):
        raise UsageError(
            f"expected a data set, got {type(data).__name__}",
            where="data",
            fix="read it first: data = spanset.read(rows)",
        )
