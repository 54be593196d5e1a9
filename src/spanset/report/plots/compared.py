"""Measured sets as columns: one measure of all of them, and its values in writing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from spanset.base.array_types import FloatArray
from spanset.diversity.measurement import Curve, MeasuredSet
from spanset.report.plots.names import drawable


class Column(NamedTuple):
    """One measure of all s sets, in their order."""

    metric: str
    title: str  # the metric, as it is written
    unit: str
    direction: str  # which values mean more diverse, in words
    values: FloatArray  # (s,); NaN where a set was not measured
    spread: FloatArray  # (s,); standard deviation over the draws, 0 where there is none
    curves: list[Curve | None]


def columns_of(sets: Sequence[MeasuredSet]) -> list[Column]:
    """The measures that have a value for some set; all of them where none has."""
    metrics = dict.fromkeys(metric for one in sets for metric in one.measurements)
    every = [_column(sets, metric) for metric in metrics]
    return [column for column in every if np.isfinite(column.values).any()] or every


def _column(sets: Sequence[MeasuredSet], metric: str) -> Column:
    found = [one.measurements.get(metric) for one in sets]
    example = next(one for one in found if one)
    is_up = example.better == "higher"
    spread = np.array([one.deviation if one else 0.0 for one in found])
    return Column(
        metric,
        drawable(metric, 24),
        drawable(example.unit, 30),
        "higher is more diverse →" if is_up else "← lower is more diverse",
        np.array([one.value if one else math.nan for one in found]),
        np.where(np.isfinite(spread), spread, 0.0),
        [one.curve if one else None for one in found],
    )


def written(values: FloatArray) -> list[str]:
    """Values in writing: three digits of the largest, and as many decimals for all of them."""
    finite = np.abs(values[np.isfinite(values)])
    largest = float(finite.max(initial=0.0))
    if largest and not 1e-4 <= largest < 1e7:
        return [signed(value, ".2e") for value in values]
    is_whole = bool((finite == np.round(finite)).all())
    decimals = 0 if is_whole else max(0, 2 - math.floor(math.log10(largest)))
    # Adding zero turns a rounded -0.0 into 0.0.
    return [signed(round(value, decimals) + 0.0, f",.{decimals}f") for value in values]


def signed(value: float, form: str) -> str:
    """A number in this form, with a minus sign instead of a hyphen; "-" where it is undefined."""
    return "-" if math.isnan(value) else format(value, form).replace("-", "\N{MINUS SIGN}")
