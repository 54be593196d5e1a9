"""The figure of a trial: how far each choice is from random rows, with its interval.

A panel for each kind of judge, a row for each choice, and in it two marks: beside random rows of as
many rows, and beside those of as many supervised tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from spanset.base.array_types import FloatArray
from spanset.report.plots import layout
from spanset.report.plots.bars import NAME_GAP
from spanset.report.plots.difference_marks import (
    DIRECTIONS,
    HOME,
    MOST,
    ROWS,
    TITLES,
    TOKENS,
    UNITS,
    Kind,
    Marks,
    Panel,
    caption_of_marks,
)
from spanset.report.plots.figure_files import own_settings
from spanset.report.plots.layout import BODY, GREY, LINE, MARGIN, PALE, SMALL, Page, Section
from spanset.report.plots.names import drawable, labels, text_width
from spanset.trials.outcome import Outcome
from spanset.trials.trial_results import Sets

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LONGEST = 36  # characters of a choice's name

# Inches.
ROW = 0.32  # one choice
KEY, KEYS = 0.36, 0.25  # from a mark of the legend to its text; from the legend to the panels
BETWEEN = 0.45  # panels: numbers below two of them never touch
TICK = 0.48  # from one number on an axis to the next, at least

HINTED = 1.08  # times the width of their outlines, which letters take up in dots


def trial_figure(outcome: Outcome) -> Figure:
    """Draw how far choices are from random rows, by every kind of judge.

    Parameters
    ----------
    outcome : Outcome
        Of any number of choices: the first 40 are drawn, and the caption says so.

    Returns
    -------
    Figure
        A matplotlib figure, 11 inches wide.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    """
    with own_settings():
        names = labels([one.name for one in outcome.candidates[:MOST]], LONGEST)
        panels = [
            Panel.of(sets, [outcome.judged(number, sets) for number in range(len(names))])
            for sets in outcome.groups
        ]
        caption = caption_of_marks(panels, len(outcome.candidates))
        return layout.composed([_section(panels, names)], caption)


def _section(panels: Sequence[Panel], names: Sequence[str]) -> Section:
    """The legend and, below it, panels side by side; choices are named left of the first."""
    start = MARGIN + max(text_width(name, BODY) for name in names) + NAME_GAP
    width = (layout.WIDTH - MARGIN - start + BETWEEN) / len(panels) - BETWEEN
    head, height = LINE + KEYS + layout.HEADER + LINE, ROW * len(names)

    def draw(page: Page, top: float) -> None:
        _draw_legend(page, top)
        for i, name in enumerate(names):
            middle = top + head + ROW * (i + 0.5)
            page.text(start - NAME_GAP, middle, name, horizontalalignment="right")
        for i, panel in enumerate(panels):
            left = start + i * (width + BETWEEN)
            axes = page.panel(left, top + head, width, height, f"differences {panel.sets.name}")
            _draw(axes, panel, len(names))
            axes.locator_params(axis="x", nbins=max(1, min(8, int(width / TICK))))
            layout.write_header(axes, TITLES[panel.sets.name], _judges(panel.sets, width))

    return Section(head + height + layout.X_AXIS + LINE, draw)


def _judges(sets: Sets, width: float) -> str:
    """What a group judges by, in as many characters as this width in inches has room for."""
    text = HOME if sets.name == "home" else ", ".join(sets.names)
    shown = drawable(text, 200)
    while text_width(shown, SMALL) > width / HINTED and len(shown) > 1:
        shown = drawable(text, len(shown) - 1)
    return shown


def _draw(axes: Axes, panel: Panel, choices: int) -> None:
    axes.axvline(0, color=GREY, linewidth=0.9, zorder=1)
    for border in range(1, choices):
        axes.axhline(border - 0.5, color=PALE, linewidth=0.7, zorder=0)
    for marks in panel.marks:
        _draw_marks(axes, marks)
    axes.set_xlim(*panel.limits)
    axes.set_ylim(choices - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(f"{UNITS[panel.sets.unit]}\n{DIRECTIONS[panel.sets.unit]}")


def _draw_marks(axes: Axes, marks: Marks) -> None:
    kind, bounded = marks.kind, marks.bounded
    heights: FloatArray = np.arange(len(marks.means), dtype=np.float64) + kind.shift
    ends = heights[bounded], marks.lows[bounded], marks.highs[bounded]
    axes.hlines(*ends, color=kind.colour, linewidth=1.4, zorder=2)
    shown = np.isfinite(marks.means)
    for told, fill in ((marks.told, kind.colour), (~marks.told, "white")):
        places = shown & told
        _mark(axes, marks.means[places], heights[places], kind, fill)


def _mark(axes: Axes, x: FloatArray, y: FloatArray, kind: Kind, fill: str) -> None:
    line = axes.plot(x, y, kind.marker, color=kind.colour, zorder=3)[0]
    line.set(markersize=5.5, markerfacecolor=fill, markeredgewidth=1.2)


def _draw_legend(page: Page, top: float) -> None:
    left, middle = MARGIN, top + LINE / 2
    for kind in (ROWS, TOKENS):
        page.ink.plot((left, left + KEY - 0.08), (middle, middle), color=kind.colour, linewidth=1.4)
        place = np.array([left + KEY / 2 - 0.04])
        _mark(page.ink, place, np.array([middle]), kind, kind.colour)
        page.text(left + KEY, middle, kind.said)
        left += KEY + text_width(kind.said, BODY) + BETWEEN
