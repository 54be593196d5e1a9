"""Where data stand among public sets of as many rows, by their log determinant distance."""

from __future__ import annotations

from collections.abc import Sequence

from spanset.diversity.known_sets import KnownValue
from spanset.diversity.ldd import LDD
from spanset.diversity.measurement import MeasuredSet
from spanset.report.page.markup import Markup
from spanset.report.page.value_chart import Bar, value_chart

MOST = 30  # sets of one's own that have a bar


def known_chart(sets: Sequence[MeasuredSet], known: Sequence[KnownValue]) -> Markup:
    """A bar for every set, the most diverse first; nothing where public sets are not known."""
    own = [one for one in sets if LDD().name in one.measurements]
    if not known or not own:
        return Markup()
    bars = [Bar(one.name, f"{one.ldd:.3f}", one.ldd, is_known=True) for one in known]
    for one in own[:MOST]:
        value = one.measurements[LDD().name].value
        bars.append(Bar(one.name, f"{value:.3f}", value))
    return value_chart(
        "LDD among public sets",
        sorted(bars, key=lambda one: one.value),
        says="Nats per row, the most diverse first; 0 is uniform on the sphere. Public sets of as "
        "many rows, measured alike.",
        names=("your data", "public sets"),
    )
