"""The page: sections below one another, panels in them, and names beside panels.

It is laid out by hand, in inches from its top left corner, because the panels of a row share one
column of names and every label's width is known before anything is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any, NamedTuple

from spanset.report.plots.names import Look, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 150
INK, GREY, PALE = "#222222", "#666666", "#DDDDDD"
TITLE, BODY, SMALL = 9.5, 8.5, 7.5  # points

# Lengths in inches.
WIDTH = 11.0  # the page
MARGIN = 0.3
SECTION = 0.35  # between sections
GAP = 0.3  # between panels side by side
LINE = 0.17  # one line of text
HEADER = 0.27  # a panel's title; a line more for every line below it
Y_AXIS, X_AXIS = 0.65, 0.5  # tick labels and the axis's name
CONNECTOR = 0.35  # from a panel to the names on its right


class Page:
    """A figure with axes all over it, `ink`, on which places are inches from the top left corner.

    What stands outside the panels is drawn on `ink`.
    """

    def __init__(self, height: float) -> None:
        from matplotlib.figure import Figure

        self.height = height
        self.figure: Figure = Figure(figsize=(WIDTH, height), dpi=DPI)
        self.ink: Axes = self.figure.add_axes((0, 0, 1, 1), label="page")
        self.ink.set(xlim=(0, WIDTH), ylim=(height, 0))
        self.ink.set_axis_off()

    def panel(self, left: float, top: float, width: float, height: float, label: str) -> Axes:
        """Axes with this corner and this size."""
        bottom = 1 - (top + height) / self.height
        place = (left / WIDTH, bottom, width / WIDTH, height / self.height)
        return self.figure.add_axes(place, label=label)

    def text(self, left: float, middle: float, text: str, **settings: Any) -> None:
        """One line of text whose middle is at this height."""
        self.ink.text(left, middle, text, verticalalignment="center_baseline", **settings)


class Section(NamedTuple):
    """Part of the page: its height, and how to draw it from a place downwards."""

    height: float
    draw: Callable[[Page, float], None]


def composed(sections: Sequence[Section], caption: str) -> Figure:
    """Stack the sections on a page as high as they need."""
    parts = [section.height for section in sections] + [0] * bool(caption)
    height = sum(parts) + (len(parts) - 1) * SECTION + 2 * MARGIN
    page, top = Page(height), MARGIN
    for section in sections:
        section.draw(page, top)
        top += section.height + SECTION
    page.text(MARGIN, height - MARGIN, caption, fontsize=SMALL, color=GREY)
    return page.figure


def write_header(axes: Axes, title: str, *lines: str) -> None:
    """Write a title and, below it, smaller lines above a panel."""
    axes.set_title(title, pad=5 + 72 * LINE * len(lines))
    for rank, line in enumerate(reversed(lines)):
        style = {"fontsize": SMALL, "color": GREY, "annotation_clip": False}
        at = (0, 5 + 72 * LINE * rank)
        axes.annotate(line, (0, 1), at, "axes fraction", "offset points", **style)


def room_beside(names: Sequence[str]) -> float:
    """Width in inches that `write_beside` needs."""
    return CONNECTOR + max(text_width(name, BODY) for name in names)


def write_beside(page: Page, axes: Axes, ends: Sequence[tuple[Look, float]]) -> None:
    """Write names on the right of a panel, each as near to its y value as the others let it.

    A connector leads from there to the name.
    """
    frame, (low, high) = axes.get_position(), axes.get_ylim()
    left, bottom = frame.x1 * WIDTH, (1 - frame.y0) * page.height
    height = frame.height * page.height
    wanted = [(y - low) / (high - low) * height for _, y in ends]
    for (look, _), at, place in zip(ends, wanted, spread_out(wanted, LINE, height), strict=True):
        across, up = (left + 0.04, left + CONNECTOR - 0.05), (bottom - at, bottom - place)
        page.ink.plot(across, up, look.dashes, color=look.colour, linewidth=0.9)
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
    places = {position: ascending[i] + i * distance for i, position in enumerate(order)}
    return [places[position] for position in range(len(order))]
