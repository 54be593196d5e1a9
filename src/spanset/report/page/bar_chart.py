"""Bars: shares of a few values in several sets, and how numbers are spread, as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from spanset.base.array_types import FloatArray
from spanset.report.page.axes import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, axes
from spanset.report.page.chart_marks import name_beside
from spanset.report.page.markup import Markup, element, joined
from spanset.report.page.picture import figure
from spanset.report.page.scales import Scale

BAR, GAP = 12, 12  # height of a bar, and room between two values
NAMES = 132  # room for names of values
LONGEST = 20  # characters of a name
BINS = 24


def share_chart(title: str, shares: Mapping[str, Mapping[str, float]], says: str = "") -> Markup:
    """Shares of values by set, a row of bars a value.

    Parameters
    ----------
    shares : mapping
        Set to value to share of its rows; values of the first set give the order.
    """
    values = list(dict.fromkeys(value for of_set in shares.values() for value in of_set))
    most = max((share for of_set in shares.values() for share in of_set.values()), default=1.0)
    scale = Scale(0.0, most or 1.0, NAMES, WIDTH - 48)
    step = BAR * len(shares) + GAP
    drawn = []
    for row, value in enumerate(values):
        top = row * step
        middle = top + BAR * len(shares) / 2 + 4
        drawn.append(name_beside(value, NAMES - 8, middle, LONGEST))
        for number, of_set in enumerate(shares.values()):
            share = of_set.get(value, 0.0)
            y, end = top + number * BAR, scale(share)
            size = {"x": NAMES, "y": y, "width": round(end - NAMES, 1), "height": BAR - 2}
            drawn.append(element("rect", class_=f"bar look-{number}", **size))
            drawn.append(element("text", _per_cent(share), x=round(end + 4, 1), y=y + 10))
    height = max(step * len(values) - GAP, BAR) + 4  # for what letters have below their line
    return figure(title, says, drawn, list(shares), "bar", height)


def spread_chart(
    title: str,
    sets: Mapping[str, FloatArray],
    *,
    x_label: str,
    says: str = "",
    log_x: bool = False,
) -> Markup:
    """How numbers are spread in several sets: the share of each set's rows by value, as steps.

    Parameters
    ----------
    sets : mapping
        Set to the numbers (n,) of its rows; what is not finite is left out.
    log_x : bool
        Whether numbers are compared by ratios; they are positive then.
    """
    finite = {name: values[np.isfinite(values)] for name, values in sets.items()}
    if log_x:
        finite = {name: values[values > 0] for name, values in finite.items()}
    finite = {name: values for name, values in finite.items() if len(values)}
    if not finite:
        return Markup()
    every = np.concatenate(list(finite.values()))
    low, high = np.quantile(every, [0.005, 0.995])
    if not high > low:
        low, high = low - 0.5, high + 0.5
        log_x = log_x and low > 0
    edges = np.geomspace(low, high, BINS + 1) if log_x else np.linspace(low, high, BINS + 1)
    # What lies beyond is counted at the ends.
    counts = {
        name: np.histogram(np.clip(values, low, high), edges)[0] / len(values)
        for name, values in finite.items()
    }
    x = Scale(float(low), float(high), LEFT, WIDTH - RIGHT, log_x)
    y = Scale(0.0, max(float(one.max()) for one in counts.values()), HEIGHT - BOTTOM, TOP)
    places = [x(float(edge)) for edge in edges]
    drawn = [axes(x, y, x_label, y_text=_per_cent)]
    for number, heights in enumerate(counts.values()):
        drawn.append(_steps(places, [y(float(one)) for one in heights], number))
    return figure(title, says, drawn, list(counts), "line")


def _steps(places: Sequence[float], heights: Sequence[float], number: int) -> Markup:
    points = [f"{places[0]:.1f} {HEIGHT - BOTTOM}"]
    for left, right, height in zip(places[:-1], places[1:], heights, strict=True):
        points += [f"{left:.1f} {height:.1f}", f"{right:.1f} {height:.1f}"]
    points.append(f"{places[-1]:.1f} {HEIGHT - BOTTOM}")
    path = "M" + "L".join(points)
    return joined(
        element("path", class_=f"band look-{number}", d=f"{path}Z"),
        element("path", class_=f"line look-{number}", d=path),
    )


def _per_cent(share: float) -> str:
    if 0 < share < 0.0005:
        return "<0.1 %"
    return f"{100 * share:.1f} %" if 0 < share < 0.0995 else f"{100 * share:.0f} %"
