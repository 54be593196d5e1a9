"""A picture of lines over one axis, as SVG: colours are the page's, light or dark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spanset.base.array_types import FloatArray
from spanset.report.page.axes import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, axes
from spanset.report.page.markup import Markup, element, joined
from spanset.report.page.picture import figure
from spanset.report.page.scales import Scale

POINTS = 400  # of a line: more are not seen


@dataclass(frozen=True)
class Line:
    """One line.

    Attributes
    ----------
    name : str
        For the legend.
    x, y : (n,) float64
        x ascending; points without a finite y are left out.
    low, high : (n,) float64 or None
        A band around it.
    """

    name: str
    x: FloatArray
    y: FloatArray
    low: FloatArray | None = None
    high: FloatArray | None = None


@dataclass(frozen=True)
class Mark:
    """A value of the x axis to be marked, and what it is."""

    x: float
    name: str


def line_chart(
    title: str,
    lines: Sequence[Line],
    *,
    x_label: str,
    y_label: str,
    log_y: bool = False,
    marks: Sequence[Mark] = (),
    says: str = "",
    zero: str = "",
) -> Markup:
    """A figure: title, legend, picture, and what it says in words.

    Lines differ by colour and by dashes; the first is the thing itself.

    Parameters
    ----------
    zero : str
        What 0 stands for, of an axis that has it; a line is drawn there.
    """
    lines = [thinned(one, log_y) for one in lines]
    lines = [one for one in lines if len(one.x)]
    if not lines:
        return Markup()
    ends = [*(one.x for one in lines), np.array([mark.x for mark in marks])]
    values = [part for one in lines for part in (one.y, one.low, one.high) if part is not None]
    if zero:
        values.append(np.zeros(1))
    x = Scale(_least(ends), _most(ends), LEFT, WIDTH - RIGHT)
    y = Scale(_least(values), _most(values), HEIGHT - BOTTOM, TOP, log_y)
    drawn = [axes(x, y, x_label, y_label)]
    if zero:
        level = {"y1": round(y(0.0), 1), "y2": round(y(0.0), 1)}
        name = element("title", zero)
        drawn.append(element("line", name, x1=LEFT, x2=WIDTH - RIGHT, class_="zero", **level))
        drawn.append(_at_zero(zero, y(0.0)))
    for mark in marks:
        place = round(x(mark.x), 1)
        ends_at = {"x1": place, "x2": place, "y1": TOP, "y2": HEIGHT - BOTTOM}
        drawn.append(element("line", element("title", mark.name), class_="mark", **ends_at))
    for number, one in enumerate(lines):
        drawn.append(_line(one, x, y, number))
    return figure(title, says, drawn, [one.name for one in lines], "line")


def _at_zero(zero: str, place: float) -> Markup:
    """What 0 stands for, above its line, or below where there is no room."""
    y = place - 5 if place > TOP + 16 else place + 14
    return element("text", zero, x=WIDTH - RIGHT - 4, y=round(y, 1), class_="end")


def thinned(line: Line, log_y: bool) -> Line:
    """At most `POINTS` of its points, the last among them, all with a place."""
    seen = np.isfinite(line.y) & ((line.y > 0) if log_y else True)
    kept = np.flatnonzero(seen)
    if len(kept) > POINTS:
        kept = kept[np.unique(np.linspace(0, len(kept) - 1, POINTS).round().astype(int))]
    band = [None if one is None else one[kept] for one in (line.low, line.high)]
    return Line(line.name, line.x[kept], line.y[kept], *band)


def _line(line: Line, x: Scale, y: Scale, number: int) -> Markup:
    across = [x(one) for one in line.x]
    path = _path(across, [y(one) for one in line.y])
    drawn = element("path", class_=f"line look-{number}", d=f"M{path}")
    if len(line.x) == 1:
        drawn = element("circle", cx=across[0], cy=y(line.y[0]), r=3, class_=f"bar look-{number}")
    if line.low is None or line.high is None:
        return drawn
    there = _path(across, [y(one) for one in line.high])
    back = _path(across[::-1], [y(one) for one in line.low[::-1]])
    return joined(element("path", class_=f"band look-{number}", d=f"M{there}L{back}Z"), drawn)


def _path(across: Sequence[float], up: Sequence[float]) -> str:
    return "L".join(f"{one:.1f} {other:.1f}" for one, other in zip(across, up, strict=True))


def _least(values: Sequence[FloatArray]) -> float:
    return min(float(one.min()) for one in values if len(one))


def _most(values: Sequence[FloatArray]) -> float:
    found = max(float(one.max()) for one in values if len(one))
    return found if math.isfinite(found) else 0.0
