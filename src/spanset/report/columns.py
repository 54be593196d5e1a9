"""Measured sets as columns: one measure of all of them, and its values in writing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from spanset.report.names import drawable, shortened
from spanset.results import FloatArray, MeasuredSet

TITLE_LENGTH, UNIT_LENGTH = 24, 30  # characters


class Column(NamedTuple):
    """One measure of all sets, in their order.

    Attributes
    ----------
    metric : str
        The measure's name.
    title, unit, direction : str
        What is written: its name, what it counts, and which values mean more diverse.
    values : (s,) float64
        Not finite where a set has no such value.
    spread : (s,) float64
        Standard deviation over the draws; 0 where there is none.
    """

    metric: str
    title: str
    unit: str
    direction: str
    values: FloatArray
    spread: FloatArray


def columns_of(sets: Sequence[MeasuredSet]) -> list[Column]:
    """The measures that have a value for some set; all of them where none has."""
    metrics = dict.fromkeys(metric for one in sets for metric in one.measurements)
    every = [_column(sets, metric) for metric in metrics]
    return [column for column in every if np.isfinite(column.values).any()] or every


def _column(sets: Sequence[MeasuredSet], metric: str) -> Column:
    found = [one.measurements.get(metric) for one in sets]
    values = np.array([math.nan if one is None else one.value for one in found])
    spread = np.array([0.0 if one is None else one.deviation for one in found])
    example = next(one for one in found if one is not None)
    is_up = example.better == "higher"
    return Column(
        metric,
        shortened(drawable(metric), TITLE_LENGTH),
        shortened(drawable(example.unit), UNIT_LENGTH),
        "higher is more diverse →" if is_up else "← lower is more diverse",
        values,
        np.where(np.isfinite(values) & np.isfinite(spread), spread, 0.0),
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
