"""Rows of one or more sources by place, parsed when needed: a data set but for its ways out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray
from spanset.base.errors import UsageError
from spanset.data.containers.sources import Source, TextSource
from spanset.data.conversation import Conversation
from spanset.data.formats.registry import Format

if TYPE_CHECKING:
    from typing_extensions import Self

BLOCK = 1000  # rows whose values are held at once


@dataclass(frozen=True)
class BadRow:
    """A row that was left out: where it stands and why."""

    source: str
    line: int
    row: int
    reason: str


@dataclass(frozen=True, repr=False)
class Rows:
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
    remarks : tuple of mapping
        Of each input: what was recognised in its rows beside their words, and how often.
    bad, empty, unrepresented, avoided : tuple of BadRow
        Rows left out as malformed, as without an answer, as without features, and as too near to
        rows that are not to be trained on.
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
    remarks: tuple[Mapping[str, int], ...] = ()
    bad: tuple[BadRow, ...] = ()
    empty: tuple[BadRow, ...] = ()
    unrepresented: tuple[BadRow, ...] = ()
    avoided: tuple[BadRow, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        inputs = (f"{s.name} ({f.name})" for s, f in zip(self.sources, self.formats, strict=True))
        return f"{type(self).__name__}({len(self):,} rows of {', '.join(inputs)})"

    def __getitem__(self, rows: npt.ArrayLike | slice) -> Self:
        """Rows at these positions (an integer array, a slice or a mask), in that order."""
        index: Any = rows
        if not isinstance(rows, slice):
            index = np.atleast_1d(np.asarray(rows))
            index = index if index.size else index.astype(np.int64)  # [] is read as floats
        names = ("source", "start", "length", "line", "ids", "digests")
        return replace(self, **{name: getattr(self, name)[index] for name in names})

    def without(
        self,
        rows: IntArray,
        reasons: Sequence[str],
        kind: Literal["unrepresented", "avoided"] = "unrepresented",
    ) -> Self:
        """The data less these rows, which are listed as unrepresented, or as avoided."""
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
        changes: dict[str, Any] = {kind: getattr(self, kind) + listed}
        return replace(left, **changes)

    def carried(self) -> Self:
        """The same rows with all that they are made of, and nothing else: to be sent elsewhere."""
        there, sources, start = np.unique(self.source), [], self.start.copy()
        for number in there.tolist():
            own = self.source == number
            source, start[own] = self.sources[number].only(self.start[own], self.length[own])
            sources.append(source)
        return replace(
            self,
            sources=tuple(sources),
            formats=tuple(self.formats[number] for number in there.tolist()),
            source=np.searchsorted(there, self.source),
            start=start,
            remarks=(),
            bad=(),
            empty=(),
            unrepresented=(),
            avoided=(),
        )

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
