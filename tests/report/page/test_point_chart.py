"""Points with names: where they belong, and no name on another or on a point."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from spanset.report.page.axes import WIDTH
from spanset.report.page.chart_marks import SIZE, chart_mark
from spanset.report.page.point_chart import LETTER, LINE, Point, point_chart


def drawn(points, **more):
    return ET.fromstring(point_chart("t", points, x_label="x", y_label="y", **more))


def places(figure):
    return {
        one.find("title").text: (float(one.get("cx")), float(one.get("cy")))
        for one in figure.iter("circle")
        if one.find("title") is not None
    }


def test_points_stand_where_their_numbers_say():
    found = places(drawn([Point("a", 0.0, 1.0), Point("b", 4.0, 3.0), Point("c", 1.0, 2.0)]))
    (ax, ay), (bx, by), (cx, cy) = (found[name] for name in "abc")
    assert (cx - ax) / (bx - ax) == pytest.approx(0.25, abs=0.01)
    assert (cy - ay) / (by - ay) == pytest.approx(0.5, abs=0.01)
    assert by < ay, "larger is further up"


@pytest.mark.parametrize("count", [1, 8, 60])
def test_names_lie_on_nothing(count):
    rng = np.random.default_rng(count)
    points = [Point(f"choice number {i}", *rng.normal(size=2).tolist()) for i in range(count)]
    figure = drawn(points)
    marks = [(x - SIZE, y - SIZE, x + SIZE, y + SIZE) for x, y in places(figure).values()]
    assert len(marks) == count
    names = []
    for one in figure.iter("text"):
        if one.get("class") == "name":
            x, y = float(one.get("x")), float(one.get("y")) + 2
            names.append((x, y - LINE, x + LETTER * len(one.text), y))
    assert names
    for number, a in enumerate(names):
        assert a[0] >= 0
        assert a[2] <= WIDTH
        for b in [*names[number + 1 :], *marks]:
            assert not (
                a[0] < b[2] - 0.2 and b[0] < a[2] - 0.2 and a[1] < b[3] - 0.2 and b[1] < a[3] - 0.2
            )


def test_those_that_matter_are_named_first():
    points = [Point(f"long name number {i}", 1.0, 1.0 + 1e-9 * i) for i in range(40)]
    figure = drawn(points)
    names = [one.text for one in figure.iter("text") if one.get("class") == "name"]
    assert names[0] == "long name number 0"
    assert len(names) < 40, "there is no room for all"


def test_looks_are_told_apart_by_their_shape():
    shapes = [ET.fromstring(chart_mark(5, 5, look)) for look in range(4)]
    drawn = {(one.tag, one.get("points")) for one in shapes}
    assert len(drawn) == 4


def test_nothing_gives_no_picture():
    assert point_chart("t", [], x_label="x", y_label="y") == ""
