"""Every measure against a downstream score, a point for each set.

All panels share the scores as their height, so a set's points stand on one line in all of them: a
row of panels needs every name once, at its right end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from spanset.report.columns import Column, signed
from spanset.report.layout import (
    LINE,
    MARGIN,
    PALE,
    X_AXIS,
    Y_AXIS,
    Page,
    Section,
    header_height,
    room_beside,
    write_beside,
    write_header,
)
from spanset.report.names import Look
from spanset.results import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Inches.
PANEL = (2.4, 3.2)  # least and largest width
HEIGHT = 2.2
GAP = 0.3


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
    scored = np.isfinite(scores)
    columns = [one for one in columns if (np.isfinite(one.values) & scored).any()]
    if not columns:
        return []
    ends = [(look, y) for look, y in zip(looks, scores.tolist(), strict=True) if np.isfinite(y)]
    across = min(3, len(columns))
    head, height = header_height(1), max(HEIGHT, LINE * (len(ends) + 1))
    beside = Y_AXIS + (across - 1) * GAP + room_beside([look for look, _ in ends])

    def section(row: Sequence[Column]) -> Section:
        def draw(page: Page, top: float) -> None:
            width = min((page.width - 2 * MARGIN - beside) / across, PANEL[1])
            left = MARGIN + Y_AXIS
            for column in row:
                axes = page.panel(left, top + head, width, height, f"scatter {column.metric}")
                _draw(axes, column, looks, scores)
                write_header(axes, column.title, _correlation(correlations.get(column.metric)))
                if column is row[0]:
                    axes.set_ylabel("downstream score")
                else:
                    axes.tick_params(labelleft=False)
                if column is row[-1]:
                    write_beside(page, axes, ends)
                left += width + GAP

        return Section(beside + across * PANEL[0], head + height + X_AXIS, draw)

    return [section(columns[i : i + across]) for i in range(0, len(columns), across)]


def _draw(axes: Axes, column: Column, looks: Sequence[Look], scores: FloatArray) -> None:
    axes.set_xlim(*_padded(column.values[np.isfinite(column.values) & np.isfinite(scores)]))
    axes.set_ylim(*_padded(scores[np.isfinite(scores)]))
    axes.locator_params(nbins=4)
    axes.set_xlabel(f"{column.unit} ({column.direction})")
    for look, x, y in zip(looks, column.values, scores, strict=True):
        if np.isfinite(x) and np.isfinite(y):
            axes.axhline(y, color=PALE, linewidth=0.7, zorder=1)
            mark = axes.plot(x, y, look.marker, color=look.colour, zorder=3)[0]
            mark.set(markersize=7.5, markeredgecolor="white")


def _padded(values: FloatArray) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    room = 0.1 * (high - low) or 0.1 * abs(high) or 1.0
    return low - room, high + room


def _correlation(pair: tuple[float, float] | None) -> str:
    if pair is None:
        return ""
    pearson, spearman = (signed(value, ".2f") for value in pair)
    return f"Pearson {pearson}   Spearman {spearman}"
