"""Tables of `spanset measure`, as rich renderables; nothing is printed here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from spanset.base.errors import printable
from spanset.commands.terminal.fitting import Grid, Row, cut_middle
from spanset.commands.terminal.repeats_table import repeats_table
from spanset.commands.terminal.tables import add_costs, facts_grid, plain_table
from spanset.runs.measure_lines import (
    ADDED,
    CORRELATED,
    addition_cells,
    additions_caption,
    correlation_cells,
    correlations_caption,
    measures_caption,
    metric_lines,
)

if TYPE_CHECKING:
    from spanset.diversity.addition import Additions
    from spanset.diversity.correlation import Correlation
    from spanset.runs.measure_outcome import MeasureOutcome

FEW = 3  # data sets that stand side by side, with spreads; more stand below each other
LONGEST_WORD = 8  # letters of a measure's name above a column
LONGEST_HEAD = 24  # cells of a data set's name above a column


def measure_tables(outcome: MeasureOutcome) -> RenderableType:
    """Measures, what repeats across data sets, correlations, verdict, and how the run went."""
    parts: list[RenderableType] = []
    if outcome.additions is not None:
        parts.append(_additions_table(outcome.additions))
    else:
        parts.append(_measures_table(outcome))
    if outcome.repeats is not None:
        parts.append(repeats_table(outcome.repeats))
    if outcome.correlations:
        parts.append(_correlations_table(outcome.correlations))
    if outcome.verdict:
        parts += [
            Text("Verdict", style="bold"),
            *(Text(printable(line)) for line in outcome.verdict),
            Text(),
        ]
    facts = facts_grid()
    add_costs(facts, outcome.timings, outcome.peak_bytes)
    for name in outcome.written:
        facts.add_row("written", Text(printable(name)))
    return Group(*parts, facts)


def _measures_table(outcome: MeasureOutcome) -> RenderableType:
    """A row a measure, or a row a data set where there are many; the most diverse marked."""
    sets = outcome.sets
    few = len(sets) <= FEW
    lines = metric_lines(sets, spreads=few)
    names = [one.name for one in sets]
    if not few:
        heads = [f"{_on_lines(line.metric)}\n{line.arrow}" for line in lines]
        rows = [
            Row(name, [line.cells[number] for line in lines]) for number, name in enumerate(names)
        ]
        table = Grid("Diversity", "", heads, rows)
    else:
        # One alone leaves room for units; --json has them always.
        alone = len(sets) == 1
        heads = ["unit"] * alone + [cut_middle(name, LONGEST_HEAD) for name in names]
        rows = [
            Row(f"{line.arrow} {line.metric}", [*([line.example.unit] * alone), *line.cells])
            for line in lines
        ]
        table = Grid("Diversity", "", heads, rows, words=(0,) if alone else ())
    return Group(table, Text(measures_caption(outcome, spreads=few)), Text())


def _on_lines(metric: str) -> str:
    """A name above a column: a word a line, long ones cut short; a number stays with its word."""
    words = re.split(r"-(?!\d)", metric)
    shown = (word if len(word.split("-")[0]) <= LONGEST_WORD else f"{word[:5]}." for word in words)
    return "\n".join(shown)


def _correlations_table(correlations: Sequence[Correlation]) -> RenderableType:
    table = plain_table("", *CORRELATED, title="Correlation with scores")
    for one in correlations:
        table.add_row(*map(Text, correlation_cells(one)))
    return Group(Text(), table, Text(correlations_caption(correlations)))


def _additions_table(added: Additions) -> RenderableType:
    table = plain_table("new data", *ADDED, title="What new data add")
    for one in added.files:
        table.add_row(*map(Text, addition_cells(one)))
    if added.same is not None:
        table.add_section()
        table.add_row(*map(Text, addition_cells(added.same)))
    return Group(table, Text(additions_caption(added)))
