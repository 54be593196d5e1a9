"""Values of several things on one scale, as dots in rows, as SVG: where each stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from spanset.report.page.axes import WIDTH
from spanset.report.page.bar_chart import LONGEST, NAMES
from spanset.report.page.markup import Markup, element
from spanset.report.page.picture import figure
from spanset.report.page.scales import Scale

ROW = 24  # height of one
END = 56  # room for the value


class Dot(NamedTuple):
    """A thing, its value, how that reads, and whether it is what the picture is about."""

    name: str
    value: float
    text: str
    is_own: bool


def dot_chart(title: str, dots: Sequence[Dot], legend: tuple[str, str], says: str = "") -> Markup:
    """Dots by value, the lowest first, on a line from 0; `legend` names the own and the others."""
    if not dots:
        return Markup()
    dots = sorted(dots, key=lambda one: (one.value, one.name))
    values = [one.value for one in dots]
    scale = Scale(min(0.0, values[0]), max(0.0, values[-1]) or 1.0, NAMES, WIDTH - END)
    drawn = []
    for number, one in enumerate(dots):
        middle = number * ROW + ROW / 2
        look = 0 if one.is_own else 1
        shown = one.name if len(one.name) <= LONGEST else f"{one.name[: LONGEST - 1]}…"
        label = element("title", one.name)
        kind = "end own" if one.is_own else "end"
        place = round(scale(one.value), 1)
        drawn += [
            element("text", label, shown, x=NAMES - 8, y=middle + 4, class_=kind),
            element("line", x1=NAMES, x2=WIDTH - END, y1=middle, y2=middle, class_="grid"),
            element("circle", cx=place, cy=middle, r=6 if one.is_own else 4.5, class_=_bar(look)),
            element("text", one.text, x=place + 10, y=middle + 4, class_=kind[4:] or None),
        ]
    names = legend if {one.is_own for one in dots} == {True, False} else legend[:1]
    return figure(title, says, drawn, names, "bar", len(dots) * ROW)


def _bar(look: int) -> str:
    return f"bar look-{look}"
