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
from spanset.commands.terminal.method_reasons import Fact, method_facts
from spanset.commands.terminal.tables import facts_grid
from spanset.selectors.dpp_reasons import Lead, LeftByGain, PickedByGain, Taken
from spanset.selectors.order_reasons import Placed

if TYPE_CHECKING:
    from spanset.commands.why_answers import Answer, Neighbour, OtherWeight, Place, Why


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
        yield "quality", f"{value}, better than {_percent(one.quality.better_than)} of rows", ""
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
    """What the method says."""
    if isinstance(one.reason, PickedByGain):
        yield from _picked(one.reason)
    elif isinstance(one.reason, LeftByGain):
        yield from _left_out(one, one.reason, names)
    elif isinstance(one.reason, Placed):
        yield _placed(one.reason, len(why.run))
    elif one.reason is not None:
        yield from method_facts(one, names.at)


def _picked(reason: PickedByGain) -> Iterator[Fact]:
    said = f"{reason.gain:.2g} of it was new; median of the picks {reason.median_gain:.2g}"
    yield "gain", said, ""
    if reason.lead is not None:
        yield "picked for", _lead(reason.lead), ""


def _lead(lead: Lead) -> str:
    """Which part made the score."""
    total = lead.quality + lead.diversity
    parts = {"diversity": lead.diversity, "quality": lead.quality}
    (more, most), (less, least) = sorted(parts.items(), key=lambda part: -part[1])
    if least >= 0 and total > 0:
        shares = f"{more} {_percent(most / total)}, {less} {_percent(least / total)}"
        return f"{shares} of its lead over a typical row"
    return f"its {more} ({most:+.2g}), in spite of its {less} ({least:+.2g})"


def _left_out(one: Answer, reason: LeftByGain, names: _Names) -> Iterator[Fact]:
    if reason.copy_of is not None and one.copy_of is not None:
        same = "word for word" if one.same_text else "in its features"
        what = _named(reason.copy_of.rank)
        yield "repeats", f"{what}, {same}: {names.at(one.copy_of)}", one.copy_of.text
        return
    if reason.spent:
        yield "spanned", "picks and given rows together leave nothing of it", ""
    if one.most is not None and one.own is not None:
        yield "explained by", _took(reason.own, one.own, names), one.own.text
        if reason.most != reason.own:
            yield "", f"most: {_took(reason.most, one.most, names)}", one.most.text
    if not reason.spent:
        left, typical = _percent(reason.left), _percent(reason.typical_left)
        yield "left of it", f"{left} after the last pick; median of rows left out {typical}", ""
    if reason.score is not None:
        said = f"{reason.score:.4g} when the last was picked at {reason.last_score:.4g}"
        yield "score", said, ""


def _took(taken: Taken, place: Place, names: _Names) -> str:
    """Who took how much, beside what it takes of others."""
    typical = f"of others {_percent(taken.typical)}"
    return f"{_named(taken.rank)} took {_percent(taken.share)}, {typical}: {names.at(place)}"


def _placed(reason: Placed, picked: int) -> Fact:
    place = f"{reason.place:,} of {reason.rows:,}, the first {picked:,} were picked"
    return f"place by {reason.by}", place, ""


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


def _named(rank: int) -> str:
    return f"pick {rank:,}" if rank else "a given row"


def _is_spent(one: Answer) -> bool:
    return isinstance(one.reason, LeftByGain) and one.reason.spent


def _percent(share: float) -> str:
    percent = 100 * share
    if 0 < percent < 0.1:
        return "<0.1 %"
    return f"{percent:.1f} %" if percent < 9.95 or 99 < percent < 100 else f"{percent:.0f} %"
