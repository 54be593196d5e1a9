"""Figures of measured sets: LDD over n, every measure as bars, and measures against scores."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from spanset.base.errors import DataError
from spanset.diversity.measurement import MeasuredSet
from spanset.report.plots.bars import bar_sections
from spanset.report.plots.compared import columns_of
from spanset.report.plots.curves import curve_sections
from spanset.report.plots.figure_files import own_settings
from spanset.report.plots.layout import composed
from spanset.report.plots.names import drawable, looks
from spanset.report.plots.scatter import scatter_sections

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def measure_figure(
    sets: Sequence[MeasuredSet],
    *,
    scores: Mapping[str, float] | None = None,
    correlations: Mapping[str, tuple[float, float]] | None = None,
    reference: str = "uniform on the sphere",
) -> Figure:
    """Draw the measurements of one or more sets on one page.

    Parameters
    ----------
    sets : sequence of MeasuredSet
        In the order of the bars; a set without some measurement, or with NaN for it, gets "-", and
        a measure that no set has a finite value of gets no panel.
    scores : mapping, optional
        Name of a set to its downstream score, in any unit; adds scatter panels.
    correlations : mapping, optional
        Metric to its (Pearson, Spearman) correlation with the scores.
    reference : str
        What curves are measured from, in words: the name of their zero line.

    Returns
    -------
    Figure
        A matplotlib figure, 11 inches wide.

    Raises
    ------
    DataError
        No set has a measurement.
    MissingExtraError
        matplotlib is not installed.
    """
    # The deviation of infinite values is NaN; numpy warns of it.
    with own_settings(), np.errstate(invalid="ignore"):
        columns, styles = columns_of(sets), looks(one.name for one in sets)
        if not columns:
            raise DataError("no set has a measurement to draw")
        sections = curve_sections(columns, styles, drawable(reference, 26))
        sections += bar_sections(columns, styles)
        if scores:
            heights = np.array([scores.get(one.name, math.nan) for one in sets])
            sections += scatter_sections(columns, styles, heights, correlations or {})
        return composed(sections, _caption(sets))


def _caption(sets: Sequence[MeasuredSet]) -> str:
    """What the bands and error bars are; empty where there are none."""
    draws = max(len(one.draws) for measured in sets for one in measured.measurements.values())
    if draws == 1:
        return ""
    return f"Means of {draws} draws; bands and error bars: one standard deviation."
