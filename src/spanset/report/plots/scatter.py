"""Every measure against a downstream score, a point for each set.

All panels share the scores as their height, so a set's points stand on one line in all of them: a
row of panels needs every name once, at its right end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from spanset.base.array_types import FloatArray
from spanset.report.plots import layout
from spanset.report.plots.compared import Column, signed
from spanset.report.plots.layout import GAP, LINE, Page, Section
from spanset.report.plots.names import Look

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHT = 2.2  # of a panel, in inches


def scatter_sections(
    columns: Sequence[Column],
    looks: Sequence[Look],
    scores: FloatArray,
    correlations: Mapping[str, tuple[float, float]],
) -> list[Section]:
    """Rows of panels, a measure each: the measure across, the score up.

    Parameters
    ----------
    scores : (s,) float64
        Score of every set; NaN where it has none.
    """
    ends = [(look, y) for look, y in zip(looks, scores.tolist(), strict=True) if np.isfinite(y)]
    columns = [one for one in columns if np.isfinite(one.values + scores).any()]
    if not columns:
        return []
    across = min(3, len(columns))
    start = layout.MARGIN + layout.Y_AXIS
    right = layout.MARGIN + layout.room_beside([look.name for look, _ in ends])
    width = (layout.WIDTH - start - right + GAP) / across - GAP
    head, height = layout.HEADER + LINE, max(HEIGHT, LINE * (len(ends) + 1))

    def draw(row: Sequence[Column], page: Page, top: float) -> None:
        for i, column in enumerate(row):
            left = start + i * (width + GAP)
            axes = page.panel(left, top + head, width, height, f"scatter {column.metric}")
            _draw(axes, column, looks, scores)
            layout.write_header(axes, column.title, _correlation(correlations.get(column.metric)))
            axes.tick_params(labelleft=not i)
            axes.set_ylabel("" if i else "downstream score")
            if column is row[-1]:
                layout.write_beside(page, axes, ends)

    rows = [columns[i : i + across] for i in range(0, len(columns), across)]
    return [Section(head + height + layout.X_AXIS, partial(draw, row)) for row in rows]


def _draw(axes: Axes, column: Column, looks: Sequence[Look], scores: FloatArray) -> None:
    for look, x, y in zip(looks, column.values, scores, strict=True):
        if np.isfinite(y):
            axes.axhline(y, color=layout.PALE, linewidth=0.7, zorder=1)
        if np.isfinite(x + y):
            mark = axes.plot(x, y, look.marker, color=look.colour, zorder=3)[0]
            mark.set(markersize=7.5, markeredgecolor="white")
    axes.margins(0.1)
    axes.locator_params(nbins=4)
    axes.set_xlabel(f"{column.unit} ({column.direction})")


def _correlation(pair: tuple[float, float] | None) -> str:
    if pair is None:
        return ""
    pearson, spearman = (signed(value, ".2f") for value in pair)
    return f"Pearson {pearson}   Spearman {spearman}"
