"""Inputs read into a data set: every row placed, recognised and converted once."""

from __future__ import annotations

import os
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.errors import DataError, UsageError
from spanset.config.settings import DataConfig, column_names
from spanset.data.containers.hub import differ_by_split_alone, is_hub
from spanset.data.containers.inputs import sources
from spanset.data.containers.mistakes import ENCODING, advice_for
from spanset.data.containers.scanning import RawRow
from spanset.data.containers.sources import Source
from spanset.data.conversation import Conversation
from spanset.data.dataset import Dataset
from spanset.data.formats.guesses import other_format, unrecognised
from spanset.data.formats.mapping import mapped, parse_mapping
from spanset.data.formats.prompts import PROMPT_ROWS, is_prompt
from spanset.data.formats.registry import FORMATS, Format, recognise
from spanset.data.formats.texts import Row, RowError
from spanset.data.remarks import remarks_on
from spanset.data.rows import BadRow


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
    data : path, folder, glob, several of them, or rows
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
    on_empty : {"skip", "error", "keep"}
        What to do with a row without an answer, likewise. Kept, it needs a prompt: rows to compare
        with, of an evaluation or a target, need no more.

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
        ("--on-empty", on_empty, ("error", "skip", "keep")),
    ):
        if value not in known:
            raise UsageError(f"no policy {value!r}", where=name, fix=f"use {' or '.join(known)}")
    given = mapped(mapping) if mapping else FORMATS[format] if format else None
    reader = _Reader(given, on_bad_row, on_empty)
    if isinstance(data, Dataset):
        raise UsageError("the data set is read already", where="data", fix="use it as it is")
    for source in sources(data, columns):
        reader.refuse_again(source)
        reader.add(source)
    return reader.dataset()


def check_reading(config: DataConfig) -> None:
    """Refuse settings that say two things, or name what is not there, before any file is read."""
    if config.map is not None and config.format is not None:
        raise UsageError(
            "--map and --format both say how rows are understood", where="--map", fix="drop one"
        )
    if config.map is not None:
        mapped(parse_mapping(config.map))
    if config.format is not None and config.format not in FORMATS:
        raise unknown_format(config.format)


def read_data(paths: tuple[str, ...], config: DataConfig, *, needs_answers: bool = True) -> Dataset:
    """Read the inputs by the settings; rows to compare with need no answers."""
    return read(
        paths,
        columns=column_names(config.columns),
        format=config.format,
        mapping=None if config.map is None else parse_mapping(config.map),
        on_bad_row=config.on_bad_row,
        on_empty=config.on_empty if needs_answers else "keep",
    )


def unknown_format(name: str) -> UsageError:
    """Error for a name that is no format."""
    return UsageError(
        f"no format {name!r}", where="--format", fix=f"use one of {', '.join(FORMATS)}"
    )


def _is_same(one: Source, other: Source) -> bool:
    """Whether two sources hold the same, or one is a folder and the other a file of it."""
    # Equal files are two files, and so are equal splits.
    if one.sha256 == other.sha256 and differ_by_split_alone(one.name, other.name):
        return True
    if not (is_hub(one.name) or is_hub(other.name)):
        return False
    paths = [Path(os.path.realpath(path)) for path in (one.path, other.path) if path]
    return len(paths) == 2 and (paths[0] == paths[1].parent or paths[1] == paths[0].parent)


class _Reader:
    """Rows collected source by source."""

    def __init__(self, given: Format | None, on_bad_row: str, on_empty: str) -> None:
        self.given, self.on_bad_row, self.on_empty = given, on_bad_row, on_empty
        self.sources: list[Source] = []
        self.formats: list[Format] = []
        self.places: list[list[npt.NDArray[Any]]] = []  # of each source, by column
        self.bad: list[BadRow] = []
        self.empty: list[BadRow] = []
        self.remarks: list[Counter[str]] = []
        self.total = 0
        self.advice = ""  # on the first file whose first row could not be read

    def refuse_again(self, source: Source) -> None:
        """Refuse what was read already under another name: a split of the hub, a folder."""
        for before in self.sources:
            if before.name != source.name and _is_same(before, source):
                raise UsageError(
                    "the same data are given twice",
                    where=source.name,
                    why=f"they are what {before.name!r} holds",
                    fix="name them once; copies of rows would only be excluded again",
                )

    def add(self, source: Source) -> None:
        """Scan one source: place every usable row, list the others."""
        number = len(self.sources)
        format = self.given
        # Numbers without objects: a tuple a row would take ten times the memory.
        starts, lengths, lines, ids = places = [array("q") for _ in range(4)]
        digests = bytearray()
        remarks: Counter[str] = Counter()
        first = self.total
        for raw in source.rows():
            row = self.total
            self.total += 1
            try:
                self._require_object(raw)
                format = format or self._recognised(source, raw)
                fits = (
                    format.fits(raw.value) if self.given else self._recognise(raw.value) is format
                )
                if not fits:
                    raise other_format(raw.value, format)
                conversation = format.convert(raw.value)
            except RowError as error:
                fix = error.fix or (advice_for(source, raw) if row == first else "")
                if not fix and raw.error.startswith("not UTF-8"):
                    fix = f"{ENCODING}; or leave such rows out with --on-bad-row skip"
                self.advice = self.advice or fix
                self._leave_out_bad(BadRow(source.name, raw.line, row, str(error)), fix)
                continue
            if format.remark:
                remarks[format.remark] += 1
            for remark in remarks_on(conversation):
                remarks[remark] += 1
            if not (lack := self._lack(conversation)):
                starts.append(raw.start)
                lengths.append(raw.length)
                lines.append(raw.line)
                ids.append(row)
                digests += conversation.digest()
            else:
                self._leave_out_empty(BadRow(source.name, raw.line, row, lack))
        self.sources.append(source)
        self.formats.append(format or FORMATS["messages"])  # no row of the source is kept
        self.remarks.append(remarks)
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
                fix=self.advice
                or "see how rows are understood with `spanset show`; name the fields with --map",
            )
        return Dataset(
            tuple(self.sources),
            tuple(self.formats),
            *columns,
            total=self.total,
            remarks=tuple(self.remarks),
            bad=tuple(self.bad),
            empty=tuple(self.empty),
        )

    def _require_object(self, raw: RawRow) -> None:
        if raw.error:
            raise RowError(raw.error)
        if not isinstance(raw.value, dict):
            raise RowError("the row is not an object with fields")

    def _recognised(self, source: Source, raw: RawRow) -> Format:
        format = self._recognise(raw.value)
        if format is None:
            error = unrecognised(raw.value, f"{source.name}:{raw.line}")
            if advice := advice_for(source, raw):
                raise DataError(error.what, where=error.where, why=error.why, fix=advice)
            raise error
        return format

    def _recognise(self, row: Row) -> Format | None:
        """Format of a row by its fields; a prompt alone, where that is enough."""
        format = recognise(row)
        if format is None and self.on_empty == "keep" and is_prompt(row):
            return PROMPT_ROWS
        return format

    def _lack(self, conversation: Conversation) -> str:
        """Why a row is left out; nothing, where it is not."""
        if self.on_empty != "keep":
            return conversation.lack
        has_words = (conversation.prompt + conversation.answer).strip()
        return "" if has_words else "neither a prompt nor an answer"

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
                "the row has no answer" if row.reason == "no answer" else row.reason,
                where=f"{row.source}:{row.line}",
                fix="mend the row, or leave such rows out with --on-empty skip",
            )
        self.empty.append(row)
