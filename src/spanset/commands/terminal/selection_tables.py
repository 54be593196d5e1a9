"""What `spanset select` found, as rich renderables: pool, picks and random subsets side by side.

Sets are columns where these find room. Where several sizes have too many of them, each is a row,
and the shares of values stand in tables below, for the pool and the picks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from spanset.base.errors import printable
from spanset.commands.terminal.choice_lines import dropped_table, reached_table
from spanset.commands.terminal.diagnosis_lines import diagnosis_lines
from spanset.commands.terminal.fitting import Grid, Row, cut_middle
from spanset.commands.terminal.repeats_table import repeats_table
from spanset.commands.terminal.tables import add_costs, facts_grid

if TYPE_CHECKING:
    from rich.table import Table

    from spanset.commands.select import Outcome
    from spanset.runs.summary import SetSummary

ONE_SIZE = ("pool", "picked", "random")
SHOWN_VALUES = 16  # values of a field in the table; the rest are added up
LONGEST_HEAD = 16  # cells of a score's name above a column
BROKEN = {
    "tokens per row": "tokens\nper row",
    "log det, nats": "log det,\nnats",
    "near duplicates": "near\nduplicates",
}


class Line(NamedTuple):
    """One measure of every set; its name as a row, and as the head of a column."""

    label: str
    head: str
    cells: list[str]


def selection_tables(outcome: Outcome) -> RenderableType:
    """The sets side by side, how to read them, and how the run went."""
    from spanset.greedy.selection import StopReason

    sets = SetsSideBySide(outcome.summaries, estimated=outcome.run.tokens.is_estimated)
    parts: list[RenderableType] = [sets, Text(_caption(outcome), style="dim"), Text()]
    if outcome.reached is not None:
        ended = outcome.run.picks.stop_reason is StopReason.LITTLE_GAIN
        parts.append(reached_table(outcome.reached, ended=ended))
    if outcome.run.dropped is not None:
        parts.append(dropped_table(outcome.run.dropped, outcome.run.data))
    if outcome.repeats is not None:
        parts.append(repeats_table(outcome.repeats))
    parts.append(diagnosis_lines(outcome.run.diagnosis))
    return Group(*parts, _facts(outcome))


@dataclass(frozen=True)
class SetsSideBySide:
    """Measures of sets, then shares of values; laid out when the width is known.

    Attributes
    ----------
    sets : sequence of SetSummary
        The pool, then picks and random subsets by size.
    estimated : bool
        Whether tokens are.
    """

    sets: Sequence[SetSummary]
    estimated: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield one table, or several."""
        columns = self._sets_as_columns()
        if columns.fits(options.max_width) or len(self.sets) <= len(ONE_SIZE):
            yield columns
        else:
            yield self._sets_as_rows()
            yield from self._shares_of_picks()

    def _sets_as_columns(self) -> Grid:
        rows = [Row(line.label, line.cells) for line in _lines(self.sets, self.estimated)]
        for field, shares in _shares(self.sets):
            rows += [Row(f"share by {field}"), *(Row(*one, indent=2) for one in shares)]
        return Grid("Selection", "", [one.name for one in self.sets], rows, repeats=True)

    def _sets_as_rows(self) -> Grid:
        lines = list(_lines(self.sets, self.estimated))
        rows = [
            Row(one.name, [line.cells[number] for line in lines])
            for number, one in enumerate(self.sets)
        ]
        return Grid("Selection", "", [line.head for line in lines], rows, repeats=True)

    def _shares_of_picks(self) -> Iterator[Grid]:
        """A table a field. Random subsets have the pool's shares, but for chance."""
        shown = [one for one in self.sets if one.name != "random"]
        heads = [one.name if one.name == "pool" else f"{one.name}\n{one.rows:,}" for one in shown]
        for field, shares in _shares(shown):
            rows = [Row(*one) for one in shares]
            yield Grid("", f"share by {field}", heads, rows, repeats=True)


def _lines(sets: Sequence[SetSummary], estimated: bool) -> Iterator[Line]:
    """The same lines, with heads that break where a column is narrow."""
    from spanset.runs.set_lines import set_lines

    for label, remark, cells in set_lines(sets, estimated=estimated):
        yield Line(f"{label} {remark}".strip(), _head(label, remark), cells)


def _head(label: str, remark: str) -> str:
    """A label in lines, the first word of some above the others; a score's name is cut."""
    if label in BROKEN:
        return BROKEN[label]
    first, _, name = label.partition(" ")
    if first in ("mean", "median"):
        return f"{first}\n{cut_middle(name, LONGEST_HEAD)}"
    return f"{label}\n{remark}".strip()


def _caption(outcome: Outcome) -> str:
    """How to read the table."""
    from spanset.diversity.measures.near_duplicates import THRESHOLD
    from spanset.quality.model_scores import MODEL_SCORES
    from spanset.quality.scores import column_of
    from spanset.runs.compared_gains import draws_for
    from spanset.runs.set_lines import middle_shown

    sets = outcome.summaries
    said = []
    if any(one.log_det is not None for one in sets):
        draws = draws_for(sets[-1].rows, outcome.run.config.get("draws"))
        spread = f"; ± its deviation over {draws} random subsets" if draws > 1 else ""
        said.append(f"Log det is the volume that rows span: higher is more diverse{spread}.")
    said.append(f"Near duplicates have another row at cosine {THRESHOLD:g} or more.")
    for quality in sets[0].scores:
        up = MODEL_SCORES[quality].up if quality in MODEL_SCORES else column_of(quality)[1]
        if not up:
            said.append(f"Lower {middle_shown(quality)[1]} is better.")
    return printable(" ".join(said))


def _facts(outcome: Outcome) -> Table:
    picks = outcome.run.picks
    facts = facts_grid()
    short = outcome.wanted is not None and len(picks) < outcome.wanted
    count = f"after {len(picks):,} of {outcome.wanted:,}: " if short else ""
    last = "" if np.isnan(picks.gains[-1]) else f"; gain of the last pick {picks.gains[-1]:.3g}"
    facts.add_row("stopped", f"{count}{picks.stop_reason.value}{last}")
    add_costs(facts, outcome.timings, outcome.peak_bytes)
    for number, name in enumerate(outcome.written):
        facts.add_row("" if number else "written", Text(printable(name)))
    return facts


def _shares(sets: Sequence[SetSummary]) -> Iterator[tuple[str, list[tuple[str, list[str]]]]]:
    """Fields with the shares of their values in every set."""
    from spanset.runs.set_lines import field_shares

    for field, shares in field_shares([one.shares for one in sets], SHOWN_VALUES):
        yield field, [(label, [f"{100 * one:.1f} %" for one in row]) for label, row in shares]
