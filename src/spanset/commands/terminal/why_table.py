"""Why rows were picked or left out, as rich renderables: a heading and a few facts for each.

Shares are of what a row has of its own, k(x, x): 1 is a row that nothing is like, 0 a copy. What
rows hold is shown as text on one line, cut to the width.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.text import Text

from spanset.base.errors import printable
from spanset.base.short_names import short_names
from spanset.commands.terminal.tables import facts_grid
from spanset.runs.reason_words import percent, said_of
from spanset.selectors.dpp_reasons import LeftByGain

if TYPE_CHECKING:
    from spanset.commands.why_answers import Answer, Neighbour, OtherWeight, Place, Why

Fact = tuple[str, str, str]  # name, what is said, and the text of the row that it is about


def why_table(why: Why) -> RenderableType:
    """A block for each row, then what was not computed."""
    names = sorted({place.source for one in why.answers for place in _places(one)})
    shown = _Names(dict(zip(names, short_names(names), strict=True)))
    parts: list[RenderableType] = []
    for one in why.answers:
        parts += [_heading(one, why, shown), _Cut(one.place.text), Text(), _facts(one, why, shown)]
        parts.append(Text())
    if why.notes:
        parts.append(Text(printable(" ".join(why.notes)), style="dim"))
    return Group(*parts[: None if why.notes else -1])


@dataclass(frozen=True)
class _Names:
    """Sources by the names that tell them apart."""

    short: dict[str, str]

    def at(self, place: Place) -> str:
        """File and line."""
        return f"{self.short[place.source]}:{place.line}"


@dataclass(frozen=True)
class _Cut:
    """Text on one line, as much as there is room for."""

    text: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the line."""
        shown = printable(self.text)
        yield Text(shown, style="dim", no_wrap=True, overflow="ellipsis")

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """From a few letters to all of them."""
        return Measurement(10, max(10, cell_len(printable(self.text)))).with_maximum(
            options.max_width
        )


def _places(one: Answer) -> Iterator[Place]:
    near = (one.nearest, one.nearest_given, *one.standing)
    yield one.place
    yield from (each.place for each in near if each is not None)
    yield from (
        place
        for place in (one.most, one.own, one.copy_of, one.other, one.target)
        if place is not None
    )


def _heading(one: Answer, why: Why, names: _Names) -> Text:
    said = f"picked, rank {one.rank:,} of {len(why.run):,}" if one.rank else "left out"
    text = f"{names.at(one.place)}  row {one.place.row:,}: {said}"
    return Text(printable(text), style="bold")


def _facts(one: Answer, why: Why, names: _Names) -> RenderableType:
    facts = facts_grid()
    for name, said, text in _lines(one, why, names):
        lines: list[RenderableType] = [Text(printable(said))] if said else []
        facts.add_row(name, Group(*lines, *([_Cut(text)] if text else [])))
    return facts


def _lines(one: Answer, why: Why, names: _Names) -> Iterator[Fact]:
    """All facts of a row, in the order of what explains most."""
    yield from _by_method(one, why, names)
    if one.quality is not None:
        value = f"{_score_name(one.quality.name)} {one.quality.value:,.4g}"
        yield "quality", f"{value}, better than {percent(one.quality.better_than)} of rows", ""
    if one.nearest is not None and one.nearest.place not in (one.copy_of, one.other):
        name = "nearest pick" if one.rank is None else "nearest before"
        yield _nearest(name, one.nearest, names)
    if one.nearest_given is not None and one.nearest_given.place not in (one.copy_of, one.other):
        yield _nearest("nearest given", one.nearest_given, names)
    if one.rank is not None:
        yield from _stands_for(one, names)
    if one.further is not None and not _is_spent(one):
        limit, rank = one.further.limit, one.further.rank
        where = f"beyond {limit:,}" if rank is None else f"{rank:,}"
        yield "rank", f"{where}, if the selection went on", ""
    if one.other_weight is not None:
        yield "lambda", _weight(one.other_weight), ""


def _by_method(one: Answer, why: Why, names: _Names) -> Iterator[Fact]:
    """What the method says, with the rows that it speaks of."""
    picks, is_picked = len(why.run), one.rank is not None
    for each in said_of(one.reason, is_picked=is_picked, picks=picks, is_same_text=one.same_text):
        place: Place | None = None if each.about is None else getattr(one, each.about)
        if place is None:
            yield each.name, each.words, ""
        else:
            yield each.name, f"{each.words}: {names.at(place)}", place.text


def _nearest(name: str, near: Neighbour, names: _Names) -> Fact:
    who = "" if near.is_given else f"pick {near.rank:,}, "
    return name, f"{who}cosine {near.cosine:.3f}: {names.at(near.place)}", near.place.text


def _stands_for(one: Answer, names: _Names) -> Iterator[Fact]:
    count = one.stands_for
    rows = "no row" if not count else f"{count:,} row" + "s" * (count > 1)
    nearest = "; the nearest" if count > len(one.standing) else ""
    yield "stands for", f"{rows} left out{nearest}", ""
    for near in one.standing:
        yield "", f"cosine {near.cosine:.3f}: {names.at(near.place)}", near.place.text


def _score_name(quality: str) -> str:
    """Of a column its own name."""
    from spanset.quality.scores import column_of

    return column_of(quality)[0] or quality


def _weight(other: OtherWeight) -> str:
    if other.first is None:
        tried = ", ".join(f"{one:g}" for one in other.tried if one != other.own)
        return f"none of {tried} would pick it; the run had {other.own:g}"
    return f"{other.first:g} would pick it; the run had {other.own:g}"


def _is_spent(one: Answer) -> bool:
    return isinstance(one.reason, LeftByGain) and one.reason.spent
