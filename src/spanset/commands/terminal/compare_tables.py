"""Choices side by side, as rich renderables: measures, what they have in common, a suggestion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from spanset.base.errors import printable
from spanset.commands.terminal.fitting import Grid, Row, cut_middle
from spanset.commands.terminal.tables import add_costs, facts_grid
from spanset.runs.compared_lines import (
    SHARED,
    choice_columns,
    choice_names,
    directions_of,
    suggestion_line,
)

if TYPE_CHECKING:
    from spanset.commands.compare import CompareRun
    from spanset.runs.compared_choices import Compared

HEADS = {
    "near-duplicates": "near\ndup. %",
    "equivalent-size": "equiv.\nsize",
    SHARED: "shared\n%",
}
LONGEST_HEAD = 10  # cells of a score's name above a column


def compare_tables(run: CompareRun) -> RenderableType:
    """A table a size, how to read it, and how the run went."""
    compared = run.compared
    parts: list[RenderableType] = []
    for size in compared.sizes:
        parts.append(_measures(compared, size))
        parts += [Text(printable(suggestion_line(one))) for one in compared.suggestions(size)]
    caption = Text(printable(directions_of(compared)), style="dim")
    return Group(*parts, caption, Text(), _facts(run))


def _measures(compared: Compared, size: int) -> Grid:
    columns = choice_columns(compared, size)
    rows = [
        Row(name, [column.cells[number] for column in columns])
        for number, name in enumerate(choice_names(compared))
    ]
    heads = [_head(column.name) for column in columns]
    return Grid(f"{size:,} of {compared.pool:,} rows", "choice", heads, rows)


def _head(name: str) -> str:
    if name == "mean tokens":
        return "tokens\nper row"
    if name.startswith("mean "):
        return f"mean\n{cut_middle(name.removeprefix('mean '), LONGEST_HEAD)}"
    return HEADS.get(name, name)


def _facts(run: CompareRun) -> RenderableType:
    facts = facts_grid()
    add_costs(facts, run.timings, run.peak_bytes)
    facts.add_row("kept in", Text(printable(run.folder)))
    if run.page is not None:
        facts.add_row("page", Text(printable(run.page)))
    return facts
