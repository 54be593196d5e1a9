"""Measurements: one with its curve, several of a data set, several data sets beside each other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from spanset.base.alike_numbers import alike
from spanset.base.views import html_view
from spanset.diversity.measured_sets import MeasuredSets, Measurements
from spanset.diversity.measurement import Curve, Measurement
from spanset.report.notebook.cell import cell, heading, small, strong
from spanset.report.page.line_chart import Line, line_chart
from spanset.report.page.markup import Markup, Part, element, joined
from spanset.report.page.tables import table

CURVES = 4  # lines that are told apart
ARROWS = {"higher": "↑", "lower": "↓"}


@html_view.register(Measurement)
def _measurement_html(one: Measurement) -> str:
    lead = joined(strong(f"{one.metric} {_value(one)}"), f" {one.unit}; {_direction(one)}")
    draws = "1 draw" if len(one.draws) == 1 else f"{len(one.draws)} draws"
    said = f"{draws} of {one.pool:,} rows"
    if one.n is not None:
        said += f", log determinants of {one.n:,}"
    return cell(heading(lead), _curves(one, {one.metric: one.curve}), small(said))


@html_view.register(Measurements)
def _measurements_html(found: Measurements) -> str:
    rows = [
        (one.metric, _value(one), one.unit, f"{one.better} is more diverse")
        for one in found.values()
    ]
    shown = table("Measures", ["measure", "value", "unit", "direction"], rows)
    pictures = [_curves(one, {metric: one.curve}) for metric, one in found.items()]
    lead = joined(strong(f"{len(found)} measures"), " of one data set")
    return cell(heading(lead), shown, element("div", *pictures, class_="pictures"))


@html_view.register(MeasuredSets)
def _sets_html(sets: MeasuredSets) -> str:
    metrics = list(dict.fromkeys(metric for one in sets for metric in one.measurements))
    examples = {
        metric: next(one.measurements[metric] for one in sets if metric in one.measurements)
        for metric in metrics
    }
    columns = [_column([one.measurements.get(metric) for one in sets]) for metric in metrics]
    rooms = [one.headroom for one in sets]
    heads = ["set", "rows", *(f"{m} {ARROWS[one.better]}" for m, one in examples.items())]
    if any(rooms):
        heads.append("room to select")
        columns.append([f"{one.ratio:.2f}" if one else "-" for one in rooms])
    rows: list[Sequence[Part]] = [
        (element("bdi", one.name), f"{one.rows:,}", *(column[place] for column in columns))
        for place, one in enumerate(sets)
    ]
    pictures = [
        _curves(example, {one.name: _curve(one.measurements.get(m)) for one in sets})
        for m, example in examples.items()
    ]
    lead = joined(
        strong(f"{len(sets)} data sets" if len(sets) != 1 else "1 data set"), ", measured alike"
    )
    said = (
        "↑ higher is more diverse, ↓ lower is; the most diverse in bold. ±: deviation over draws."
    )
    return cell(
        heading(lead),
        table("Measures", heads, rows),
        small(said),
        element("div", *pictures, class_="pictures"),
    )


def _column(found: Sequence[Measurement | None]) -> list[Part]:
    """Values of one measure, the best in bold."""
    values = np.array([math.nan if one is None else one.value for one in found])
    shown = alike(values, most=4)
    texts = [
        text + (f" ± {one.deviation:.2g}" if one is not None and one.deviation else "")
        for text, one in zip(shown, found, strict=True)
    ]
    if len(set(shown)) < 2 or not np.isfinite(values).any():
        return list(texts)
    is_up = next(one for one in found if one is not None).better == "higher"
    best = shown[int(np.nanargmax(values) if is_up else np.nanargmin(values))]
    return [strong(text) if own == best else text for text, own in zip(texts, shown, strict=True)]


def _curves(example: Measurement, curves: Mapping[str, Curve | None]) -> Markup:
    """A measure over n, of the first sets that have a curve."""
    lines = [
        Line(
            name,
            curve.n.astype(np.float64),
            curve.mean,
            curve.mean - curve.deviation,
            curve.mean + curve.deviation,
        )
        for name, curve in curves.items()
        if curve is not None and len(curve.n) > 1
    ]
    more = len(lines) - CURVES
    says = f"{more:,} more are not drawn: see plot()." if more > 0 else ""
    return line_chart(
        f"{example.metric} over the number of rows",
        lines[:CURVES],
        x_label="n, rows",
        y_label=example.unit,
        says=says,
    )


def _curve(one: Measurement | None) -> Curve | None:
    return None if one is None else one.curve


def _value(one: Measurement) -> str:
    spread = f" ± {one.deviation:.2g}" if one.deviation else ""
    return f"{one.value:,.4g}{spread}"


def _direction(one: Measurement) -> str:
    return f"{one.better} is more diverse"
