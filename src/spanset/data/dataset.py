"""A data set: rows of one or more sources by place, parsed when needed."""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.data.containers import Source, memory_source, open_source
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
from spanset.data.scanning import RawRow, parse
from spanset.errors import DataError, UsageError
from spanset.results import IntArray


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
        Source number, byte range and line (from 1) of each row.
    ids : (N,) int64
        Row number over all inputs, from 0, counting every row that was read: the number that
        ``datasets.load_dataset(...).select`` takes.
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
        names = ("source", "start", "length", "line", "ids")
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
        """The row's own bytes."""
        start = int(self.start[position])
        content = self.sources[int(self.source[position])].content
        return content[start : start + int(self.length[position])]

    def row(self, position: int) -> dict[str, Any]:
        """The row parsed."""
        return parse(self.raw(position))[0]

    def conversation(self, position: int) -> Conversation:
        """The row as turns."""
        return self.formats[int(self.source[position])].convert(self.row(position))

    def conversations(self) -> Iterator[Conversation]:
        """Every row as turns, one at a time."""
        return (self.conversation(position) for position in range(len(self)))

    def where(self, position: int) -> str:
        """File and line of a row, for messages."""
        return f"{self.sources[int(self.source[position])].name}:{self.line[position]}"

    def write(self, path: str | Path, *, force: bool = False) -> None:
        """Write the rows verbatim, in this order; the suffix says how (see `writing`)."""
        from spanset.data.writing import write_rows

        write_rows(self, path, force=force)


def read(
    data: str | Path | Sequence[str | Path] | Iterable[Mapping[str, Any]],
    *,
    format: str | None = None,
    mapping: Mapping[str, str] | None = None,
    on_bad_row: str = "stop",
    on_empty: str = "skip",
) -> Dataset:
    """Read instruction-tuning rows.

    Parameters
    ----------
    data : path, glob, several of them, or rows
        JSON arrays or JSON Lines, plain or gzipped; or mappings held in memory.
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
    for source in _sources(data):
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
        self.places: list[IntArray] = []
        self.bad: list[BadRow] = []
        self.empty: list[BadRow] = []
        self.total = 0

    def add(self, source: Source) -> None:
        """Scan one source: place every usable row, list the others."""
        number = len(self.sources)
        format = self.given
        places: list[tuple[int, int, int, int, int]] = []
        for raw in source.rows():
            row = self.total
            self.total += 1
            try:
                self._require_object(raw)
                format = format or self._recognised(source, raw)
                fits = format.fits(raw.value) if self.given else recognise(raw.value) is format
                if not fits:
                    raise other_format(raw.value, format)
                answered = bool(format.convert(raw.value).answer.strip())
            except RowError as error:
                self._leave_out_bad(BadRow(source.name, raw.line, row, str(error)), error.fix)
                continue
            if answered:
                places.append((number, raw.start, raw.length, raw.line, row))
            else:
                self._leave_out_empty(BadRow(source.name, raw.line, row, "no answer"))
        self.sources.append(source)
        self.formats.append(format or FORMATS["messages"])  # no row of the source is kept
        self.places.append(np.array(places, dtype=np.int64).reshape(-1, 5))

    def dataset(self) -> Dataset:
        """The rows of all sources."""
        places = np.concatenate(self.places)
        if not len(places):
            raise DataError(
                f"no row with an answer ({self.total} rows read, {len(self.bad)} malformed, "
                f"{len(self.empty)} without an answer)",
                where=", ".join(source.name for source in self.sources),
                fix="see how rows are understood with `spanset show`; name the fields with --map",
            )
        columns = (np.ascontiguousarray(column) for column in places.T)
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


def _sources(data: Any) -> Iterator[Source]:
    if isinstance(data, (str, Path)):
        data = [data]
    items = list(data)
    if not items:
        raise UsageError("no data given", where="DATA", fix="name at least one file")
    if all(isinstance(item, (str, Path)) for item in items):
        for path in expand(items):
            yield open_source(path)
    elif all(isinstance(item, Mapping) for item in items):
        yield memory_source(b"".join(_encode(item, number) for number, item in enumerate(items)))
    else:
        raise UsageError(
            "data is neither paths nor rows",
            where="data",
            why=f"it holds {', '.join(sorted({type(item).__name__ for item in items}))}",
            fix="give paths, or an iterable of dicts",
        )


def require_dataset(data: object) -> None:
    """Refuse what was not read yet."""
    if not isinstance(data, Dataset):
        raise UsageError(
            f"expected a data set, got {type(data).__name__}",
            where="data",
            fix="read it first: data = spanset.read(rows)",
        )


def expand(paths: Iterable[str | Path]) -> list[Path]:
    """Paths with globs expanded, in the order given (sorted within a glob), none twice."""
    found: dict[str, str] = {}
    names: list[Path] = []
    for argument in map(str, paths):
        # A file whose name holds a bracket or star is itself, not a pattern.
        is_glob = glob.has_magic(argument) and not os.path.exists(argument)  # noqa: PTH110
        matches = sorted(glob.iglob(argument, recursive=True)) if is_glob else [argument]  # noqa: PTH207
        if not matches:
            raise DataError(
                "no file matches", where=argument, fix="check the pattern, and quote it"
            )
        for match in map(Path, matches):
            key = os.path.realpath(match)
            if key in found:
                raise UsageError(
                    "the same file is given twice",
                    where=str(match),
                    why=f"it is already there through {found[key]!r}",
                    fix="name it once; copies of rows would only be excluded again",
                )
            found[key] = argument
            names.append(match)
    return names


def _encode(row: Mapping[str, Any], number: int) -> bytes:
    """One mapping as a line of JSON."""
    try:
        return json.dumps(dict(row), ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:  # lone surrogates can only stand as escapes
        return json.dumps(dict(row)).encode() + b"\n"
    except (TypeError, ValueError) as error:
        raise DataError(
            "the row cannot be written as JSON", where=f"row {number}", why=str(error)
        ) from error
