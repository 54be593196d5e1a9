"""How diverse data are: where they stand among public sets, a few measures, and a verdict."""

from __future__ import annotations

from collections.abc import Iterator

from spanset.base.errors import printable
from spanset.diversity.measurement import Measurement
from spanset.diversity.verdict import SCALE, verdicts
from spanset.features.specs import seen_by
from spanset.report.looked_at.first_facts import FirstFacts
from spanset.report.page.markup import Markup, element, joined
from spanset.report.page.tables import table
from spanset.report.parts.known_chart import known_chart

# What is taken, and what it says of rows.
MEASURES = {
    "ldd": "distance from rows spread out evenly; lower is more diverse",
    "equivalent-size": "evenly spread rows that span as much; higher is more diverse",
    "vendi": "kinds of rows, by how alike they are; higher is more diverse",
    "novelsum": "distance between rows, more where they are dense; higher is more diverse",
    "distinct-2": "share of word pairs that are new; higher is more diverse",
}


def value_of(facts: FirstFacts, metric: str) -> Measurement | None:
    """A measure of all rows; None where it was not taken."""
    return facts.sets[0].measurements.get(metric) if facts.sets else None


def measures(facts: FirstFacts) -> Iterator[Markup | None]:
    """Picture, table and words; or that there are too few rows."""
    if not facts.sets:
        yield element("p", "Too few rows to say, or a kernel too sharp to measure by.")
        return
    for line in verdicts(facts.sets, known=facts.known, sees=seen_by(facts.kind)):
        if not line.startswith(SCALE):  # the picture has it
            yield element("p", printable(line))
    scale = known_chart(facts.sets, facts.known)
    yield element("div", scale, _table(facts), class_="pictures")


def _table(facts: FirstFacts) -> Markup:
    """Every measure of every set."""
    rows = []
    for metric, meaning in MEASURES.items():
        found = [one.measurements.get(metric) for one in facts.sets]
        if any(found):
            cells = ["-" if one is None else f"{one.value:.4g}" for one in found]
            name = joined(metric, element("small", meaning))
            rows.append((name, *cells))
    first = facts.sets[0].measurements["ldd"]
    caption = f"Measures, of {len(first.draws)} draws of {first.pool:,} rows"
    return table(caption, ["measure", *(one.name for one in facts.sets)], rows)
