"""What `plot` draws: one line on axes of the user's or of pyplot; figures of many results.

Axes are drawn on in the user's own style, so that they go beside what else is there. Figures are
those of `spanset measure --plot` and `spanset trial --plot`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spanset.base.errors import UsageError
from spanset.base.extras import require
from spanset.base.views import figure_view
from spanset.diversity.measured_sets import MeasuredSets, Measurements
from spanset.diversity.measurement import MeasuredSet, Measurement
from spanset.greedy.selection import Selection
from spanset.report.plots.figures import measure_figure
from spanset.report.plots.trial_figure import trial_figure
from spanset.trials.outcome import Outcome

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@figure_view.register(Selection)
def _selection_axes(picks: Selection, axes: Any, label: str | None) -> Any:
    gains = picks.gains
    if not np.isfinite(gains).any():
        raise UsageError(
            "the selection has no gains to draw",
            where="plot",
            why="it has no picks" if not len(picks) else "its method computes none",
            fix="give measure(X, subset=pick.order).plot() for its curve",
        )
    drawn = _axes(axes)
    drawn.plot(np.arange(1, len(gains) + 1), np.where(gains > 0, gains, np.nan), label=label)
    drawn.set(yscale="log", xlabel="picks", ylabel="gain")
    return drawn


@figure_view.register(Measurement)
def _measurement_axes(one: Measurement, axes: Any, label: str | None) -> Any:
    curve = one.curve
    if curve is None:
        raise UsageError(
            f"{one.metric} has no curve to draw",
            where="plot",
            why="it is one number",
            fix="measure several data sets, or several metrics: both are drawn as bars",
        )
    drawn = _axes(axes)
    (line,) = drawn.plot(curve.n, curve.mean, label=label)
    if curve.deviation.any():
        low, high = curve.mean - curve.deviation, curve.mean + curve.deviation
        drawn.fill_between(curve.n, low, high, color=line.get_color(), alpha=0.2, linewidth=0)
    drawn.set(xlabel="n, rows", ylabel=f"{one.metric}, {one.unit}")
    return drawn


@figure_view.register(Measurements)
def _measurements_figure(found: Measurements) -> Figure:
    pool = max(one.pool for one in found.values())
    return _shown(measure_figure([MeasuredSet("data", pool, found)]))


@figure_view.register(MeasuredSets)
def _sets_figure(sets: MeasuredSets) -> Figure:
    return _shown(measure_figure(sets))


@figure_view.register(Outcome)
def _outcome_figure(outcome: Outcome) -> Figure:
    return _shown(trial_figure(outcome))


def _axes(axes: Axes | None) -> Axes:
    """The user's axes, or new ones, which pyplot shows and keeps."""
    if axes is not None:
        return axes
    return require("matplotlib.pyplot", extra="plot").subplots()[1]


def _shown(figure: Figure) -> Figure:
    """The figure; notebooks show it once pyplot is there."""
    require("matplotlib.pyplot", extra="plot")
    return figure
