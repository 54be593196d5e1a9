"""Pictures of what was measured: LDD over n and among public sets, measures, scores, new data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from spanset.diversity.addition import Additions
from spanset.diversity.correlation import Correlation
from spanset.diversity.ldd import LDD
from spanset.diversity.measurement import MeasuredSet
from spanset.report.page.line_chart import Line, line_chart
from spanset.report.page.markup import Markup
from spanset.report.page.point_chart import Point, point_chart
from spanset.report.page.value_chart import Bar, value_chart
from spanset.runs.measure_lines import MetricLine, short, spread_of

LINES = 6  # sets whose curve is drawn
BARS = 30  # sets that have a bar
SCATTERED = 4  # measures that are drawn against the scores
HIGHER, LOWER = "higher is more diverse", "lower is more diverse"


def curve_chart(sets: Sequence[MeasuredSet], reference: str) -> Markup:
    """LDD over n, with its spread over draws; 0 is the reference."""
    found = [
        (one.name, one.measurements[LDD().name]) for one in sets if LDD().name in one.measurements
    ]
    curves = [(name, one.curve, one.value) for name, one in found if one.curve is not None]
    if not curves:
        return Markup()
    shown = curves
    if len(curves) > LINES:
        order = sorted(range(len(curves)), key=lambda i: curves[i][2])
        ends = {*order[: LINES // 2], *order[-(LINES // 2) :]}
        shown = [one for number, one in enumerate(curves) if number in ends]
    lines = []
    for name, curve, _ in shown:
        mean, spread = curve.mean, curve.deviation
        has_spread = bool(np.nan_to_num(spread).any())
        band = (mean - spread, mean + spread) if has_spread else (None, None)
        lines.append(Line(name, curve.n.astype(np.float64), mean, *band))
    of = (
        f" The {LINES // 2} most and the {LINES // 2} least diverse sets."
        if shown != curves
        else ""
    )
    return line_chart(
        "Log determinant distance over the number of rows",
        lines,
        x_label="n, rows",
        y_label="nats per row",
        says=f"Lower is more diverse.{of}",
        zero=reference,
    )


def metric_charts(sets: Sequence[MeasuredSet], lines: Sequence[MetricLine]) -> Iterator[Markup]:
    """Bars of every measure, where there are several sets."""
    if len(sets) < 2:
        return
    for line in lines:
        bars = []
        for one, value in list(zip(sets, line.values, strict=True))[:BARS]:
            if np.isfinite(value):
                spread = spread_of(one.measurements[line.metric])
                own = spread if np.isfinite(spread) else 0.0
                bars.append(Bar(one.name, short(value), value, own))
        if not any(one.value for one in bars):
            continue  # nothing to be seen of what is 0 everywhere
        way = HIGHER if line.example.better == "higher" else LOWER
        more = f" The first {BARS} sets." if len(sets) > BARS else ""
        yield value_chart(
            f"{line.arrow} {line.metric}", bars, says=f"In {line.example.unit}; {way}.{more}"
        )


def addition_chart(added: Additions) -> Markup:
    """What each file adds, beside more of the same."""
    every = [*added.files[:BARS], *([] if added.same is None else [added.same])]
    bars = [
        Bar(one.name, f"+{one.equivalent:,}", one.equivalent, is_known=one is added.same)
        for one in every
        if one.equivalent is not None
    ]
    says = "Uniform points that rows span beside the current ones, the most first."
    return value_chart("What new data add", bars, says=says)


def score_charts(
    sets: Sequence[MeasuredSet], correlations: Sequence[Correlation], scores: Mapping[str, float]
) -> Iterator[Markup]:
    """The measures that go best with the scores, a point a set."""
    for found in correlations[:SCATTERED]:
        points = [
            Point(one.name, one.measurements[found.metric].value, scores[one.name])
            for one in sets
            if np.isfinite(one.measurements[found.metric].value)
        ]
        way = HIGHER if found.better == "higher" else LOWER
        said = "-" if np.isnan(found.spearman) else f"{found.spearman:+.2f}"
        yield point_chart(
            f"Score and {found.metric}",
            points,
            x_label=f"{found.metric}, {way}",
            y_label="score",
            says=f"Spearman correlation {said}.",
        )
