"""Tables of a page, and the few values at its head."""

from __future__ import annotations

import re
from collections.abc import Sequence

from spanset.report.page.markup import Markup, Part, element

NUMBER = re.compile(r"[-+]?\d[\d.,±e% -]*")  # a cell that may not be broken over lines


def table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[Part]]) -> Markup:
    """A table that scrolls sideways where it is wide; the first cell of a row names it."""
    head = element("tr", *(element("th", one, scope="col") for one in heads))
    lines = []
    for first, *rest in rows:
        name = element("th", first, scope="row")
        lines.append(element("tr", name, *map(_cell, rest)))
    whole = element(
        "table",
        element("caption", caption),
        element("thead", head),
        element("tbody", *lines),
    )
    return element("div", whole, class_="scrolls", tabindex="0", role="region", aria_label=caption)


def _cell(value: Part) -> Markup:
    is_number = isinstance(value, str) and NUMBER.fullmatch(value) is not None
    return element("td", value, class_="n" if is_number else None)


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
