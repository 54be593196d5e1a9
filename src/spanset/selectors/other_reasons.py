"""Why methods without gains picked rows or left them out: distances, places, repeats, a target.

Each function tells of some rows of a finished choice, in their order. Cosines are those that the
method decided by, in float32 on their grid.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from spanset.base.array_types import IntArray
from spanset.base.cosines import Cosines, as_float32, nearest_of, rounded
from spanset.selectors.choosing import as_compared, choose_rows
from spanset.selectors.dedup import THRESHOLD as REPEATS
from spanset.selectors.dedup import Deduplicated
from spanset.selectors.deita import THRESHOLD as TOO_NEAR
from spanset.selectors.dpp_reasons import Taker
from spanset.selectors.facility_location import added_after
from spanset.selectors.finished_choice import FinishedChoice
from spanset.selectors.request import Request
from spanset.selectors.target import taken_in_rounds


@dataclass(frozen=True)
class BesideRow(Taker):
    """A pick, or a given row, and its cosine with the row that is asked about."""

    cosine: float


@dataclass(frozen=True)
class Farthest:
    """Of farthest first: how far a row was from all picks before it, or is from all picks.

    Attributes
    ----------
    distance : float or None
        |x - y| of unit rows; None of a first pick, and of one that had to be picked.
    last : float or None
        That of the last pick.
    """

    distance: float | None
    last: float | None


@dataclass(frozen=True)
class Covering:
    """Of facility location: what a row added to the mean similarity of a row with its nearest pick.

    Attributes
    ----------
    added : float or None
        When it was picked; of a row left out what it would add after the last pick. None of a pick
        that had to be picked.
    last : float or None
        What the last pick added.
    """

    added: float | None
    last: float | None


@dataclass(frozen=True)
class Graded:
    """Of best first, unless near a pick: the place by quality, and what a row is too near to.

    Attributes
    ----------
    place, last_place, rows : int
        Place by quality from 1, that of the pick with the lowest quality, and of how many rows.
    threshold : float
        Cosine from which a row is too near.
    other : BesideRow or None
        The first pick before it by quality, or given row, that it is too near to.
    """

    place: int
    last_place: int
    rows: int
    threshold: float
    other: BesideRow | None


@dataclass(frozen=True)
class Repeating:
    """Of a deduplication: the row that stays for one; None for one that repeats none that stays."""

    threshold: float
    other: BesideRow | None


@dataclass(frozen=True)
class ForTarget:
    """Of rows taken in turn by a target's.

    Attributes
    ----------
    target_row : int
        The row of the target that took it; of a row left out the nearest.
    cosine : float
        Of the two.
    turn : int or None
        The round, from 1, in which it was taken; None where it was left out.
    took : int
        How many picks this row of the target took.
    other : BesideRow or None
        Of a row left out the last of them, and its cosine with that row of the target.
    """

    target_row: int
    cosine: float
    turn: int | None
    took: int
    other: BesideRow | None


def kcenter_reasons(choice: FinishedChoice, rows: IntArray) -> list[Farthest]:
    """Distances to the nearest pick: before its own, or of a row left out after the last."""
    X, given = _compared(choice)
    nearest = nearest_of(X[rows], X[choice.picks])[0]
    if given is not None:
        nearest = np.maximum(nearest, nearest_of(X[rows], given)[0])
    after = np.sqrt(np.maximum(0.0, 2.0 - 2.0 * nearest.astype(np.float64)))
    ranks = choice.ranks()[rows]
    own = np.where(ranks > 0, choice.scores[ranks - 1], after)
    last = _number(choice.scores[-1])
    return [Farthest(_number(distance), last) for distance in own.tolist()]


def facility_reasons(choice: FinishedChoice, rows: IntArray) -> list[Covering]:
    """What picks added when they were picked, and what rows left out would add now."""
    X, given = _compared(choice)
    kept = choice.candidates.kept
    rest = np.setdiff1d(np.arange(len(X)), kept)  # what the run chose from, and covered
    points = X[kept] if given is None else np.concatenate([given, X[kept]])
    request = Request(X[rest], 1, given=points, kernel=choice.kernel, seed=choice.how.seed)
    ranks = choice.ranks()
    left = np.unique(rows[ranks[rows] == 0])
    picks = np.searchsorted(rest, choice.picks[~np.isin(choice.picks, kept)])
    more = added_after(request, picks, np.searchsorted(rest, left))
    adds = dict(zip(left.tolist(), more.tolist(), strict=True))
    last = _number(choice.scores[-1])
    return [
        Covering(adds[row] if row in adds else _number(float(choice.scores[ranks[row] - 1])), last)
        for row in rows.tolist()
    ]


def deita_reasons(choice: FinishedChoice, rows: IntArray) -> list[Graded]:
    """Places by quality, and of a row left out what it is too near to."""
    log_quality = choice.candidates.log_quality
    assert log_quality is not None  # noqa: S101 (the method is refused without)
    threshold = TOO_NEAR if choice.how.threshold is None else choice.how.threshold
    X, given = _compared(choice)
    places = np.empty(len(X), np.int64)
    places[np.argsort(-log_quality, kind="stable")] = np.arange(1, len(X) + 1)
    ranks, picks = choice.ranks(), choice.picks
    is_kept = np.isin(picks, choice.candidates.kept)
    last = int(places[picks[~is_kept]].max(initial=0))
    found = []
    for row in rows.tolist():
        other = None
        if not ranks[row]:
            before = picks[is_kept | (places[picks] < places[row])]
            other = _first_near(X, row, before, ranks, given, threshold)
        found.append(Graded(int(places[row]), last, len(X), threshold, other))
    return found


def dedup_reasons(choice: FinishedChoice, rows: IntArray) -> list[Repeating]:
    """What stays for each row, by the pairs that the run found."""
    threshold = REPEATS if choice.how.threshold is None else choice.how.threshold
    everything = replace(choice.candidates, budget=None)
    again, _ = choose_rows(everything, len(choice), choice.how)
    assert isinstance(again, Deduplicated)  # noqa: S101 (it is the method's)
    ranks = choice.ranks()
    found = []
    for row in rows.tolist():
        stays, cosine = int(again.stands_for[row]), float(again.nearness[row])
        other = None
        if stays < 0:
            other = BesideRow(-1 - stays, 0, cosine)
        elif stays != row and ranks[stays]:
            other = BesideRow(stays, int(ranks[stays]), cosine)
        found.append(Repeating(threshold, other))
    return found


def target_reasons(choice: FinishedChoice, rows: IntArray) -> list[ForTarget]:
    """Which row of the target took each, and when; of a row left out, what it took instead."""
    X, _ = _compared(choice)
    assert choice.candidates.target is not None  # noqa: S101 (the method is refused without)
    target = as_float32(choice.candidates.target)
    ranks, kept = choice.ranks(), choice.candidates.kept
    rest = np.setdiff1d(np.arange(len(X)), kept)
    wanted = len(rest) if choice.candidates.quotas else int((ranks[rest] > 0).sum())
    by, turns = np.full(len(X), -1), np.zeros(len(X), np.int64)
    taken = taken_in_rounds(X[rest], target, wanted)
    by[rest[taken.rows]], turns[rest[taken.rows]] = taken.by, taken.turns
    found = []
    for row in rows.tolist():
        cosines = rounded(target @ X[row])
        was_taken = bool(ranks[row]) and by[row] >= 0
        number = int(by[row]) if was_taken else int(np.argmax(cosines))
        own = choice.picks[by[choice.picks] == number]
        other = None
        if not ranks[row] and len(own):
            last = int(own[-1])
            other = BesideRow(last, int(ranks[last]), float(rounded(X[[last]] @ target[number])[0]))
        turn = int(turns[row]) if was_taken else None
        found.append(ForTarget(number, float(cosines[number]), turn, len(own), other))
    return found


def _first_near(
    X: Cosines,
    row: int,
    before: IntArray,
    ranks: IntArray,
    given: Cosines | None,
    threshold: float,
) -> BesideRow | None:
    """The first of some picks, else given row, at the threshold or nearer."""
    for points, is_given in ((X[before], False), (given, True)):
        if points is None or not len(points):
            continue
        cosines = rounded(points @ X[row])
        near = np.flatnonzero(cosines >= threshold)
        if len(near):
            place = int(near[0])
            other = place if is_given else int(before[place])
            return BesideRow(other, 0 if is_given else int(ranks[other]), float(cosines[place]))
    return None


def _compared(choice: FinishedChoice) -> tuple[Cosines, Cosines | None]:
    """Features and given rows as these methods compare them."""
    X, given = as_compared(choice.candidates, replace(choice.how, dtype="float32"))
    if given is None or not len(given):
        return as_float32(X), None
    return as_float32(X), as_float32(given)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
