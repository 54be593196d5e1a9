"""Values on one scale as dots: in order, at their places, escaped."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from spanset.report.page.dot_chart import Dot, dot_chart


def places(markup):
    return [float(one) for one in re.findall(r'<circle cx="([\d.]+)"', markup)]


def dots(*values):
    return [Dot(f"set {n}", value, f"{value:g}", n == 0) for n, value in enumerate(values)]


def test_the_lowest_stands_first_and_places_are_in_proportion():
    made = dot_chart("Scale", dots(0.5, 0.25, 1.0), ("own", "others"))
    ET.fromstring(made)
    assert re.findall(r"</title>(set \d)<", made) == ["set 1", "set 0", "set 2"]
    low, middle, high = places(made)
    assert high - middle == pytest.approx(2 * (middle - low), abs=0.3)


def test_the_own_is_told_from_others_in_the_legend_too():
    made = dot_chart("Scale", dots(0.5, 0.25), ("these data", "public sets"))
    assert "these data" in made
    assert "public sets" in made
    assert made.count('class="end own"') == 1
    alone = dot_chart("Scale", dots(0.5), ("these data", "public sets"))
    assert "public sets" not in alone


def test_values_below_nothing_and_all_equal_have_places():
    assert places(dot_chart("Scale", dots(-1.0, 0.0, 1.0), ("a", "b")))
    assert len(set(places(dot_chart("Scale", dots(0.0, 0.0), ("a", "b"))))) == 1
    assert dot_chart("Scale", [], ("a", "b")) == ""


def test_names_are_cut_and_escaped():
    name = "<img src=x onerror=alert(1)> and more of it"
    made = dot_chart("Scale", [Dot(name, 1.0, "1", True)], ("a", "b"))
    assert "<img" not in made
    ET.fromstring(made)
