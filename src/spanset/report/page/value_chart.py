"""Bars of any numbers, one a row, with their spread and the number as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spanset.report.page.axes import WIDTH
from spanset.report.page.bar_chart import LONGEST, NAMES
from spanset.report.page.chart_marks import name_beside
from spanset.report.page.markup import Markup, element
from spanset.report.page.picture import figure
from spanset.report.page.scales import Scale

STEP, THICK = 22, 14  # from bar to bar, and a bar's height
DIGIT = 7.4  # width of a character, about


@dataclass(frozen=True)
class Bar:
    """One number.

    Attributes
    ----------
    name, text : str
        What it is of, and how it reads.
    value, spread : float
        Finite; spread to either side, of what is never negative down to 0.
    is_known : bool
        Whether it is none of the reader's own, and stands there to compare.
    """

    name: str
    text: str
    value: float
    spread: float = 0.0
    is_known: bool = False

    @property
    def ends(self) -> tuple[float, float]:
        """Of its spread."""
        low = self.value - self.spread
        return max(low, 0.0) if self.value >= 0 else low, self.value + self.spread


def value_chart(
    title: str, bars: Sequence[Bar], *, says: str = "", names: tuple[str, str] | None = None
) -> Markup:
    """A figure of bars from 0; nothing where there are none.

    Parameters
    ----------
    names : tuple of str, optional
        Of own and known bars, where both are there.
    """
    if not bars:
        return Markup()
    room = DIGIT * max(len(one.text) for one in bars) + 8
    low = min(0.0, *(one.ends[0] for one in bars))
    high = max(0.0, *(one.ends[1] for one in bars))
    scale = Scale(low, high if high > low else low + 1.0, NAMES, WIDTH - room)
    start = scale(0.0)
    drawn = []
    for number, one in enumerate(bars):
        top = STEP * number
        end, middle = scale(one.value), top + THICK / 2
        drawn.append(name_beside(one.name, NAMES - 8, middle + 4, LONGEST))
        size = {"x": round(min(start, end), 1), "width": round(abs(end - start), 1)}
        kind = "bar known" if one.is_known else "bar look-0"
        drawn.append(element("rect", y=top, height=THICK, class_=kind, **size))
        ends = [scale(value) for value in one.ends]
        if one.spread:
            at = {"x1": round(ends[0], 1), "x2": round(ends[1], 1), "y1": middle, "y2": middle}
            drawn.append(element("line", class_="whisker", **at))
        beside = round(max(start, end, *ends) + 5, 1)
        drawn.append(element("text", one.text, x=beside, y=middle + 4, class_="name"))
    height = STEP * len(bars) - (STEP - THICK) + 2
    if low < 0:
        at = {"x1": round(start, 1), "x2": round(start, 1), "y1": 0, "y2": height}
        drawn.append(element("line", class_="zero", **at))
    return figure(title, says, drawn, list(names or ()), "known", height)
