"""The page: sections below one another, panels in them, and names beside panels.

It is laid out by hand, in inches from its top left corner, because the panels of a row share one
column of names and every label's width is known before anything is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import TYPE_CHECKING, Any

from spanset.report.names import Look, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 150
INK, GREY, PALE = "#222222", "#666666", "#DDDDDD"
TITLE, BODY, SMALL = 9.5, 8.5, 7.5  # points

# Lengths in inches.
MARGIN = 0.3
SECTION = 0.35  # between sections
LINE = 0.17  # one line of text
HEADER = 0.26, 0.16  # above a panel: its title, and every smaller line
Y_AXIS, X_AXIS = 0.65, 0.5  # tick labels and the axis's name
CONNECTOR = 0.35  # from a panel to the names on its right


class Page:
    """A figure with axes all over it, `ink`, on which places are inches from the top left corner.

    Text and lines outside the panels are drawn on `ink`.
    """

    def __init__(self, width: float, height: float) -> None:
        from matplotlib.figure import Figure

        self.width, self.height = width, height
        self.figure: Figure = Figure(figsize=(width, height), dpi=DPI)
        self.ink: Axes = self.figure.add_axes((0, 0, 1, 1), label="page")
        self.ink.set(xlim=(0, width), ylim=(height, 0))
        self.ink.set_axis_off()

    def panel(self, left: float, top: float, width: float, height: float, label: str) -> Axes:
        """Axes with this corner and this size."""
        x, y = left / self.width, 1 - (top + height) / self.height
        place = (x, y, width / self.width, height / self.height)
        return self.figure.add_axes(place, label=label)

    def text(self, left: float, middle: float, text: str, **settings: Any) -> None:
        """One line of text whose middle is at this height."""
        self.ink.text(left, middle, text, verticalalignment="center_baseline", **settings)


@dataclass(frozen=True)
class Section:
    """Part of the page: its size in inches, and how to draw it below a given height."""

    width: float
    height: float
    draw: Callable[[Page, float], None]


def composed(sections: Sequence[Section], caption: str) -> Figure:
    """Stack the sections on a page of the size that they need."""
    width = max(section.width for section in sections) + 2 * MARGIN
    foot = 2 * LINE if caption else 0.0
    height = sum(section.height + SECTION for section in sections) + foot + 2 * MARGIN - SECTION
    page, top = Page(width, height), MARGIN
    for section in sections:
        section.draw(page, top)
        top += section.height + SECTION
    page.text(MARGIN, height - MARGIN, caption, fontsize=SMALL, color=GREY)
    return page.figure


def header_height(lines: int) -> float:
    """Inches that `write_header` needs for a title and this many smaller lines."""
    return HEADER[0] + lines * HEADER[1]


def write_header(axes: Axes, title: str, *lines: str) -> None:
    """Write a title and, below it, smaller lines above a panel."""
    for rank, text in enumerate(reversed((title, *lines))):
        is_title = rank == len(lines)
        axes.annotate(
            text,
            (0, 1),
            (0, 5 + 72 * HEADER[1] * rank),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=TITLE if is_title else SMALL,
            fontweight="bold" if is_title else "normal",
            color=INK if is_title else GREY,
        )


def room_beside(looks: Sequence[Look]) -> float:
    """Width in inches that `write_beside` needs."""
    return CONNECTOR + max(text_width(look.name, BODY) for look in looks)


def write_beside(
    page: Page, axes: Axes, ends: Sequence[tuple[Look, float]], *, apart: Sequence[Look] = ()
) -> None:
    """Write names on the right of a panel, each as near to its y value as the others let it.

    A connector leads from the panel's edge to each name. Those `apart` have nothing at the edge to
    be led from: they get a short stroke.
    """
    frame, (low, high) = axes.get_position(), axes.get_ylim()
    left, bottom = frame.x1 * page.width, (1 - frame.y0) * page.height
    height = frame.height * page.height
    wanted = [(y - low) / (high - low) * height for _, y in ends]
    for (look, _), at, place in zip(ends, wanted, spread_out(wanted, LINE, height), strict=True):
        inside, start = (0.1, place) if look in apart else (0.04, at)
        page.ink.plot(
            [left + inside, left + CONNECTOR - 0.05],
            [bottom - start, bottom - place],
            look.dashes,
            color=look.colour,
            linewidth=0.9,
        )
        page.text(left + CONNECTOR, bottom - place, look.name)


def spread_out(wanted: Sequence[float], distance: float, height: float) -> list[float]:
    """Places in [0, height] at least `distance` apart, nearest in squares to those wanted.

    With the order kept, the places less their rank times the distance only have to ascend: an
    isotonic regression, by pooling neighbours that do not. Where `height` is too small for all,
    they leave it at the top.
    """
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    pools: list[list[float]] = []
    for rank, position in enumerate(order):
        pools.append([wanted[position] - rank * distance])
        while len(pools) > 1 and fmean(pools[-2]) > fmean(pools[-1]):
            pools[-2:] = [pools[-2] + pools[-1]]
    room = max(0.0, height - (len(order) - 1) * distance)
    ascending = [min(max(fmean(pool), 0.0), room) for pool in pools for _ in pool]
    places = [0.0] * len(order)
    for rank, position in enumerate(order):
        places[position] = ascending[rank] + rank * distance
    return places
