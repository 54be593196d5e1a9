"""The curve of a measure over the number of rows: from one to n, over a named reference."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")

from tests.report.plots.drawn_sets import (
    curve,
    make_sets,
    measurement,
    page,
    panel,
    panels,
    saved,
    texts,
)

from spanset.diversity.measurement import Curve, MeasuredSet
from spanset.report.plots.figures import measure_figure


def test_no_curve_panel_without_a_curve():
    assert not panels(measure_figure(make_sets(["a"], ["vendi", "radius"])), "curve")


def test_a_curve_without_a_finite_value_is_no_curve():
    empty = Curve(np.array([1, 2]), np.array([math.nan, math.inf]), np.zeros(2))
    sets = [MeasuredSet("a", 9, {"ldd": measurement("ldd", curve=empty)})]
    assert not panels(measure_figure(sets), "curve")


def test_the_curve_runs_from_one_to_n_with_a_named_zero_line():
    figure = measure_figure(make_sets(["a", "b"]))
    axes = panel(figure, "curve")
    assert axes.get_xlim() == (1, 100)
    assert axes.get_ylabel() == "nats per row"
    assert texts(axes) == ["ldd over the number of rows", "← lower is more diverse"]
    assert axes.get_ylim()[0] < 0 < axes.get_ylim()[1]
    assert {"uniform on the sphere", "a", "b"} <= set(texts(page(figure)))
    assert len(axes.collections) == 2  # a band each


def test_the_first_measure_with_a_curve_is_drawn_over_the_reference_named():
    metrics = {"vendi": None, "ldd:drop": curve(), "ldd": curve(height=9.0)}
    measurements = {name: measurement(name, curve=one) for name, one in metrics.items()}
    figure = measure_figure([MeasuredSet("a", 9, measurements)], reference="pool.jsonl")
    (axes,) = panels(figure, "curve")
    assert texts(axes)[0] == "ldd:drop over the number of rows"
    assert {"pool.jsonl", "a"} <= set(texts(page(figure)))


def test_values_of_a_curve_that_are_not_finite_are_left_out(tmp_path):
    mean = np.array([0.0, 1.0, math.nan, math.inf])
    broken = Curve(np.array([1, 2, 3, 4]), mean, np.array([0.0, math.nan, 0.1, math.inf]))
    sets = [MeasuredSet("a", 9, {"ldd": measurement("ldd", curve=broken)})]
    figure = measure_figure(sets)
    assert (
        -0.2
        < panel(figure, "curve").get_ylim()[0]
        < 0
        < 1
        < panel(figure, "curve").get_ylim()[1]
        < 1.2
    )
    saved(figure, tmp_path / "a.png")


def test_a_curve_of_one_point_is_drawn(tmp_path):
    point = Curve(np.array([1]), np.array([0.0]), np.array([0.0]))
    sets = [MeasuredSet("a", 1, {"ldd": measurement("ldd", curve=point)})]
    saved(measure_figure(sets), tmp_path / "a.png")
