"""How far choices are from random rows, by a kind of judge, as SVG: what `--plot` draws."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spanset.report.page.axes import BOTTOM, RIGHT, WIDTH, axis_below
from spanset.report.page.bar_chart import LONGEST, NAMES
from spanset.report.page.chart_marks import chart_mark, name_beside
from spanset.report.page.markup import Markup, element
from spanset.report.page.picture import figure
from spanset.report.page.scales import Scale
from spanset.report.plots.difference_marks import (
    DIRECTIONS,
    HOME,
    ROWS,
    TITLES,
    TOKENS,
    UNITS,
    Marks,
    Panel,
)

ROW = 32  # one choice
SECOND_LINE = 16  # below an axis


def difference_chart(panel: Panel, names: Sequence[str]) -> Markup:
    """Two marks a choice, beside as many random rows and as many tokens of them."""
    low, high = panel.limits
    x = Scale(low, high, NAMES, WIDTH - RIGHT)
    bottom = ROW * len(names)
    zero = round(x(0.0), 1)
    drawn = [
        element("line", x1=NAMES, x2=WIDTH - RIGHT, y1=ROW * row, y2=ROW * row, class_="grid")
        for row in range(len(names) + 1)
    ]
    drawn.append(element("line", x1=zero, x2=zero, y1=0, y2=bottom, class_="zero"))
    for row, name in enumerate(names):
        drawn.append(name_beside(name, NAMES - 8, ROW * (row + 0.5) + 4, LONGEST))
    for look, marks in enumerate(panel.marks):
        drawn += _marks(marks, names, x, look)
    drawn.append(axis_below(x, UNITS[panel.sets.unit], bottom))
    middle = (NAMES + WIDTH - RIGHT) / 2
    height = bottom + BOTTOM + SECOND_LINE
    drawn.append(
        element("text", DIRECTIONS[panel.sets.unit], x=middle, y=height - 8, class_="middle")
    )
    says = HOME if panel.sets.name == "home" else ", ".join(panel.sets.names)
    said = [ROWS.said, TOKENS.said]
    return figure(TITLES[panel.sets.name], f"{says}.", drawn, said, "mark", height)


def _marks(marks: Marks, names: Sequence[str], x: Scale, look: int) -> list[Markup]:
    drawn = []
    for row, name in enumerate(names):
        if not np.isfinite(marks.means[row]):
            continue
        mean, height = float(marks.means[row]), round(ROW * (row + 0.5 + marks.kind.shift), 1)
        if marks.bounded[row]:
            ends = {"x1": round(x(marks.lows[row]), 1), "x2": round(x(marks.highs[row]), 1)}
            drawn.append(
                element("line", y1=height, y2=height, class_=f"line solid look-{look}", **ends)
            )
        title = f"{name}, {marks.kind.said}: {mean:+.3g}"
        drawn.append(chart_mark(x(mean), height, look, title, filled=bool(marks.told[row])))
    return drawn
