"""Every measure as bars, one for each set."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from spanset.report.plots import layout
from spanset.report.plots.compared import Column, written
from spanset.report.plots.layout import GAP, INK, SMALL, Page, Section
from spanset.report.plots.names import Look, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Inches.
BAR = 0.24  # one set
NAME_GAP = 0.12  # between names and bars


def bar_sections(columns: Sequence[Column], looks: Sequence[Look]) -> list[Section]:
    """Rows of panels, a measure each; the names of the sets stand left of every row."""
    # Four in a row or three, whichever leaves fewer places empty in the last one.
    across = min((4, 3), key=lambda panels: -len(columns) % panels)
    across = min(across, len(columns)) if len(columns) > 4 else len(columns)
    start = layout.MARGIN + max(text_width(look.name, layout.BODY) for look in looks) + NAME_GAP
    width = (layout.WIDTH - layout.MARGIN - start + GAP) / across - GAP
    head, height = layout.HEADER + 2 * layout.LINE, BAR * len(looks)

    def draw(row: Sequence[Column], page: Page, top: float) -> None:
        for i, look in enumerate(looks):
            middle = top + head + BAR * (i + 0.5)
            page.text(start - NAME_GAP, middle, look.name, horizontalalignment="right")
        for i, column in enumerate(row):
            left = start + i * (width + GAP)
            axes = page.panel(left, top + head, width, height, f"bars {column.metric}")
            _draw(axes, column, looks, width)

    rows = [columns[i : i + across] for i in range(0, len(columns), across)]
    return [Section(head + height, partial(draw, row)) for row in rows]


def _draw(axes: Axes, column: Column, looks: Sequence[Look], width: float) -> None:
    """Draw a panel of this width in inches."""
    from matplotlib.patheffects import withStroke

    lengths = np.where(np.isfinite(column.values), column.values, 0.0)
    bars = axes.barh(
        range(len(looks)),
        lengths,
        0.7,
        xerr=column.spread if column.spread.any() else None,
        color=[look.colour for look in looks],
        hatch=[look.hatch for look in looks],
        edgecolor="white",
        linewidth=0,
        error_kw={"ecolor": INK, "elinewidth": 0.9, "capsize": 2, "capthick": 0.9},
    )
    for part in bars.errorbar.get_children() if bars.errorbar else ():
        part.set_path_effects([withStroke(linewidth=2.4, foreground="white")])  # seen on black too
    texts = written(column.values)
    axes.bar_label(bars, texts, padding=4, fontsize=SMALL)
    axes.axvline(0, color=layout.GREY, linewidth=0.7)
    axes.set_ylim(len(looks) - 0.5, -0.5)
    axes.set_axis_off()
    layout.write_header(axes, column.title, column.unit, column.direction)

    # Room at both ends for the values written there.
    room = min(max(text_width(text, SMALL) for text in texts) + 0.1, 0.45 * width)
    before, after = room * (lengths < 0).any(), room * (lengths >= 0).any()
    low = min(0.0, (lengths - column.spread).min())
    high = max(0.0, (lengths + column.spread).max())
    scale = (high - low or 1.0) / (width - before - after)
    axes.set_xlim(low - before * scale, high + after * scale)
