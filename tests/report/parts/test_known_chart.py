"""Bars of sets among public ones."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from tests.report.measured.measured_outcomes import measure_outcome

from spanset.report.parts.known_chart import known_chart


def test_sets_stand_in_order_among_public_ones():
    figure = ET.fromstring(known_chart(measure_outcome().sets, measure_outcome().known))
    names = [one.find("title").text for one in figure.iter("text") if one.find("title") is not None]
    assert names == ["LIMA", "one", "two", "Code Alpaca"]
    kinds = [one.get("class") for one in figure.iter("rect") if one.get("height") == "14"]
    assert kinds == ["bar known", "bar look-0", "bar look-0", "bar known"]
    assert known_chart(measure_outcome().sets, []) == ""
