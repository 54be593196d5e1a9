"""Panels of bars and of points: one a metric, a colour a set, values and directions named."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")

from matplotlib.colors import to_hex
from tests.report.plots.drawn_sets import (
    METRICS,
    make_sets,
    measurement,
    page,
    panel,
    panels,
    saved,
    texts,
)

from spanset.base.errors import DataError
from spanset.diversity.measurement import MeasuredSet
from spanset.report.plots.figures import measure_figure
from spanset.report.plots.names import COLOURS


def bars(axes):
    return [bar for container in axes.containers for bar in container if hasattr(bar, "get_width")]


def one_set(value):
    return MeasuredSet("a", 100, {"vendi": measurement("vendi", value, 1)})


def test_one_panel_a_metric_and_one_for_the_curve():
    figure = measure_figure(make_sets(["a", "b", "c"]))
    assert len(panels(figure, "curve")) == 1
    assert len(panels(figure, "bars")) == len(METRICS)
    assert not panels(figure, "scatter")


def test_a_measure_that_no_set_has_a_value_of_gets_no_panel():
    sets = make_sets(["a", "b"], ["ldd", "coverage"])
    for one in sets:
        one.measurements["coverage"] = measurement("coverage", math.nan)
    figure = measure_figure(sets, scores={"a": 1.0, "b": 2.0})
    assert [axes.get_label() for axes in figure.axes] == [
        "page",
        "curve",
        "bars ldd",
        "scatter ldd",
    ]
    nothing_else = [MeasuredSet("a", 9, {"coverage": measurement("coverage", math.nan)})]
    assert "-" in texts(panel(measure_figure(nothing_else), "bars coverage"))


@pytest.mark.parametrize("count", [1, 3, 8, 9, 12])
def test_any_number_of_sets_is_drawn_without_a_warning(tmp_path, count):
    sets = make_sets([f"set {i}" for i in range(count)], ["ldd", "vendi"])
    scores = {one.name: float(i) for i, one in enumerate(sets)}
    figure = measure_figure(sets, scores=scores)
    assert len(bars(panel(figure, "bars vendi"))) == count
    assert len(panel(figure, "curve").lines) == count + 1  # and the zero line
    assert saved(figure, tmp_path / "a.png").startswith(b"\x89PNG")


def test_a_set_has_one_colour_in_every_panel():
    names = [f"set {i}" for i in range(10)]
    figure = measure_figure(make_sets(names), scores=dict.fromkeys(names, 1.0))
    expected = [COLOURS[i % len(COLOURS)].lower() for i in range(10)]
    for axes in panels(figure, "bars"):
        assert [to_hex(bar.get_facecolor()) for bar in bars(axes)] == expected
    lines = [line for line in panel(figure, "curve").lines if len(line.get_xdata()) > 2]
    assert [to_hex(line.get_color()) for line in lines] == expected
    for axes in panels(figure, "scatter"):
        marks = [line for line in axes.lines if line.get_marker() != "None"]
        assert [to_hex(mark.get_color()) for mark in marks] == expected


def test_a_colour_that_comes_again_comes_with_another_line_hatch_and_marker():
    names = [f"set {i}" for i in range(9)]
    figure = measure_figure(make_sets(names), scores=dict.fromkeys(names, 1.0))
    first, *_, ninth = bars(panel(figure, "bars vendi"))
    assert first.get_hatch() != ninth.get_hatch()
    lines = [line for line in panel(figure, "curve").lines if len(line.get_xdata()) > 2]
    assert lines[0].get_linestyle() != lines[8].get_linestyle()
    marks = [x for x in panel(figure, "scatter vendi").lines if x.get_marker() != "None"]
    assert marks[0].get_marker() != marks[8].get_marker()


def test_a_panel_says_its_metric_unit_and_direction():
    figure = measure_figure(make_sets(["a"]))
    vendi, ldd = texts(panel(figure, "bars vendi")), texts(panel(figure, "bars ldd"))
    assert {"vendi", "effective rows", "higher is more diverse →"} <= set(vendi)
    assert {"ldd", "nats per row", "← lower is more diverse"} <= set(ldd)


def test_bars_stand_in_the_order_given_from_the_top():
    axes = panel(measure_figure(make_sets(["z", "a", "m"])), "bars vendi")
    assert [bar.get_width() for bar in bars(axes)] == pytest.approx([1.01, 2.01, 3.01])
    bottom, top = axes.get_ylim()
    assert bottom > top


def test_values_stand_at_the_bars_ends_and_stay_in_the_panel():
    figure = measure_figure([one_set(-1.234), one_set(0.5), one_set(12.0)])
    axes = panel(figure, "bars vendi")
    assert {"\N{MINUS SIGN}1.2", "0.5", "12.0"} <= set(texts(axes))
    figure.draw_without_rendering()
    frame = axes.get_window_extent()
    for text in axes.texts:
        box = text.get_window_extent()
        assert frame.x0 - 2 <= box.x0
        assert box.x1 <= frame.x1 + 2


def test_missing_and_undefined_values_are_a_dash(tmp_path):
    sets = [one_set(1.0), one_set(math.nan), MeasuredSet("b", 9, {"radius": measurement("radius")})]
    figure = measure_figure(sets)
    assert texts(panel(figure, "bars vendi")).count("-") == 2
    saved(figure, tmp_path / "a.png")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 0.0, -1e-300, 1e12, -3.0])
def test_no_value_breaks_a_panel(tmp_path, value):
    sets = [MeasuredSet("a", 9, {"vendi": measurement("vendi", value)})]
    saved(measure_figure(sets, scores={"a": value}), tmp_path / "a.svg")


def test_error_bars_show_the_deviation_and_only_where_there_is_one():
    with_draws = measure_figure(make_sets(["a"], draws=3))
    without = measure_figure(make_sets(["a"], draws=1))
    assert panel(with_draws, "bars vendi").collections
    assert not panel(without, "bars vendi").collections
    assert any("3 draws" in text for text in texts(page(with_draws)))
    assert not any("draws" in text for text in texts(page(without)))


def test_scatter_panels_show_points_names_and_correlations():
    figure = measure_figure(
        make_sets(["a", "b", "c"]),
        scores={"a": 1.0, "b": 3.0, "c": math.nan},
        correlations={"vendi": (0.5, -0.25), "ldd": (math.nan, 1.0)},
    )
    assert len(panels(figure, "scatter")) == len(METRICS)
    axes = panel(figure, "scatter vendi")
    assert "Pearson 0.50   Spearman \N{MINUS SIGN}0.25" in texts(axes)
    assert "Pearson -   Spearman 1.00" in texts(panel(figure, "scatter ldd"))
    points = [line.get_xydata()[0] for line in axes.lines if line.get_marker() != "None"]
    np.testing.assert_allclose(points, [(1.01, 1.0), (2.01, 3.0)])
    # Beside the curve, the bars' two rows, and each of the scatter panels' two.
    shown = texts(page(figure))
    assert [shown.count(name) for name in "abc"] == [5, 5, 3], "a set without a score is no point"


def test_all_scatter_panels_have_the_scores_as_their_height():
    sets = make_sets(["a", "b", "c"], ["ldd", "vendi"])
    sets[2].measurements["vendi"] = measurement("vendi", math.nan)
    figure = measure_figure(sets, scores={"a": 1.0, "b": 3.0, "c": 9.0})
    first, second = panels(figure, "scatter")
    assert first.get_ylim() == second.get_ylim()


def test_scores_of_no_set_add_no_panel():
    assert not panels(measure_figure(make_sets(["a"]), scores={"other": 1.0}), "scatter")


def test_nothing_measured_is_refused():
    with pytest.raises(DataError, match="measurement"):
        measure_figure([MeasuredSet("a", 10, {})])
