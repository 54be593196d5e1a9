"""What `plot` gives: lines on axes of the user's or new ones, and whole figures."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from tests.report.plots.drawn_sets import curve, make_sets, measurement, panels
from tests.report.plots.drawn_trials import some_pairs, told

from spanset.base.errors import MissingExtraError, UsageError
from spanset.diversity.measured_sets import MeasuredSets, Measurements
from spanset.greedy.selection import Selection, StopReason


def selection(gains):
    k = len(gains)
    return Selection(np.arange(k), np.array(gains), np.zeros(k), StopReason.REACHED_K, 100)


@pytest.fixture
def pyplot(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    pyplot = pytest.importorskip("matplotlib.pyplot", reason="the extra `plot` is not installed")
    yield pyplot
    pyplot.close("all")


def test_gains_are_drawn_over_the_picks_on_axes_that_are_given(pyplot):
    _, axes = pyplot.subplots()
    with pyplot.rc_context({"lines.linewidth": 7.0}):
        assert selection([1.0, 0.5, 0.0]).plot(axes, label="dpp") is axes
        selection([1.0, 0.25]).plot(axes, label="other")
    first, second = axes.get_lines()
    assert first.get_xdata().tolist() == [1, 2, 3]
    assert first.get_ydata()[:2].tolist() == [1.0, 0.5]
    assert np.isnan(first.get_ydata()[2])  # 0 has no place on a logarithmic axis
    assert second.get_label() == "other"
    assert first.get_linewidth() == 7.0  # the user's own style
    assert axes.get_yscale() == "log"


def test_without_axes_pyplot_has_a_new_figure(pyplot):
    axes = selection([1.0, 0.5]).plot()
    assert pyplot.gcf() is axes.figure
    other = measurement("ldd", curve=curve()).plot()
    assert other.figure is not axes.figure
    assert pyplot.get_fignums() == [1, 2]


def test_a_curve_has_a_band_of_its_colour_where_draws_differ(pyplot):
    _, axes = pyplot.subplots()
    one = measurement("ldd", curve=curve(50))
    one.plot(axes, label="a")
    (line,), (band,) = axes.get_lines(), axes.collections
    assert one.curve is not None
    assert line.get_ydata().tolist() == one.curve.mean.tolist()
    assert band.get_facecolor()[0, :3].tolist() == list(
        pyplot.matplotlib.colors.to_rgb(line.get_color())
    )
    assert axes.get_ylabel() == "ldd, nats per row"


@pytest.mark.parametrize(
    ("result", "why"),
    [
        (selection([]), "it has no picks"),
        (selection([np.nan] * 3), "its method computes none"),
        (measurement("vendi"), "it is one number"),
    ],
)
def test_what_has_nothing_to_draw_says_why_and_what_to_do(result, why):
    with pytest.raises(UsageError, match="plot: ") as error:
        result.plot()
    assert why in str(error.value)
    assert error.value.fix


def test_several_measurements_are_the_figure_of_the_command(pyplot):
    sets = MeasuredSets(make_sets(["a", "b"], ["ldd", "vendi"]))
    figure = sets.plot()
    assert len(panels(figure, "bars")) == 2
    assert len(panels(figure, "curve")) == 1
    assert len(panels(Measurements(sets[0].measurements).plot(), "bars")) == 2
    assert pyplot.get_fignums() == []  # the value of a cell is shown once


def test_a_trial_is_the_figure_of_the_command(pyplot):
    assert len(panels(told(["dpp", "top"], some_pairs(2)).plot(), "differences")) == 3


@pytest.mark.parametrize(
    "result",
    [
        selection([1.0]),
        measurement("ldd", curve=curve()),
        MeasuredSets(make_sets(["a"])),
        told(["dpp"], some_pairs(1)),
    ],
    ids=["selection", "measurement", "sets", "trial"],
)
def test_without_matplotlib_the_error_names_the_extra(result, monkeypatch):
    found = importlib.import_module

    def missing(name, package=None):
        if name.startswith("matplotlib"):
            raise ModuleNotFoundError(f"No module named {name!r}", name="matplotlib")
        return found(name, package)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(MissingExtraError, match=r"'matplotlib\S*' is not installed") as error:
        result.plot()
    assert "pip install 'spanset[plot]'" in str(error.value)
