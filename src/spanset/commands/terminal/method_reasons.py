"""Why rows were picked or left out by methods without gains, as facts for `why_table`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from spanset.selectors.other_reasons import (
    BesideRow,
    Covering,
    Farthest,
    ForTarget,
    Graded,
    Repeating,
)

if TYPE_CHECKING:
    from spanset.commands.why_answers import Answer, Place

Fact = tuple[str, str, str]  # name, what is said, and the text of the row that it is about
At = Callable[["Place"], str]  # file and line of a row


def method_facts(one: Answer, at: At) -> Iterator[Fact]:
    """What the method that chose says of a row."""
    if isinstance(one.reason, Farthest):
        yield "distance", _distance(one.reason, is_picked=one.rank is not None), ""
    elif isinstance(one.reason, Covering):
        yield "coverage", _coverage(one.reason, is_picked=one.rank is not None), ""
    elif isinstance(one.reason, Graded):
        yield from _graded(one, one.reason, at)
    elif isinstance(one.reason, Repeating):
        yield from _repeating(one, one.reason, at)
    elif isinstance(one.reason, ForTarget):
        yield from _for_target(one, one.reason, at)


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


def _graded(one: Answer, reason: Graded, at: At) -> Iterator[Fact]:
    last = f"; the last pick stands at {reason.last_place:,}" if reason.last_place else ""
    yield "place by quality", f"{reason.place:,} of {reason.rows:,}{last}", ""
    if one.rank is not None:
        return
    if reason.other is not None and one.other is not None:
        yield _too_near("too near", reason.other, one.other, reason.threshold, at)
    elif reason.place < reason.last_place:
        yield "left out by", "the shares: the method would have picked it", ""
    else:
        yield "left out by", "its quality: near no pick, but behind the last", ""


def _repeating(one: Answer, reason: Repeating, at: At) -> Iterator[Fact]:
    if reason.other is not None and one.other is not None:
        yield _too_near("repeats", reason.other, one.other, reason.threshold, at)
    else:
        said = f"no row that stays before it (cosine {reason.threshold:g} or more)"
        yield "repeats", said, ""


def _for_target(one: Answer, reason: ForTarget, at: At) -> Iterator[Fact]:
    if one.target is None:
        return
    cosine = f"cosine {reason.cosine:.3f}: {at(one.target)}"
    if reason.turn is not None:
        yield "taken for", f"round {reason.turn:,}, {cosine}", one.target.text
        return
    yield "nearest target", cosine, one.target.text
    if reason.other is not None and one.other is not None:
        took = f"{reason.took:,} pick" + "s" * (reason.took != 1)
        said = f"took {took}, the last at cosine {reason.other.cosine:.3f}: {at(one.other)}"
        yield "which", said, one.other.text


def _too_near(name: str, other: BesideRow, place: Place, threshold: float, at: At) -> Fact:
    who = f"pick {other.rank:,}" if other.rank else "a given row"
    said = f"{who}, cosine {other.cosine:.3f} ({threshold:g} or more): {at(place)}"
    return name, said, place.text
