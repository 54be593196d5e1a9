"""Pictures: what is drawn stands where its numbers say."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from spanset.report.page.bar_chart import share_chart, spread_chart
from spanset.report.page.line_chart import POINTS, Line, Mark, line_chart

HOSTILE = "<script>alert(1)</script>"


def picture(markup: str) -> ET.Element:
    """The figure, which is well-formed XML."""
    return ET.fromstring(markup)


def path_of(figure: ET.Element, look: str) -> np.ndarray:
    (path,) = (one for one in figure.iter("path") if one.get("class") == look)
    numbers = re.findall(r"-?[\d.]+", path.get("d") or "")
    return np.array(numbers, float).reshape(-1, 2)


def test_a_line_goes_through_its_points():
    x = np.array([1.0, 2.0, 3.0, 5.0])
    y = np.array([1.0, np.nan, 0.1, 0.01])
    figure = picture(
        line_chart("t", [Line("a", x, y), Line("b", x, y)], x_label="x", y_label="y", log_y=True)
    )
    drawn = path_of(figure, "line look-0")
    assert len(drawn) == 3, "what is not finite has no place"
    assert drawn[1, 0] == pytest.approx((drawn[0, 0] + drawn[2, 0]) / 2, abs=0.1)
    assert drawn[1, 1] == pytest.approx((drawn[0, 1] + drawn[2, 1]) / 2, abs=0.1)
    assert drawn[0, 1] < drawn[2, 1], "larger is further up"
    names = [item.text for item in figure.iter("span")]
    assert names == ["a", "b"]


def test_long_lines_are_thinned_and_keep_their_ends():
    x = np.arange(1.0, 100_001)
    figure = picture(line_chart("t", [Line("a", x, np.sqrt(x))], x_label="x", y_label="y"))
    drawn = path_of(figure, "line look-0")
    assert len(drawn) == POINTS
    assert drawn[-1, 1] == drawn[:, 1].min()
    assert drawn[-1, 0] == drawn[:, 0].max()


def test_nothing_finite_gives_no_picture():
    nothing = np.full(3, np.nan)
    assert line_chart("t", [Line("a", nothing, nothing)], x_label="x", y_label="y") == ""
    assert spread_chart("t", {"a": nothing}, x_label="x") == ""


def test_marks_are_named():
    line = Line("a", np.array([1.0, 9.0]), np.array([1.0, 2.0]))
    marks = [Mark(5.0, HOSTILE)]
    figure = picture(line_chart("t", [line], x_label="x", y_label="y", marks=marks))
    (mark,) = (one for one in figure.iter("line") if one.get("class") == "mark")
    title = mark.find("title")
    assert title is not None
    assert title.text == HOSTILE
    drawn = path_of(figure, "line look-0")
    assert float(mark.get("x1") or 0) == pytest.approx(drawn[:, 0].mean(), abs=0.1)


def test_bars_are_as_long_as_their_shares():
    shares = {"pool": {"a": 0.5, HOSTILE: 0.25}, "picked": {"a": 0.1}}
    figure = picture(share_chart("t", shares))
    widths = [float(one.get("width") or 0) for one in figure.iter("rect") if one.get("x") == "132"]
    assert np.array(widths) / widths[0] == pytest.approx([1.0, 0.2, 0.5, 0.0], abs=0.01)
    assert any(one.text == HOSTILE for one in figure.iter("title"))


@pytest.mark.parametrize("log_x", [False, True])
def test_steps_hold_all_rows(log_x):
    values = np.concatenate([np.random.default_rng(0).lognormal(size=500), [np.inf, 1e9]])
    figure = picture(spread_chart("t", {"a": values, "b": values}, x_label="x", log_x=log_x))
    steps = path_of(figure, "line look-0")
    bottom = steps[0, 1]
    heights = bottom - steps[1:-1:2, 1]
    assert (heights >= 0).all()
    grid = [one for one in figure.iter("line") if one.get("class") == "grid"]
    labels = [one.text or "" for one in figure.iter("text") if one.get("class") == "end"]
    top = bottom - float(grid[-1].get("y1") or 0)
    share = float(labels[-1].rstrip(" %")) / 100
    assert heights.sum() * share / top == pytest.approx(1.0, abs=0.05)


def test_equal_numbers_have_a_spread_to_draw():
    figure = picture(spread_chart("t", {"a": np.ones(5), "b": np.ones(4)}, x_label="x", log_x=True))
    assert len(path_of(figure, "line look-1")) > 2
