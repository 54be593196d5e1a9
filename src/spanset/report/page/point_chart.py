"""Points on two axes, named where there is room: names never lie on each other or on a point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spanset.report.page.axes import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, axes
from spanset.report.page.chart_marks import SIZE, chart_mark, cut_name
from spanset.report.page.markup import Markup, element
from spanset.report.page.picture import figure
from spanset.report.page.scales import Scale

LETTER, LINE = 6.9, 12.0  # width of a letter and height of a line, about
LONGEST = 22  # characters of a name
ROOM = 0.08  # of an axis, beyond the last point

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Point:
    """A point.

    Attributes
    ----------
    name : str
        What it is.
    x, y : float
        Finite.
    look : int
        Its colour and shape.
    """

    name: str
    x: float
    y: float
    look: int = 0


def point_chart(
    title: str,
    points: Sequence[Point],
    *,
    x_label: str,
    y_label: str,
    looks: Sequence[str] = (),
    front: Sequence[tuple[float, float]] = (),
    says: str = "",
) -> Markup:
    """A figure of points; nothing where there are none.

    Parameters
    ----------
    points
        Those that matter first: their names find room before others'. All names show where a point
        is pointed at.
    looks : sequence of str
        What each look means, for the legend.
    front : sequence of (float, float)
        A line through these.
    """
    if not points:
        return Markup()
    x = _scale([one.x for one in points], LEFT, WIDTH - RIGHT)
    y = _scale([one.y for one in points], HEIGHT - BOTTOM, TOP)
    drawn = [axes(x, y, x_label, y_label)]
    if len(front) > 1:
        path = "L".join(f"{x(one):.1f} {y(other):.1f}" for one, other in front)
        drawn.append(element("path", d=f"M{path}", class_="front"))
    places = [(x(one.x), y(one.y)) for one in points]
    for one, (across, up) in reversed(list(zip(points, places, strict=True))):
        drawn.append(chart_mark(across, up, one.look, one.name))
    taken: list[Box] = [(a - SIZE, b - SIZE, a + SIZE, b + SIZE) for a, b in places]
    for one, place in zip(points, places, strict=True):
        shown = cut_name(one.name, LONGEST)
        box = _free(place, LETTER * len(shown), taken)
        if box is not None:
            taken.append(box)
            drawn.append(
                element("text", shown, x=round(box[0], 1), y=round(box[3] - 2, 1), class_="name")
            )
    return figure(title, says, drawn, list(looks), "mark")


def _scale(values: Sequence[float], start: float, end: float) -> Scale:
    low, high = min(values), max(values)
    room = ROOM * (high - low) or abs(high) * ROOM or 1.0
    return Scale(low - room, high + room, start, end)


def _free(place: tuple[float, float], width: float, taken: Sequence[Box]) -> Box | None:
    """Where a name beside a point lies on nothing; None where that is nowhere."""
    x, y = place
    gap = SIZE + 3
    corners = [
        (x + gap, y - LINE / 2),
        (x - gap - width, y - LINE / 2),
        (x - width / 2, y - gap - LINE),
        (x - width / 2, y + gap),
        (x + gap, y - gap - LINE),
        (x + gap, y + gap - 2),
        (x - gap - width, y - gap - LINE),
        (x - gap - width, y + gap - 2),
    ]
    for left, top in corners:
        box = (left, top, left + width, top + LINE)
        inside = left >= LEFT and box[2] <= WIDTH and top >= 0 and box[3] <= HEIGHT - BOTTOM
        if inside and not any(_meet(box, other) for other in taken):
            return box
    return None


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
