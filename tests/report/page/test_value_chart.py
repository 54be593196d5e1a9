"""Bars of any numbers: as long as they say, and all of it in the picture."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from spanset.report.page.axes import WIDTH
from spanset.report.page.value_chart import DIGIT, Bar, value_chart

HOSTILE = "<script>alert(1)</script>"


def bars_of(markup: str):
    figure = ET.fromstring(markup)
    found = [
        one for one in figure.iter("rect") if one.get("y") is not None and one.get("height") == "14"
    ]
    return figure, [(float(one.get("x")), float(one.get("width"))) for one in found]


def test_lengths_are_the_values():
    _, found = bars_of(
        value_chart("t", [Bar("a", "2", 2.0), Bar("b", "1", 1.0), Bar("c", "0", 0.0)])
    )
    widths = [width for _, width in found]
    assert widths[0] > 100
    assert widths == pytest.approx([widths[0], widths[0] / 2, 0.0], abs=0.1)


def test_what_is_negative_goes_to_the_left():
    figure, found = bars_of(value_chart("t", [Bar("a", "-1", -1.0), Bar("b", "3", 3.0)]))
    (left, width), (right, longer) = found
    assert left + width == pytest.approx(right, abs=0.1)
    assert longer == pytest.approx(3 * width, abs=0.2)
    assert any(one.get("class") == "zero" for one in figure.iter("line"))


def test_the_spread_of_what_is_never_negative_ends_at_0():
    figure, found = bars_of(value_chart("t", [Bar("a", "0.1", 0.1, 0.4), Bar("b", "1", 1.0)]))
    (whisker,) = (one for one in figure.iter("line") if one.get("class") == "whisker")
    assert float(whisker.get("x1")) == pytest.approx(found[0][0])
    assert float(whisker.get("x2")) > found[0][0] + found[0][1]


@pytest.mark.parametrize("value", [0.0, 5.0, 1e9, -3.0])
@pytest.mark.parametrize("spread", [0.0, 2.0])
def test_every_text_has_room(value, spread):
    text = f"{value:,.3f} ± {spread}"
    figure = ET.fromstring(value_chart("t", [Bar("a", text, value, spread), Bar("b", "1", 1.0)]))
    for one in figure.iter("text"):
        if one.get("class") == "name":
            assert float(one.get("x")) + (DIGIT - 0.3) * len(one.text) <= WIDTH + 1


def test_known_bars_look_otherwise_and_names_are_text():
    bars = [Bar(HOSTILE, "1", 1.0), Bar("b", "2", 2.0, is_known=True)]
    figure = ET.fromstring(value_chart("t", bars, names=("yours", "others")))
    kinds = [one.get("class") for one in figure.iter("rect")]
    assert kinds == ["bar look-0", "bar known"] * 2, "the legend's, then the bars"
    assert any(one.text == HOSTILE for one in figure.iter("title"))


def test_nothing_gives_no_picture():
    assert value_chart("t", []) == ""
