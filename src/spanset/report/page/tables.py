"""Tables of a page, and the few values at its head."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

from spanset.report.page.markup import Markup, Part, element

NUMBER = re.compile(r"[-+]?\d[\d.,±e% -]*")  # a cell that may not be broken over lines


class Cell(NamedTuple):
    """A cell with a number.

    Attributes
    ----------
    shown
        What stands there.
    by : float
        What the table is sorted by; NaN comes last.
    """

    shown: Part
    by: float


def table(
    caption: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[Part | Cell]],
    *,
    sorts: bool = False,
) -> Markup:
    """A table that scrolls sideways where it is wide; the first cell of a row names it.

    Parameters
    ----------
    sorts : bool
        Whether the script lets its heads sort it; the page needs the script then.
    """
    numbers = {
        place for row in rows for place, one in enumerate(row) if isinstance(one, Cell) and place
    }
    head = element(
        "tr",
        *(
            element("th", one, scope="col", class_="number" if place in numbers else None)
            for place, one in enumerate(heads)
        ),
    )
    lines = [element("tr", *map(_cell, ("th", *["td"] * len(row)), row)) for row in rows]
    whole = element(
        "table",
        element("caption", caption),
        element("thead", head),
        element("tbody", *lines),
        class_="sorts" if sorts and len(rows) > 1 else None,
    )
    return element("div", whole, class_="scrolls", tabindex="0", role="region", aria_label=caption)


def _cell(name: str, held: Part | Cell) -> Markup:
    scope = "row" if name == "th" else None
    if isinstance(held, Cell):
        by = None if math.isnan(held.by) else repr(float(held.by))
        return element(name, held.shown, scope=scope, class_="number", data_by=by)
    is_number = isinstance(held, str) and name == "td" and NUMBER.fullmatch(held) is not None
    return element(name, held, scope=scope, class_="n" if is_number else None)


def tiles(values: Sequence[tuple[str, str, str]]) -> Markup:
    """Values with their name above and a remark below."""
    entries = [
        element("div", element("dt", name), element("dd", value, element("small", remark)))
        for name, value, remark in values
    ]
    return element("dl", *entries, class_="tiles")


def section(title: str, *parts: Part, name: str) -> Markup:
    """A part of the page under its heading; `name` is its anchor."""
    return element("section", element("h2", title), *parts, id=name)
