"""Choices side by side, as rich renderables: measures, what they have in common, a suggestion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from spanset.base.alike_numbers import alike
from spanset.base.errors import printable
from spanset.commands.terminal.fitting import Grid, Row, cut_middle
from spanset.commands.terminal.tables import add_costs, facts_grid
from spanset.runs.compared_choices import RANDOM

if TYPE_CHECKING:
    from spanset.runs.compared_choices import Compared, Suggestion

HEADS = {
    "near-duplicates": "near\ndup. %",
    "equivalent-size": "equiv.\nsize",
    "coverage": "coverage",
}
LONGEST_HEAD = 10  # cells of a score's name above a column
BEST = "*"  # beside the best value of a measure


def compare_tables(compared: Compared) -> RenderableType:
    """A table a size, how to read it, and how the run went."""
    parts: list[RenderableType] = []
    for size in compared.sizes:
        parts += [_measures(compared, size), *_suggestions(compared, size)]
    return Group(*parts, Text(_caption(compared), style="dim"), Text(), _facts(compared))


def _measures(compared: Compared, size: int) -> Grid:
    chosen = compared.chosen()
    names = [*compared.measures, *(f"mean {name}" for name in compared.scores)]
    columns = [_column(compared, size, name) for name in names]
    overlaps = compared.overlaps(size)
    with_first = [f"{100 * value:.0f}" for value in overlaps[0, : len(chosen)]]
    at_random = [i for i, cell in enumerate(compared.cells) if cell.method == RANDOM]
    shared = f"{100 * float(overlaps[0, at_random].mean()):.0f}" if at_random else "-"
    seconds = [f"{cell.found.seconds:.1f}" for cell in chosen]
    rows = []
    for number, cell in enumerate(chosen):
        cells = [column[number] for column in columns]
        rows.append(Row(cell.label, [*cells, with_first[number], seconds[number]]))
    draws = len(at_random)
    means = [column[-1] for column in columns]
    rows.append(Row(f"random, {draws} draws" if draws > 1 else "random", [*means, shared, ""]))
    heads = [*map(_head, names), "shared\n%", "seconds"]
    return Grid(f"{size:,} of {len(compared.data):,} rows", "choice", heads, rows)


def _column(compared: Compared, size: int, name: str) -> list[str]:
    """Values of every choice, the best marked, then of random ones."""
    chosen = compared.chosen()
    values = [cell.found.measures[str(size)][name] for cell in chosen]
    known = np.array([np.nan if value is None else value for value in values], np.float64)
    mean, deviation = compared.random(size, name)
    scale = 100 if name == "near-duplicates" else 1
    shown = alike(scale * np.append(known, mean), most=2 if scale > 1 else 4)
    better = compared.better.get(name)
    if better and np.isfinite(known).any():
        best = shown[int(np.nanargmax(known) if better == "higher" else np.nanargmin(known))]
        if len(set(shown[:-1])) > 1:  # equal as far as is shown: the order of sums differs
            marked = [f"{BEST}{text}" if text == best else text for text in shown[:-1]]
            shown = [*marked, shown[-1]]
    if deviation and name in compared.better:
        digits = len(shown[-1].partition(".")[2])
        shown[-1] += f" ± {scale * deviation:.{digits}f}"
    return shown


def _head(name: str) -> str:
    if name == "mean tokens":
        return "tokens\nper row"
    if name.startswith("mean "):
        return f"mean\n{cut_middle(name.removeprefix('mean '), LONGEST_HEAD)}"
    return HEADS.get(name, name)


def _suggestions(compared: Compared, size: int) -> list[RenderableType]:
    return [Text(printable(_said(one))) for one in compared.suggestions(size)]


def _said(one: Suggestion) -> str:
    front = ", ".join(f"{weight:g}" for weight in one.front)
    by = f"{one.quality} ({one.line})" if one.line else one.quality
    said = f"By {by}, no lambda of these is beaten in both quality and LDD: {front}. "
    if one.weight is None:
        return said + "None stands out: what is won in one is lost in the other."
    return said + (
        f"Suggested: lambda {one.weight:g}, the farthest from the line between the ends: "
        f"{100 * one.kept:.0f} % of the quality to be won for {100 * one.lost:.0f} % of the LDD "
        "to be lost."
    )


def _caption(compared: Compared) -> str:
    first = compared.cells[0]
    lower = [name for name in compared.measures if compared.better[name] == "lower"]
    higher = [name for name in compared.measures if compared.better[name] == "higher"]
    said = [f"All choices are measured by {compared.space}."]
    if lower:
        said.append(f"Lower is more diverse: {', '.join(lower)}.")
    if higher:
        said.append(f"Higher is: {', '.join(higher)}.")
    said.append(f"{BEST} marks the best; shared: rows in common with {first.label}, of either's.")
    return printable(" ".join(said))


def _facts(compared: Compared) -> RenderableType:
    facts = facts_grid()
    add_costs(facts, compared.timings, compared.peak_bytes)
    facts.add_row("kept in", Text(printable(compared.folder)))
    return facts
