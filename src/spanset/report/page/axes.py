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
    for value in x.ticks():
        at = {"x": round(x(value), 1), "y": HEIGHT - BOTTOM + 15}
        parts.append(element("text", tick_label(value), class_="middle", **at))
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(element("text", x_label, x=middle, y=HEIGHT - 6, class_="middle"))
    if y_label:
        turned = f"translate(11 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)"
        parts.append(element("text", y_label, transform=turned, class_="middle"))
    return joined(*parts)
