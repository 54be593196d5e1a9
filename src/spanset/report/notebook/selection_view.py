"""A selection: how many rows, why there are no more, and what each pick adds."""

from __future__ import annotations

import numpy as np

from spanset.base.views import html_view
from spanset.greedy.selection import Selection
from spanset.report.notebook.cell import cell, heading, small, strong
from spanset.report.page.markup import Markup, element, joined
from spanset.report.page.tables import table
from spanset.report.parts.gains_chart import gains_chart
from spanset.runs.compared_gains import ComparedGains
from spanset.selectors.dedup import Deduplicated

FIRST = 8  # positions
GROUPS = 5  # of rows that repeat each other
CLOSE = 1e-9  # margin of a pick from which on another machine will pick the same


@html_view.register(Selection)
def _selection_html(picks: Selection) -> str:
    lead = joined(
        strong(f"{len(picks):,} of {picks.candidates:,} rows"), f": {picks.stop_reason.value}"
    )
    chart = gains_chart(ComparedGains(picks.gains, [], []), [])
    facts = "; ".join(_facts(picks))
    parts = [chart, small(facts) if facts else None, _repeats(picks)]
    return cell(heading(lead), *parts)


def _facts(picks: Selection) -> list[str]:
    facts = []
    if len(picks) and np.isfinite(picks.log_det):
        facts.append(f"log det {picks.log_det:,.4g} nats")
    if picks.ties:
        facts.append(f"{picks.ties:,} ties")
    if picks.smallest_margin < CLOSE:
        facts.append(f"the closest decision by {picks.smallest_margin:.1g}")
    if len(picks) and not isinstance(picks, Deduplicated):  # which keeps rows as they stand
        first = ", ".join(f"{row:,}" for row in picks.order[:FIRST].tolist())
        facts.append(f"first positions {first}")
    return facts


def _repeats(picks: Selection) -> Markup:
    """Of a deduplication, the rows that most others repeat."""
    if not isinstance(picks, Deduplicated):
        return Markup()
    others = picks.stands_for[picks.dropped]
    rows, counts = np.unique(others, return_counts=True)
    most = np.argsort(-counts, kind="stable")[:GROUPS]
    said = f"{len(others):,} rows repeat others, from a cosine of {picks.threshold:g} on."
    if not len(most):
        return small(said)
    lines = [
        (f"{row:,}" if row >= 0 else f"given row {-1 - row:,}", f"{count:,}")
        for row, count in zip(rows[most].tolist(), counts[most].tolist(), strict=True)
    ]
    shown = table("Repeated most", ["position", "repeated by rows"], lines)
    return joined(small(said), element("div", shown))
