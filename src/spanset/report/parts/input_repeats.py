"""Repeats between inputs as a table of a page, in the words of the terminal."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spanset.base.errors import printable
from spanset.diversity.repeats import Repeats
from spanset.report.page.markup import Markup, element
from spanset.report.page.tables import Cell, table
from spanset.runs.repeat_lines import repeat_lines, repeats_caption


def input_repeats(repeats: Repeats, caption: str) -> Iterator[Markup]:
    """Of each input's rows those that another repeats, or that none are."""
    if repeats.any:
        found = repeat_lines(repeats)
        heads = ["rows of", *(f"in {printable(name)}" for name in found.heads)]
        rows = [
            (printable(name), *(Cell(one, np.nan) for one in cells)) for name, cells in found.rows
        ]
        yield table(caption, heads, rows)
    yield element("p", repeats_caption(repeats))
