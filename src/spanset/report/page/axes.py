"""Axes of a picture: lines of its grid, ticks and labels."""

from __future__ import annotations

from collections.abc import Callable

from spanset.report.page.markup import Markup, element, joined
from spanset.report.page.scales import Scale, tick_label

WIDTH, HEIGHT = 420, 240  # of a picture, in units of its own: it is drawn as wide as there is room
LEFT, RIGHT, TOP, BOTTOM = 52, 10, 10, 40  # room around what is drawn


def axes(
    x: Scale,
    y: Scale,
    x_label: str,
    y_label: str = "",
    *,
    y_text: Callable[[float], str] = tick_label,
) -> Markup:
    """Grid and ticks; `y_text` says how numbers of the y axis read."""
    parts = []
    for value in y.ticks():
        place = round(y(value), 1)
        parts.append(element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=place, y2=place, class_="grid"))
        parts.append(element("text", y_text(value), x=LEFT - 6, y=place + 4, class_="end"))
    parts.append(axis_below(x, x_label, HEIGHT - BOTTOM))
    if y_label:
        turned = f"translate(11 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)"
        parts.append(element("text", y_label, transform=turned, class_="middle"))
    return joined(*parts)


def axis_below(x: Scale, label: str, bottom: float) -> Markup:
    """Ticks and label of an x axis, below what ends at `bottom`; it takes `BOTTOM`."""
    parts = []
    for value in x.ticks():
        at = {"x": round(x(value), 1), "y": bottom + 15}
        parts.append(element("text", tick_label(value), class_="middle", **at))
    middle = (min(x.start, x.end) + max(x.start, x.end)) / 2
    return joined(*parts, element("text", label, x=middle, y=bottom + BOTTOM - 6, class_="middle"))
