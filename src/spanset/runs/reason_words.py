"""Why a row was picked or left out, in words: the terminal and the page say the same.

Shares are of what a row has of its own, k(x, x): 1 is a row that nothing is like, 0 a copy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from spanset.selectors.dpp_reasons import Lead, LeftByGain, PickedByGain, Taken
from spanset.selectors.order_reasons import Placed
from spanset.selectors.other_reasons import (
    BesideRow,
    Covering,
    Farthest,
    ForTarget,
    Graded,
    Repeating,
)
from spanset.selectors.reasons import Reason

ROUNDING = 1e-9  # per cent, below which products of whole matrices and of one row differ

About = Literal["most", "own", "copy_of", "other", "target"]


@dataclass(frozen=True)
class Said:
    """One thing that is said of a row.

    Attributes
    ----------
    name : str
        What it is about, in a word or two; empty where it goes on with the one before.
    words : str
        What is said.
    about : str or None
        Which row of the reason it speaks of, by the reason's own word.
    """

    name: str
    words: str
    about: About | None = None


def said_of(
    reason: Reason | None, *, is_picked: bool, picks: int, is_same_text: bool = False
) -> Iterator[Said]:
    """All that the method which chose says of a row, what explains most first.

    Parameters
    ----------
    is_picked : bool
        Whether the row was.
    picks : int
        How many rows were.
    is_same_text : bool
        Whether the row says the same as the one that it repeats.
    """
    if isinstance(reason, PickedByGain):
        yield from _picked(reason)
    elif isinstance(reason, LeftByGain):
        yield from _left_out(reason, is_same_text=is_same_text)
    elif isinstance(reason, Placed):
        place = f"{reason.place:,} of {reason.rows:,}, the first {picks:,} were picked"
        yield Said(f"place by {reason.by}", place)
    elif isinstance(reason, Farthest):
        yield Said("distance", _distance(reason, is_picked=is_picked))
    elif isinstance(reason, Covering):
        yield Said("coverage", _coverage(reason, is_picked=is_picked))
    elif isinstance(reason, Graded):
        yield from _graded(reason, is_picked=is_picked)
    elif isinstance(reason, Repeating):
        yield _repeating(reason)
    elif isinstance(reason, ForTarget):
        yield from _for_target(reason)


def percent(share: float) -> str:
    """A share, with a decimal where it is near none or all."""
    value = 100 * share
    if ROUNDING < value < 0.1:
        return "<0.1 %"
    return f"{value:.1f} %" if value < 9.95 or 99 < value < 100 else f"{value:.0f} %"


def _picked(reason: PickedByGain) -> Iterator[Said]:
    new = f"{reason.gain:.2g} of it was new; median of the picks {reason.median_gain:.2g}"
    yield Said("gain", new)
    if reason.lead is not None:
        yield Said("picked for", _lead(reason.lead))


def _lead(lead: Lead) -> str:
    """Which part made the score."""
    total = lead.quality + lead.diversity
    parts = {"diversity": lead.diversity, "quality": lead.quality}
    (more, most), (less, least) = sorted(parts.items(), key=lambda part: -part[1])
    if least >= 0 and total > 0:
        shares = f"{more} {percent(most / total)}, {less} {percent(least / total)}"
        return f"{shares} of its lead over a typical row"
    return f"its {more} ({most:+.2g}), in spite of its {less} ({least:+.2g})"


def _left_out(reason: LeftByGain, *, is_same_text: bool) -> Iterator[Said]:
    if reason.copy_of is not None:
        same = "word for word" if is_same_text else "in its features"
        yield Said("repeats", f"{_named(reason.copy_of.rank)}, {same}", "copy_of")
        return
    if reason.spent:
        yield Said("spanned", "picks and given rows together leave nothing of it")
    yield Said("explained by", _took(reason.own), "own")
    if reason.most != reason.own:
        yield Said("", f"most: {_took(reason.most)}", "most")
    if not reason.spent:
        left, typical = percent(reason.left), percent(reason.typical_left)
        yield Said("left of it", f"{left} after the last pick; median of rows left out {typical}")
    if reason.score is not None:
        at = f"{reason.score:.4g} when the last was picked at {reason.last_score:.4g}"
        yield Said("score", at)


def _took(taken: Taken) -> str:
    """Who took how much, beside what it takes of others."""
    return f"{_named(taken.rank)} took {percent(taken.share)}, of others {percent(taken.typical)}"


def _distance(reason: Farthest, *, is_picked: bool) -> str:
    if reason.distance is None:
        return "none: it was picked before there was another to be far from, or had to be"
    where = "from the nearest pick before it" if is_picked else "from the nearest pick"
    last = "" if reason.last is None else f"; the last was picked at {reason.last:.4f}"
    return f"{reason.distance:.4f} {where}{last}"


def _coverage(reason: Covering, *, is_picked: bool) -> str:
    if reason.added is None:
        return "unknown: it had to be picked"
    added = f"{'it added' if is_picked else 'it would add'} {reason.added:.3g}"
    last = "" if reason.last is None else f"; the last pick added {reason.last:.3g}"
    return f"{added} to the mean similarity of a row with its nearest pick{last}"


def _graded(reason: Graded, *, is_picked: bool) -> Iterator[Said]:
    last = f"; the last pick stands at {reason.last_place:,}" if reason.last_place else ""
    yield Said("place by quality", f"{reason.place:,} of {reason.rows:,}{last}")
    if is_picked:
        return
    if reason.other is not None:
        yield _too_near("too near", reason.other, reason.threshold)
    elif reason.place < reason.last_place:
        yield Said("left out by", "the shares: the method would have picked it")
    else:
        yield Said("left out by", "its quality: near no pick, but behind the last")


def _repeating(reason: Repeating) -> Said:
    if reason.other is not None:
        return _too_near("repeats", reason.other, reason.threshold)
    none = f"no row that stays before it (cosine {reason.threshold:g} or more)"
    return Said("repeats", none)


def _for_target(reason: ForTarget) -> Iterator[Said]:
    cosine = f"cosine {reason.cosine:.3f}"
    if reason.turn is not None:
        yield Said("taken for", f"round {reason.turn:,}, {cosine}", "target")
        return
    yield Said("nearest target", cosine, "target")
    if reason.other is not None:
        took = f"{reason.took:,} pick" + "s" * (reason.took != 1)
        last = f"took {took}, the last at cosine {reason.other.cosine:.3f}"
        yield Said("which", last, "other")


def _too_near(name: str, other: BesideRow, threshold: float) -> Said:
    near = f"{_named(other.rank)}, cosine {other.cosine:.3f} ({threshold:g} or more)"
    return Said(name, near, "other")


def _named(rank: int) -> str:
    return f"pick {rank:,}" if rank else "a given row"
