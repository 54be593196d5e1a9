"""Repeats between inputs as a table of a page."""

from __future__ import annotations

from spanset.base.errors import printable
from spanset.diversity.repeats import Repeats
from spanset.report.page.markup import Markup
from spanset.report.page.tables import table


def input_repeats(repeats: Repeats) -> Markup:
    """Share of each input's rows that another repeats."""
    rows = [
        [printable(name), *(f"{100 * share:.1f} %" for share in repeats.near[number].tolist())]
        for number, name in enumerate(repeats.names)
    ]
    heads = ["rows of", *(f"in {printable(name)}" for name in repeats.names)]
    return table(f"Repeats between inputs, at cosine {repeats.threshold:g}", heads, rows)
