"""Marks and names in pictures: told apart by shape as well as by colour."""

from __future__ import annotations

from spanset.report.page.markup import Markup, element

SIZE = 4.2  # half the width of a mark


def chart_mark(x: float, y: float, look: int, name: str = "", *, filled: bool = True) -> Markup:
    """A circle, square, diamond or triangle, by the look; `name` shows where it is pointed at."""
    title = element("title", name) if name else None
    kind = f"{'bar' if filled else 'hollow'} look-{look}"
    x, y, s = round(x, 1), round(y, 1), SIZE
    if look % 4 == 0:
        return element("circle", title, cx=x, cy=y, r=s, class_=kind)
    shapes = {
        1: [(-s, -s), (s, -s), (s, s), (-s, s)],
        2: [(0, -1.4 * s), (1.4 * s, 0), (0, 1.4 * s), (-1.4 * s, 0)],
        3: [(0, -1.3 * s), (1.2 * s, s), (-1.2 * s, s)],
    }
    corners = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in shapes[look % 4])
    return element("polygon", title, points=corners, class_=kind)


def cut_name(name: str, longest: int) -> str:
    """A name of at most so many characters; of a longer one the middle goes."""
    if len(name) <= longest:
        return name
    tail = (longest - 1) // 2
    return f"{name[: longest - 1 - tail]}…{name[-tail:]}"


def name_beside(name: str, x: float, y: float, longest: int) -> Markup:
    """A name that ends at x, whole where it is pointed at."""
    whole = element("title", name)
    return element("text", whole, cut_name(name, longest), x=x, y=y, class_="end name")
