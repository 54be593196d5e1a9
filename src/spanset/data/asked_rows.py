"""A row that a user asks for: by its number, by file and line, or by text that occurs in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from spanset.base.errors import DataError, SpansetError, UsageError
from spanset.base.short_names import short_names
from spanset.base.sorted_places import places_in
from spanset.data.containers.sources import TextSource
from spanset.data.dataset import Dataset
from spanset.data.rows import BadRow

LISTED = 5  # rows that are named where several contain a text
CUT = 60  # characters of their text

FORMS = "give a row number as in ids.txt, FILE:LINE, or a text that occurs in the row"


def asked_row(data: Dataset, asked: str) -> int:
    """Position of the row that is asked for.

    Parameters
    ----------
    asked : str
        A number as in ids.txt; ``file:line``, the file by its whole name or the end of it; or a
        text: the whole prompt of a row, else what occurs in one. Spaces and line breaks are alike.

    Raises
    ------
    UsageError
        No such row, or several.
    DataError
        A row that was left out when the data were read, with the reason.
    """
    text = asked.strip()
    if not text:
        raise UsageError("no row is named", where="ROW", fix=FORMS)
    if re.fullmatch("[0-9]{1,18}", text):
        return _by_number(data, int(text))
    name, _, line = text.rpartition(":")
    if re.fullmatch("[0-9]{1,18}", line) and (sources := _sources(data, name)):
        if len(sources) > 1:
            names = ", ".join(data.sources[number].name for number in sources[:LISTED])
            raise UsageError(
                f"{name} is the name of several inputs",
                where=f"ROW {text}",
                why=names,
                fix="give more of the path",
            )
        return _by_line(data, sources[0], int(line))
    return _by_text(data, text)


def left_out_row(row: BadRow, kind: str) -> DataError:
    """Error for a row that could not be picked."""
    return DataError(
        f"row {row.row} was no candidate: {row.reason}",
        where=f"{row.source}:{row.line}",
        why=f"{kind} rows are left out before anything is chosen",
        fix="ask for another row, or mend this one and select again",
    )


def unrepresented_row(data: Dataset, number: int) -> SpansetError:
    """Error for a row, by its number, that has no features."""
    for row in data.unrepresented:
        if row.row == number:
            return left_out_row(row, "such")
    return UsageError(f"row {number} is none of the candidates", where="ROW", fix=FORMS)


def cut_text(text: str, longest: int = CUT) -> str:
    """A text on one line, cut."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _by_number(data: Dataset, number: int) -> int:
    place, is_there = places_in(data.ids, number)
    if is_there:
        return int(place)
    for kind, row in _left_out(data):
        if row.row == number:
            raise left_out_row(row, kind)
    raise UsageError(
        f"there is no row {number}",
        where="ROW",
        why=f"the data has {data.total:,} rows, from 0 to {data.total - 1}",
        fix=FORMS,
    )


def _by_line(data: Dataset, source: int, line: int) -> int:
    """The row that starts on the line; of text rows also one that the line is within."""
    own = np.flatnonzero(data.source == source)
    before = own[data.line[own] <= line]
    if len(before):
        last = int(before[np.argmax(data.line[before])])
        lines = data.raw(last).count(b"\n") if _is_text(data, source) else 0
        if line <= data.line[last] + lines:
            return last
    name = data.sources[source].name
    for kind, row in _left_out(data):
        if (row.source, row.line) == (name, line):
            raise left_out_row(row, kind)
    ends = f"its rows stand on lines {data.line[own].min()} to {data.line[own].max()}"
    raise UsageError(
        "no row stands on the line",
        where=f"{name}:{line}",
        why=ends if len(own) else "it has no usable row",
        fix=FORMS,
    )


def _by_text(data: Dataset, text: str) -> int:
    """The row whose prompt it is; else the row that it occurs in."""
    wanted = " ".join(text.split())
    exact, within = [], []
    for position, talk in enumerate(data.conversations()):
        if " ".join(talk.prompt.split()) == wanted:
            exact.append(position)
        elif wanted in " ".join(talk.text.split()):
            within.append(position)
    found = exact or within
    if len(found) == 1:
        return found[0]
    where = f"ROW {cut_text(text)!r}"
    if not found:
        raise UsageError("no row contains the text", where=where, fix=FORMS)
    what = "is the prompt of" if exact else "occurs in"
    raise UsageError(
        f"the text {what} {len(found):,} rows",
        where=where,
        why="; ".join(_listed(data, found)),
        fix="give one of these as FILE:LINE",
    )


def _listed(data: Dataset, positions: Sequence[int]) -> Iterator[str]:
    """The first rows, by file and line, with a cut of their text."""
    for position in islice(positions, LISTED):
        yield f"{data.where(position)} ({cut_text(data.conversation(position).text)})"
    if (more := len(positions) - LISTED) > 0:
        yield f"and {more:,} more"


def _sources(data: Dataset, name: str) -> list[int]:
    """Numbers of the inputs of this name: whole, the end of a path, or as tables shorten it."""
    names = [source.name for source in data.sources]
    ways = (
        [full == name for full in names],
        [full.endswith(f"/{name}") for full in names],
        [short == name for short in short_names(names)],
    )
    return next((np.flatnonzero(found).tolist() for found in ways if any(found)), [])


def _left_out(data: Dataset) -> Iterator[tuple[str, BadRow]]:
    kinds = (("malformed", data.bad), ("such", data.empty), ("such", data.unrepresented))
    return ((kind, row) for kind, rows in kinds for row in rows)


def _is_text(data: Dataset, source: int) -> bool:
    return isinstance(data.sources[source], TextSource)
