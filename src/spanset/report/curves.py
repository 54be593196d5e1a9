"""A measure over the number of rows, a line for each set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spanset.report.columns import Column
from spanset.report.layout import (
    GREY,
    LINE,
    MARGIN,
    X_AXIS,
    Y_AXIS,
    Page,
    Section,
    header_height,
    room_beside,
    write_beside,
    write_header,
)
from spanset.report.names import NAME_LENGTH, Look, drawable, shortened
from spanset.results import Curve, FloatArray, IntArray, MeasuredSet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 10.4, 3.0  # inches; the height is of the panel


class Line(NamedTuple):
    """A curve where it is finite; (c,) each."""

    look: Look
    n: IntArray
    mean: FloatArray
    spread: FloatArray


def curve_sections(
    sets: Sequence[MeasuredSet],
    looks: Sequence[Look],
    columns: Sequence[Column],
    reference: str,
) -> list[Section]:
    """The curves of the first measure that has one, with names at their ends."""
    for column in columns:
        found = [one.measurements.get(column.metric) for one in sets]
        lines = [
            line
            for look, one in zip(looks, found, strict=True)
            if one is not None and one.curve is not None
            if (line := _finite(look, one.curve)) is not None
        ]
        if lines:
            return [
                _section(column, lines, Look(shortened(drawable(reference), NAME_LENGTH), GREY))
            ]
    return []


def _finite(look: Look, curve: Curve) -> Line | None:
    kept = np.isfinite(curve.mean)
    spread = np.where(np.isfinite(curve.deviation), curve.deviation, 0.0)
    return Line(look, curve.n[kept], curve.mean[kept], spread[kept]) if kept.any() else None


def _section(column: Column, lines: list[Line], zero: Look) -> Section:
    # The names stand beside the axes: with many sets, they decide the height.
    height = max(HEIGHT, LINE * (len(lines) + 2))
    head = header_height(1)
    last = max(2, *(int(line.n[-1]) for line in lines))

    def draw(page: Page, top: float) -> None:
        names = room_beside([zero, *(line.look for line in lines)])
        width = page.width - 2 * MARGIN - Y_AXIS - names
        axes = page.panel(MARGIN + Y_AXIS, top + head, width, height, "curve")
        _draw(axes, lines, last)
        axes.set_ylabel(column.unit)
        write_header(axes, f"{column.title} over the number of rows", column.direction)
        ends = [(zero, 0.0), *((line.look, float(line.mean[-1])) for line in lines)]
        # A line that ends before the others is not led across them to its name.
        write_beside(page, axes, ends, apart=[one.look for one in lines if one.n[-1] < last])

    return Section(WIDTH, head + height + X_AXIS, draw)


def _draw(axes: Axes, lines: list[Line], last: int) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.axhline(0, color=GREY, linewidth=0.7, zorder=1)
    for look, n, mean, spread in lines:
        if spread.any():
            axes.fill_between(
                n, mean - spread, mean + spread, color=look.colour, alpha=0.18, linewidth=0
            )
        marker = "o" if len(n) == 1 else ""
        axes.plot(n, mean, look.dashes, color=look.colour, linewidth=1.6, marker=marker)
    low = min(0.0, *(float((line.mean - line.spread).min()) for line in lines))
    high = max(0.0, *(float((line.mean + line.spread).max()) for line in lines))
    room = 0.05 * (high - low) or 1.0
    axes.set(xlim=(1, last), ylim=(low - room, high + room), xlabel="n, rows")
    ticks = MaxNLocator(6, integer=True).tick_values(1, last)
    axes.set_xticks([1, *(tick for tick in ticks if 0.05 < (tick - 1) / (last - 1) <= 1)])
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
