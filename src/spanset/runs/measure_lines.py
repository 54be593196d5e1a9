"""What was measured as lines of tables: values with their spread, and how to read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from spanset.base.errors import printable
from spanset.diversity.addition import MORE_OF_THE_SAME, Addition, Additions
from spanset.diversity.correlation import Correlation
from spanset.diversity.measurement import MeasuredSet, Measurement
from spanset.diversity.verdict import told_apart
from spanset.runs.measure_outcome import MeasureOutcome

MARK = "*"  # at the most diverse: for terminals, files and eyes without colour
UNDEFINED = "- "
ADDED = ("rows", "residual", "sum", "repeated", "adds", "after above")
CORRELATED = ("Spearman", "95 %", "Pearson", "95 %")


class MetricLine(NamedTuple):
    """One measure of every data set.

    Attributes
    ----------
    metric : str
        Its name.
    example : Measurement
        Of one of them: unit and direction.
    cells : list of str
        As they are shown, the most diverse marked.
    values : list of float
        The same as numbers; NaN where there is none.
    """

    metric: str
    example: Measurement
    cells: list[str]
    values: list[float]

    @property
    def arrow(self) -> str:
        """Which way is more diverse."""
        return arrow_of(self.example.better)


def metric_lines(sets: Sequence[MeasuredSet], *, spreads: bool) -> list[MetricLine]:
    """Every measure that is defined for some set, with spreads beside the values or without."""
    metrics: dict[str, Measurement] = {}
    for one in sets:
        metrics.update(one.measurements)
    lines = []
    for metric, example in metrics.items():
        found = [one.measurements.get(metric) for one in sets]
        best = _best(found, example.better)
        cells = [_cell(one, number == best, spreads) for number, one in enumerate(found)]
        # What is not defined here is left out: coverage of one data set alone.
        if set(cells) != {UNDEFINED}:
            values = [np.nan if one is None else one.value for one in found]
            lines.append(MetricLine(metric, example, cells, values))
    return lines


def arrow_of(better: str) -> str:
    """Whether higher or lower is more diverse."""
    return "↑" if better == "higher" else "↓"


def measures_caption(outcome: MeasureOutcome, *, spreads: bool) -> str:
    """How to read the table of measures."""
    metrics: Mapping[str, Measurement] = {}
    for one in outcome.sets:
        metrics = {**metrics, **one.measurements}
    draws = len(next(iter(metrics.values())).draws) if metrics else 0
    means = "Mean ± standard deviation" if spreads else "Means"
    values = "Values of one draw" if draws == 1 else f"{means} over {draws} draws"
    marked = draws > 1 and len(outcome.sets) > 1
    mark = f"; {MARK} the most diverse, where spreads tell it" if marked else ""
    return (
        f"{values}; pools of {outcome.pool:,} rows, n = {outcome.n:,}, against "
        f"{printable(outcome.reference)}. ↑ higher, ↓ lower is more diverse{mark}."
    )


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


def correlation_cells(one: Correlation) -> list[str]:
    """Name of a measure with its direction, then what `CORRELATED` names."""
    return [
        printable(f"{one.metric} {arrow_of(one.better)}"),
        _number(one.spearman),
        _interval(one.spearman_interval),
        _number(one.pearson),
        _interval(one.pearson_interval),
    ]


def correlations_caption(correlations: Sequence[Correlation]) -> str:
    """How to read them."""
    return (
        f"Over {correlations[0].n} data sets; a measure that predicts the score is positive where "
        "↑, negative where ↓. Intervals by bootstrap over data sets: wide where these are few."
    )


def addition_cells(one: Addition) -> list[str]:
    """Name of a file, then what `ADDED` names."""
    sizes = (one.equivalent, one.after_those_above)
    cells = [
        one.name,
        f"{one.rows:,}",
        f"{one.mean_residual:.3f}",
        f"{one.residual_sum:,.1f}",
        f"{100 * one.repeated:.1f} %",
        *("-" if size is None else f"+{size:,}" for size in sizes),
    ]
    return [printable(cell) for cell in cells]


def additions_caption(added: Additions) -> str:
    """How to read the table of what new data add."""
    return (
        f"Given {added.current_rows:,} current rows, which span as much as "
        f"{_points(added.current_equivalent)} uniform "
        f"points ({added.spanning:,} of them are projected out). residual: what the current rows "
        "leave of a row, on average; sum: over all rows; repeated: rows of which they leave "
        "nothing; adds: uniform points that the file's rows span beside the current ones; after "
        f"above: beside the files above as well; {MORE_OF_THE_SAME}: a fifth of the current rows, "
        "given the others."
    )


def spread_of(measurement: Measurement) -> float:
    """Over draws, or of the estimate within one where that is more."""
    return max(measurement.deviation, measurement.standard_error)


def _best(found: Sequence[Measurement | None], better: str) -> int:
    """Number of the most diverse; -1 where none is, or where spreads leave it open."""
    known = {number: one for number, one in enumerate(found) if one and not np.isnan(one.value)}
    ranked = sorted(known, key=lambda number: known[number].value, reverse=better == "higher")
    if len(ranked) < 2 or not told_apart(known[ranked[0]], known[ranked[1]]):
        return -1
    return ranked[0]


def _cell(measurement: Measurement | None, is_best: bool, spreads: bool) -> str:
    if measurement is None or np.isnan(measurement.value):
        return UNDEFINED
    value = measurement.value
    text = with_spread(value, spread_of(measurement)) if spreads else short(value)
    return text + (MARK if is_best else " ")


def _number(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:+.2f}"


def _interval(ends: tuple[float, float]) -> str:
    return "-" if np.isnan(ends[0]) else f"{ends[0]:+.2f} to {ends[1]:+.2f}"


def _points(count: int | None) -> str:
    return "more than the reference's" if count is None else f"{count:,}"
