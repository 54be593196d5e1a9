"""Tables of `spanset measure`, as rich renderables; nothing is printed here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from spanset.base.errors import printable
from spanset.commands.terminal.fitting import Grid, Row, cut_middle
from spanset.commands.terminal.repeats_table import repeats_table
from spanset.commands.terminal.tables import add_costs, facts_grid, plain_table
from spanset.diversity.addition import MORE_OF_THE_SAME
from spanset.diversity.measurement import Measurement
from spanset.diversity.verdict import told_apart

if TYPE_CHECKING:
    from spanset.commands.measure_outcome import MeasureOutcome
    from spanset.diversity.addition import Addition, Additions
    from spanset.diversity.correlation import Correlation

FEW = 3  # data sets that stand side by side, with spreads; more stand below each other
MARK = "*"  # at the most diverse: for terminals, files and eyes without colour
UNDEFINED = "- "
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
    metrics: dict[str, Measurement] = {}
    for one in sets:
        metrics.update(one.measurements)
    columns = {
        metric: _column([one.measurements.get(metric) for one in sets], example, len(sets) <= FEW)
        for metric, example in metrics.items()
    }
    # What is not defined here is left out: coverage of one data set alone.
    columns = {metric: cells for metric, cells in columns.items() if set(cells) != {UNDEFINED}}
    names = [one.name for one in sets]
    if len(sets) > FEW:
        heads = [f"{_on_lines(metric)}\n{_arrow(metrics[metric])}" for metric in columns]
        rows = [
            Row(name, [cells[number] for cells in columns.values()])
            for number, name in enumerate(names)
        ]
        table = Grid("Diversity", "", heads, rows)
    else:
        # One alone leaves room for units; --json has them always.
        units = {metric: [metrics[metric].unit] if len(sets) == 1 else [] for metric in columns}
        heads = ["unit"] * (len(sets) == 1) + [cut_middle(name, LONGEST_HEAD) for name in names]
        rows = [
            Row(f"{_arrow(metrics[metric])} {metric}", [*units[metric], *cells])
            for metric, cells in columns.items()
        ]
        table = Grid("Diversity", "", heads, rows, words=(0,) if len(sets) == 1 else ())
    return Group(table, Text(_caption(outcome, metrics)), Text())


def _on_lines(metric: str) -> str:
    """A name above a column: a word a line, long ones cut short; a number stays with its word."""
    words = re.split(r"-(?!\d)", metric)
    shown = (word if len(word.split("-")[0]) <= LONGEST_WORD else f"{word[:5]}." for word in words)
    return "\n".join(shown)


def _arrow(example: Measurement) -> str:
    return "↑" if example.better == "higher" else "↓"


def _column(found: Sequence[Measurement | None], example: Measurement, few: bool) -> list[str]:
    """Cells of one measure, a data set each."""
    best = _best(found, example.better)
    return [_cell(one, number == best, few) for number, one in enumerate(found)]


def _caption(outcome: MeasureOutcome, metrics: Mapping[str, Measurement]) -> str:
    """How to read the table."""
    draws = len(next(iter(metrics.values())).draws) if metrics else 0
    means = "Mean ± standard deviation" if len(outcome.sets) <= FEW else "Means"
    values = "Values of one draw" if draws == 1 else f"{means} over {draws} draws"
    marked = draws > 1 and len(outcome.sets) > 1
    mark = f"; {MARK} the most diverse, where spreads tell it" if marked else ""
    return (
        f"{values}; pools of {outcome.pool:,} rows, n = {outcome.n:,}, against "
        f"{printable(outcome.reference)}. ↑ higher, ↓ lower is more diverse{mark}."
    )


def _best(found: Sequence[Measurement | None], better: str) -> int:
    """Number of the most diverse; -1 where none is, or where spreads leave it open."""
    known = {number: one for number, one in enumerate(found) if one and not np.isnan(one.value)}
    ranked = sorted(known, key=lambda number: known[number].value, reverse=better == "higher")
    if len(ranked) < 2 or not told_apart(known[ranked[0]], known[ranked[1]]):
        return -1
    return ranked[0]


def _cell(measurement: Measurement | None, is_best: bool, with_deviation: bool) -> str:
    if measurement is None or np.isnan(measurement.value):
        return UNDEFINED
    spread = max(measurement.deviation, measurement.standard_error)
    text = with_spread(measurement.value, spread) if with_deviation else short(measurement.value)
    return text + (MARK if is_best else " ")


def short(value: float) -> str:
    """A value with three digits, or all of its whole ones."""
    if not np.isfinite(value) or value == 0:
        return f"{value:g}"
    digits = int(np.clip(2 - np.floor(np.log10(abs(value))), 0, 4))
    return f"{value:,.{digits}f}"


def with_spread(value: float, spread: float) -> str:
    """A value with two digits of its spread, and no more than four of its own."""
    if not np.isfinite(value):
        return "-" if np.isnan(value) else f"{value}"
    if spread == 0 and float(value).is_integer():
        return f"{value:,.0f}"
    finest = max(abs(value) * 1e-3, spread / 10)
    digits = 0 if finest == 0 else int(np.clip(-np.floor(np.log10(finest)), 0, 6))
    shown, deviation = f"{value:,.{digits}f}", f"{spread:,.{digits}f}"
    return shown if float(deviation.replace(",", "")) == 0 else f"{shown} ± {deviation}"


def _correlations_table(correlations: Sequence[Correlation]) -> RenderableType:
    table = plain_table("", "Spearman", "95 %", "Pearson", "95 %", title="Correlation with scores")
    for one in correlations:
        arrow = "↑" if one.better == "higher" else "↓"
        table.add_row(
            Text(printable(f"{one.metric} {arrow}")),
            _number(one.spearman),
            _interval(one.spearman_interval),
            _number(one.pearson),
            _interval(one.pearson_interval),
        )
    caption = (
        f"Over {correlations[0].n} data sets; a measure that predicts the score is positive where "
        "↑, negative where ↓. Intervals by bootstrap over data sets: wide where these are few."
    )
    return Group(Text(), table, Text(caption))


def _number(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:+.2f}"


def _interval(ends: tuple[float, float]) -> str:
    return "-" if np.isnan(ends[0]) else f"{ends[0]:+.2f} to {ends[1]:+.2f}"


def _additions_table(added: Additions) -> RenderableType:
    heads = ("rows", "residual", "sum", "repeated", "adds", "after above")
    table = plain_table("new data", *heads, title="What new data add")
    for one in added.files:
        table.add_row(*_addition(one))
    if added.same is not None:
        table.add_section()
        table.add_row(*_addition(added.same))
    span = added.current_equivalent
    caption = (
        f"Given {added.current_rows:,} current rows, which span as much as {_points(span)} uniform "
        f"points ({added.spanning:,} of them are projected out). residual: what the current rows "
        "leave of a row, on average; sum: over all rows; repeated: rows of which they leave "
        "nothing; adds: uniform points that the file's rows span beside the current ones; after "
        f"above: beside the files above as well; {MORE_OF_THE_SAME}: a fifth of the current rows, "
        "given the others."
    )
    return Group(table, Text(caption))


def _points(count: int | None) -> str:
    return "more than the reference's" if count is None else f"{count:,}"


def _addition(one: Addition) -> list[Text]:
    sizes = (one.equivalent, one.after_those_above)
    cells = [
        one.name,
        f"{one.rows:,}",
        f"{one.mean_residual:.3f}",
        f"{one.residual_sum:,.1f}",
        f"{100 * one.repeated:.1f} %",
        *("-" if size is None else f"+{size:,}" for size in sizes),
    ]
    return [Text(printable(cell)) for cell in cells]
