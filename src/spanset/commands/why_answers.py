"""What `spanset why` tells of rows: plain values, with the places of the rows that it speaks of."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from spanset.commands.choosing.run_again import RunAgain
from spanset.data.asked_rows import cut_text
from spanset.data.dataset import Dataset
from spanset.runs.reread import PastRun
from spanset.selectors.dpp_reasons import LeftByGain, Taker
from spanset.selectors.nearest_picks import Near, StandsFor
from spanset.selectors.other_reasons import ForTarget
from spanset.selectors.reasons import Reason

LONGEST_TEXT = 300  # characters of a row


@dataclass(frozen=True)
class Place:
    """Where a row stands, and the beginning of its text."""

    row: int
    source: str
    line: int
    text: str


@dataclass(frozen=True)
class Neighbour:
    """A row beside the asked one; `rank` is None for one that is no pick."""

    place: Place
    rank: int | None
    is_given: bool
    cosine: float
    likeness: float


@dataclass(frozen=True)
class QualityPlace:
    """Name and value of a row's quality, and the share of the candidates that it is better than."""

    name: str
    value: float
    better_than: float


@dataclass(frozen=True)
class Further:
    """Rank were the selection to go on to `limit` picks; None beyond."""

    limit: int
    rank: int | None


@dataclass(frozen=True)
class OtherWeight:
    """The lambda of the run, those tried, and the nearest that picks the row; None if none does."""

    own: float
    tried: list[float]
    first: float | None


@dataclass(frozen=True)
class Answer:
    """Why one row was picked or left out.

    Attributes
    ----------
    rank : int or None
        From 1; None where it was left out.
    quality : QualityPlace or None
        None where there is none.
    reason : Reason or None
        What its method says.
    most, own, copy_of : Place or None
        The rows that a `LeftByGain` speaks of.
    other, target : Place or None
        The pick or given row, and the row of the target, that other reasons speak of.
    nearest, nearest_given : Neighbour or None
        Nearest pick, of a pick the nearest before it; nearest given row.
    same_text : bool
        Whether the row that it repeats has the same conversation, to the letter.
    stands_for : int
        Rows left out that are nearest to this pick; `standing` are the first of them.
    """

    place: Place
    rank: int | None
    quality: QualityPlace | None
    reason: Reason | None
    nearest: Neighbour | None
    nearest_given: Neighbour | None
    most: Place | None = None
    own: Place | None = None
    copy_of: Place | None = None
    same_text: bool = False
    stands_for: int = 0
    standing: list[Neighbour] = field(default_factory=list)
    further: Further | None = None
    other_weight: OtherWeight | None = None
    other: Place | None = None
    target: Place | None = None

    @classmethod
    def of(
        cls,
        places: Places,
        row: int,
        *,
        rank: int | None,
        quality: QualityPlace | None,
        reason: Reason | None,
        nearest: Near | None,
        nearest_given: Near | None,
        stands_for: StandsFor | None,
    ) -> Answer:
        """With the places of all rows that are spoken of."""
        most = own = copy_of = None
        same_text = False
        if isinstance(reason, LeftByGain):
            most, own = places.taken(reason.most), places.taken(reason.own)
            copy_of = places.taken(reason.copy_of)
            same_text = places.are_same(row, reason.copy_of)
        return cls(
            places.candidate(row),
            rank,
            quality,
            reason,
            places.neighbour(nearest),
            places.neighbour(nearest_given),
            most,
            own,
            copy_of,
            same_text,
            0 if stands_for is None else stands_for.rows,
            [] if stands_for is None else [places.near(one) for one in stands_for.nearest],
            other=places.taken(getattr(reason, "other", None)),
            target=places.target(reason.target_row) if isinstance(reason, ForTarget) else None,
        )

    def with_more(self, further: Further | None, other_weight: OtherWeight | None) -> Answer:
        """The same, with what other selections tell."""
        return replace(self, further=further, other_weight=other_weight)

    def record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        record = asdict(self)
        place = record.pop("place")
        reason = record.pop("reason")
        if (target := record.pop("target")) is not None:
            reason["target"] = target
        for name in ("most", "own", "copy_of", "other"):
            place_of = record.pop(name)
            if reason is not None and reason.get(name) is not None:
                taken = reason[name]
                is_given = not taken["rank"]
                rank = taken["rank"] or None
                reason[name] = {**taken, "place": place_of, "rank": rank, "is_given": is_given}
                del reason[name]["row"]
        return {**place, "picked": self.rank is not None, **record, "reason": reason}


@dataclass(frozen=True)
class Why:
    """All answers, what was not computed and why, and of how many rows."""

    run: PastRun
    answers: list[Answer]
    notes: list[str]
    rows: int

    def record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        config = self.run.config
        return {
            "run": str(self.run.folder),
            "method": config.choice.method,
            "picked": len(self.run),
            "rows": self.rows,
            "kernel": dict(self.run.manifest["kernel"]),
            "answers": [one.record() for one in self.answers],
            "notes": self.notes,
        }


@dataclass(frozen=True)
class Places:
    """Where rows of a run stand."""

    again: RunAgain

    def candidate(self, row: int) -> Place:
        """Of a candidate, by its position."""
        return self._of(self.again.data, row)

    def given(self, row: int) -> Place:
        """Of a given row, by its position."""
        data = self.again.given
        if data is None:
            path = self.again.past.config.choice.given or ""
            return Place(row, path, row + 1, "")
        return self._of(data, row)

    def target(self, row: int) -> Place:
        """Of a row of the target that has features, by its position among these."""
        others = self.again.target
        assert others is not None  # noqa: S101 (the run had one)
        row = int(self.again.target_rows[row])
        if others.rows is None:
            return Place(row, others.paths[0], row + 1, "")
        return self._of(others.rows, row)

    def near(self, near: Near) -> Neighbour:
        """Of a row beside another."""
        place = self.given(near.row) if near.is_given else self.candidate(near.row)
        return Neighbour(place, near.rank or None, near.is_given, near.cosine, near.likeness)

    def neighbour(self, near: Near | None) -> Neighbour | None:
        """The same, where there is one."""
        return None if near is None else self.near(near)

    def taken(self, taken: Taker | None) -> Place | None:
        """Of the row that took most of another."""
        if taken is None:
            return None
        return self.candidate(taken.row) if taken.rank else self.given(taken.row)

    def are_same(self, row: int, other: Taker | None) -> bool:
        """Whether a row and the one that took all of it say the same."""
        if other is None:
            return False
        data = self.again.data if other.rank else self.again.given
        if data is None:
            return False
        return bool((self.again.data.digests[row] == data.digests[other.row]).all())

    def _of(self, data: Dataset, row: int) -> Place:
        source = data.sources[int(data.source[row])].name
        text = cut_text(data.conversation(row).text, LONGEST_TEXT)
        return Place(int(data.ids[row]), source, int(data.line[row]), text)
