"""Choices of a grid as lines of a table, what is best among them in words, and how to read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from spanset.base.alike_numbers import alike
from spanset.base.array_types import FloatArray
from spanset.runs.compared_choices import RANDOM, Compared, Suggestion

BEST = "*"  # beside the best value of a measure
SHARED, SECONDS = "shared %", "seconds"
PER_CENT = ("near-duplicates",)  # measures that are shown so


class ChoiceColumn(NamedTuple):
    """One measure of every choice, then of random ones.

    Attributes
    ----------
    name : str
        What it is.
    cells : list of str
        As they are shown, the best marked.
    values : list of float
        The same as numbers; NaN where there is none.
    """

    name: str
    cells: list[str]
    values: list[float]


def choice_names(compared: Compared) -> list[str]:
    """Choices in order, then all random ones together."""
    draws = sum(cell.method == RANDOM for cell in compared.cells)
    random = f"random, {draws} draws" if draws > 1 else "random"
    return [*(cell.label for cell in compared.chosen()), random]


def choice_columns(compared: Compared, size: int) -> list[ChoiceColumn]:
    """Measures, means of scores, rows in common with the first choice, seconds."""
    chosen = compared.chosen()
    names = [*compared.measures, *(f"mean {name}" for name in compared.scores)]
    columns = [measured_column(compared, size, name) for name in names]
    shares = shared_shares(compared, size)[0].tolist()
    cells = ["-" if np.isnan(share) else f"{100 * share:.0f}" for share in shares]
    columns.append(ChoiceColumn(SHARED, cells, shares))
    seconds = [cell.found.seconds for cell in chosen]
    if not chosen or any(value is not None for value in seconds):
        shown = ["" if value is None else f"{value:.1f}" for value in seconds]
        known = [np.nan if value is None else value for value in seconds]
        columns.append(ChoiceColumn(SECONDS, [*shown, ""], [*known, np.nan]))
    return columns


def shared_shares(compared: Compared, size: int) -> FloatArray:
    """Rows that two choices share, of those in either; random ones together, last.

    Returns
    -------
    (c + 1, c + 1) float64
        Mean over the draws beside random ones, and over their pairs; NaN of no draw or one.
    """
    own = len(compared.chosen())
    every = compared.overlaps(size)
    found = np.full((own + 1, own + 1), np.nan)
    found[:own, :own] = every[:own, :own]
    if own < len(every):
        found[:own, own] = found[own, :own] = every[:own, own:].mean(axis=1)
    pairs = every[own:, own:][np.triu_indices(len(every) - own, 1)]
    if len(pairs):
        found[own, own] = float(pairs.mean())
    if not own:  # beside nothing but random choices, the first of them stands there
        found[0, 0] = float(every[0].mean())
    return found


def measured_column(compared: Compared, size: int, name: str) -> ChoiceColumn:
    """Values of every choice, the best marked, then of random ones."""
    values = [cell.found.measures[str(size)][name] for cell in compared.chosen()]
    known = np.array([np.nan if value is None else value for value in values], np.float64)
    mean, deviation = compared.random(size, name)
    scale = 100 if name in PER_CENT else 1
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
    return ChoiceColumn(name, shown, [*(scale * known).tolist(), scale * mean])


def best_lines(compared: Compared, size: int) -> Iterator[str]:
    """Which choice is the best by every measure, beside random rows; and the highest scores."""
    chosen = compared.chosen()
    if not chosen:
        return
    for name in [*compared.measures, *(f"mean {name}" for name in compared.scores[1:])]:
        column = measured_column(compared, size, name)
        own = np.array(column.values[:-1])
        if not np.isfinite(own).any():
            continue
        better = compared.better.get(name)
        best = int(np.nanargmin(own) if better == "lower" else np.nanargmax(own))
        shown = [text.removeprefix(BEST) for text in column.cells]
        if len(set(shown)) == 1:
            continue  # of a measure by which nothing differs
        others = sum(text == shown[best] for text in shown[:-1]) - 1
        more = f" and {others:,} more" if others else ""
        kind = "Most diverse by" if better else "Highest"
        unit = " %" if name in PER_CENT else ""
        beside = f"{shown[best]}{unit} (random {shown[-1]}{unit})"
        yield f"{kind} {name}: {chosen[best].label}{more}, {beside}."


def suggestion_line(one: Suggestion) -> str:
    """Which lambdas no other beats, and the one that stands out."""
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


def directions_of(compared: Compared) -> str:
    """How to read the table."""
    first = compared.cells[0]
    lower = [name for name in compared.measures if compared.better[name] == "lower"]
    higher = [name for name in compared.measures if compared.better[name] == "higher"]
    said = [f"All choices are measured by {compared.space}."]
    if lower:
        said.append(f"Lower is more diverse: {', '.join(lower)}.")
    if higher:
        said.append(f"Higher is: {', '.join(higher)}.")
    said.append(f"{BEST} marks the best; shared: rows in common with {first.label}, of either's.")
    return " ".join(said)
