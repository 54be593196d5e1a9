"""Pictures of a selection: diversity over n, quality and lengths, shares of values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from spanset.base.array_types import FloatArray
from spanset.diversity.known_sets import KnownValue, place_of
from spanset.diversity.measurement import MeasuredSet
from spanset.report.page.bar_chart import share_chart, spread_chart
from spanset.report.page.line_chart import Line, line_chart
from spanset.report.page.markup import Markup
from spanset.report.parts.gains_chart import PICKED
from spanset.runs.finished import FinishedRun
from spanset.runs.set_lines import field_shares
from spanset.runs.summary import SetSummary

POOL = "all rows"
SHOWN = 10  # values of a field; the rest are added up


def ldd_chart(sets: Sequence[MeasuredSet], known: Sequence[KnownValue]) -> Markup:
    """LDD over n of the picks, of random rows and of all rows; 0 is uniform on the sphere."""
    lines = []
    for one in sets:
        curve = one.measurements["ldd"].curve
        if curve is not None:
            lines.append(Line(one.name, curve.n.astype(np.float64), curve.mean))
    if not lines:
        return Markup()
    own = sets[0].measurements["ldd"].value
    place = f" The picks are {place_of(own, known)}." if known else ""
    says = f"0 is uniform on the sphere, lower is more diverse.{place}"
    return line_chart(
        "Log determinant distance", lines, x_label="n, rows", y_label="nats per row", says=says
    )


def before_and_after(run: FinishedRun, scores: Mapping[str, FloatArray]) -> Iterator[Markup]:
    """Quality and lengths of the picks beside those of the rows left out."""
    order = run.picks.order
    left = np.setdiff1d(np.arange(len(run.data)), order)
    for name, values in scores.items():
        sets = {PICKED: values[order], "left out": values[left]}
        is_wide = bool((values > 0).all() and values.max() > 50 * np.median(values))
        title = f"Quality: {name}"
        yield spread_chart(title, sets, x_label="its own unit", says=_middles(sets), log_x=is_wide)
    tokens = run.tokens.total.astype(np.float64)
    sets = {PICKED: tokens[order], "left out": tokens[left]}
    yield spread_chart(
        "Length", sets, x_label="tokens of a row (log scale)", says=_middles(sets), log_x=True
    )


def share_charts(sets: Sequence[SetSummary]) -> Iterator[Markup]:
    """Shares of values of every field, in the picks and in all rows."""
    pool, picked = sets[0], next(one for one in reversed(sets) if one.name == "picked")
    for field, shares in field_shares([pool.shares, picked.shares], SHOWN):
        both = {
            PICKED: {value: of_both[1] for value, of_both in shares},
            POOL: {value: of_both[0] for value, of_both in shares},
        }
        there, found = len(pool.shares[field]), len(picked.shares[field])
        says = "" if found == there else f"{there - found:,} of {there:,} values are in no pick."
        yield share_chart(f"Share by {field}", both, says)


def _middles(sets: Mapping[str, FloatArray]) -> str:
    parts = [f"{name} {np.median(values):,.4g}" for name, values in sets.items() if len(values)]
    return f"Median: {', '.join(parts)}."
