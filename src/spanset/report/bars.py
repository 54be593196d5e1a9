"""Every measure as bars, one for each set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from spanset.report.columns import Column, written
from spanset.report.layout import (
    BODY,
    GREY,
    INK,
    MARGIN,
    SMALL,
    Page,
    Section,
    header_height,
    write_header,
)
from spanset.report.names import Look, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Inches.
BAR = 0.24  # one set
PANEL = (2.0, 3.4)  # least and largest width
GAP = 0.3  # between panels
NAME_GAP = 0.12  # between names and bars


def bar_sections(columns: Sequence[Column], looks: Sequence[Look]) -> list[Section]:
    """Rows of panels, a measure each; the names of the sets stand left of every row."""
    beside = max(text_width(look.name, BODY) for look in looks) + NAME_GAP
    # Four or three, whichever leaves fewer places empty in the last row.
    across = len(columns)
    if across > 4:
        across = min((4, 3), key=lambda panels: -len(columns) % panels)
    gaps = beside + (across - 1) * GAP
    head, height = header_height(2), BAR * len(looks)

    def section(row: Sequence[Column]) -> Section:
        def draw(page: Page, top: float) -> None:
            width = min((page.width - 2 * MARGIN - gaps) / across, PANEL[1])
            left = MARGIN + beside
            for position, look in enumerate(looks):
                at = top + head + BAR * (position + 0.5)
                page.text(left - NAME_GAP, at, look.name, horizontalalignment="right")
            for column in row:
                axes = page.panel(left, top + head, width, height, f"bars {column.metric}")
                _draw(axes, column, looks, width)
                left += width + GAP

        return Section(gaps + across * PANEL[0], head + height, draw)

    return [section(columns[i : i + across]) for i in range(0, len(columns), across)]


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
    if bars.errorbar is not None:
        for part in bars.errorbar.get_children():  # seen on a black bar too
            part.set_path_effects([withStroke(linewidth=2.4, foreground="white")])
    texts = written(column.values)
    axes.bar_label(bars, texts, padding=4, fontsize=SMALL)
    axes.axvline(0, color=GREY, linewidth=0.7)
    axes.set_ylim(len(looks) - 0.5, -0.5)
    axes.set_axis_off()
    write_header(axes, column.title, column.unit, column.direction)

    # Room at both ends for the values written there.
    low = min(0.0, float((lengths - column.spread).min()))
    high = max(0.0, float((lengths + column.spread).max()))
    room = max(text_width(text, SMALL) for text in texts) + 0.1
    before, after = room * bool((lengths < 0).any()), room * bool((lengths >= 0).any())
    scale = (high - low or 1.0) / (width - before - after)
    axes.set_xlim(low - before * scale, high + after * scale)
