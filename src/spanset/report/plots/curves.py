"""A measure over the number of rows, a line for each set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from spanset.diversity.measurement import Curve
from spanset.report.plots import layout
from spanset.report.plots.compared import Column
from spanset.report.plots.layout import GREY, LINE, Page, Section
from spanset.report.plots.names import Look

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHT = 3.0  # of the panel, in inches


def curve_sections(
    columns: Sequence[Column], looks: Sequence[Look], reference: str
) -> list[Section]:
    """The curves of the first measure that has one, with names at their ends."""
    for column in columns:
        lines = [
            (look, curve)
            for look, curve in zip(looks, column.curves, strict=True)
            if curve is not None and np.isfinite(curve.mean).any()
        ]
        if lines:
            return [_section(column, lines, Look(reference, GREY, "-", "", ""))]
    return []


def _section(column: Column, lines: list[tuple[Look, Curve]], zero: Look) -> Section:
    # The names stand beside the panel: with many sets, they decide its height.
    height = max(HEIGHT, LINE * (len(lines) + 2))
    ends = [(zero, 0.0)]
    ends += [(look, float(curve.mean[np.isfinite(curve.mean)][-1])) for look, curve in lines]

    def draw(page: Page, top: float) -> None:
        left = layout.MARGIN + layout.Y_AXIS
        right = layout.MARGIN + layout.room_beside([look.name for look, _ in ends])
        head = layout.HEADER + LINE
        axes = page.panel(left, top + head, layout.WIDTH - left - right, height, "curve")
        _draw(axes, lines)
        axes.set(xlabel="n, rows", ylabel=column.unit)
        layout.write_header(axes, f"{column.title} over the number of rows", column.direction)
        layout.write_beside(page, axes, ends)

    return Section(layout.HEADER + LINE + height + layout.X_AXIS, draw)


def _draw(axes: Axes, lines: list[tuple[Look, Curve]]) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.axhline(0, color=GREY, linewidth=0.7, zorder=1)
    for look, curve in lines:
        n, mean, spread = curve.n, curve.mean, curve.deviation
        if spread.any():
            low, high = mean - spread, mean + spread
            axes.fill_between(n, low, high, color=look.colour, alpha=0.18, linewidth=0)
        marker = "o" if len(n) == 1 else ""
        axes.plot(n, mean, look.dashes, color=look.colour, linewidth=1.6, marker=marker)
    last = max(2, *(int(curve.n[-1]) for _, curve in lines))
    ticks = MaxNLocator(6, integer=True).tick_values(1, last)
    axes.set_xticks([1, *(tick for tick in ticks if 0.05 < (tick - 1) / (last - 1) <= 1)])
    axes.set_xlim(1, last)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
