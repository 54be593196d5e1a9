"""Choices side by side: diversity against quality, what rows add, how alike picks are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from spanset.base.array_types import FloatArray
from spanset.report.page.line_chart import Line
from spanset.report.page.markup import Markup, element
from spanset.report.page.point_chart import Point, point_chart
from spanset.report.parts.gains_chart import gains_of
from spanset.runs.compared_choices import RANDOM, Compared, ComparedCell
from spanset.runs.compared_lines import choice_names, shared_shares

LDD = "ldd"
LINES = 5  # choices whose gains are drawn, beside random ones
ALIKE = 24  # choices whose rows are compared with each other's
SHADES = (0.05, 0.25, 0.5, 0.75)  # shares from which a cell is darker


def quality_charts(compared: Compared, size: int) -> Iterator[Markup]:
    """LDD against every quality: points are choices, the line those that no lambda beats."""
    if LDD not in compared.measures:
        return
    for quality in compared.scores[1:]:
        front = _front(compared, size, quality)
        points, looks = [], ["no lambda beats it", "other choices", "random rows"]
        for cell in compared.cells:
            place = _place(cell, size, quality)
            if place is None:
                continue
            look = 2 if cell.method == RANDOM else 0 if cell in front else 1
            points.append(Point(cell.label, *place, look))
        points.sort(key=lambda one: one.look)
        if not front:
            looks[0], looks[1] = "", "choices"
        used = {one.look for one in points}
        if not used & {0, 1}:
            continue
        line = [place for cell in front if (place := _place(cell, size, quality)) is not None]
        yield point_chart(
            f"Diversity and quality: {quality}",
            points,
            x_label=f"mean {quality}",
            y_label="LDD, nats per row",
            looks=looks if front else (),
            front=line,
            says="Further down is more diverse.",
        )


def gains_lines(compared: Compared) -> Markup:
    """What rows add in the order of picks, of some choices from the most to the least diverse."""
    size = str(compared.sizes[-1])
    own = [cell for cell in compared.chosen() if cell.found.curve is not None]
    if LDD in compared.measures:
        own.sort(key=lambda cell: _value(cell, size))
    shown = own
    if len(own) > LINES:
        shown = [own[i] for i in np.linspace(0, len(own) - 1, LINES).round().astype(int).tolist()]
    lines = [Line(cell.label, *_curve(cell)) for cell in shown]
    draws = [_curve(cell) for cell in compared.cells if cell.method == RANDOM and cell.found.curve]
    if draws and len({len(one) for one, _ in draws}) == 1:
        gains = np.exp(np.mean([np.log(gain) for _, gain in draws], axis=0))
        lines.append(Line("random", draws[0][0], gains))
    if max((len(one.x) for one in lines), default=0) < 2:
        return Markup()
    some = f" {len(shown)} of {len(own):,} choices." if len(shown) < len(own) else ""
    says = f"Gains given the picks before, in the space that all are measured in.{some}"
    return gains_of(lines, says)


def alike_table(compared: Compared, size: int) -> Markup | None:
    """Rows that choices have in common, as a shaded matrix; None of one choice alone."""
    names, shares = choice_names(compared), shared_shares(compared, size)
    if len(names) < 3:
        return None
    own = list(range(min(len(names) - 1, ALIKE)))
    places = [*own, len(names) - 1]
    head = element("tr", element("td"), *(element("th", names[i], scope="col") for i in places))
    lines = [
        element(
            "tr",
            element("th", names[i], scope="row"),
            *(_share(shares, i, j, is_own=i == j and i in own) for j in places),
        )
        for i in places
    ]
    more = "" if len(own) == len(names) - 1 else f"; the first {ALIKE} choices"
    caption = f"Rows in common, in % of either's, of {size:,} picks{more}"
    whole = element(
        "table",
        element("caption", caption),
        element("thead", head),
        element("tbody", *lines),
        class_="alike",
    )
    return element("div", whole, class_="scrolls", tabindex="0", role="region", aria_label=caption)


def _share(shares: FloatArray, i: int, j: int, *, is_own: bool) -> Markup:
    share = float(shares[i, j])
    if is_own or np.isnan(share):
        return element("td", "")
    shade = sum(share >= least for least in SHADES)
    return element("td", f"{100 * share:.0f}", class_=f"shade-{shade}" if shade else None)


def _front(compared: Compared, size: int, quality: str) -> Sequence[ComparedCell]:
    """Cells of the fronts of a quality, by their lambdas, in the order of the first line's."""
    found = []
    for one in compared.suggestions(size):
        if one.quality == quality:
            found += [
                cell
                for weight in one.front
                for cell in compared.chosen()
                if cell.method == "dpp"
                and cell.quality in (None, quality)
                and (cell.weight or 0.0) == weight
                and one.line in ("", cell.line)
            ]
    return found


def _place(cell: ComparedCell, size: int, quality: str) -> tuple[float, float] | None:
    values = cell.found.measures[str(size)]
    x, y = values[f"mean {quality}"], values[LDD]
    return None if x is None or y is None else (x, y)


def _value(cell: ComparedCell, size: str) -> float:
    value = cell.found.measures[size][LDD]
    return np.inf if value is None else value


def _curve(cell: ComparedCell) -> tuple[FloatArray, FloatArray]:
    curve = cell.found.curve or {"n": [], "gain": []}
    return np.array(curve["n"], np.float64), np.array(curve["gain"], np.float64)
