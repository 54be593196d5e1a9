"""The page of a measurement: where sets stand among public ones, and curves from the reference."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from tests.report.measured.measured_outcomes import measure_outcome
from tests.report.page_texts import require_harmless, text_of

from spanset.diversity.addition import Addition, Additions
from spanset.diversity.correlation import correlate
from spanset.report.measured.measured_charts import (
    addition_chart,
    curve_chart,
    score_charts,
)
from spanset.report.measured.measured_page import measured_page

HOSTILE = "<script>alert(1)</script>"


def test_the_verdict_comes_before_all_numbers():
    text = text_of(measured_page(measure_outcome()))
    assert text.index("Diversity of one and two") < text.index("one: said.")
    assert text.index("two: said.") < text.index("LDD among public sets")
    for wanted in ("0.200 ± 0.010*", "0.300 ± 0.010", "1.15", "over 3 draws", "n = 100"):
        assert wanted in text, wanted


def test_one_set_has_its_values_at_the_head():
    text = text_of(measured_page(measure_outcome(("one",))))
    head = text[: text.index("Pictures")]
    assert "LDD, nats per row 0.200 between LIMA and Code Alpaca" in head
    assert "room to select 1.15 times more 60 picks span than random rows do" in head


def test_curves_start_from_the_reference():
    figure = ET.fromstring(curve_chart(measure_outcome().sets, "uniform <on> the sphere"))
    (zero,) = (one for one in figure.iter("line") if one.get("class") == "zero")
    assert zero.find("title").text == "uniform <on> the sphere"
    level = float(zero.get("y1"))
    for look in (0, 1):
        (path,) = (one for one in figure.iter("path") if one.get("class") == f"line look-{look}")
        ends = np.array(re.findall(r"[\d.]+", path.get("d")), float).reshape(-1, 2)
        heights = level - ends[:, 1]
        np.testing.assert_allclose(heights / heights[-1], [0.01, 0.1, 0.5, 1.0], atol=0.01)
    (one, two) = (
        level - float(re.findall(r"[\d.]+", path.get("d"))[-1])
        for path in figure.iter("path")
        if (path.get("class") or "").startswith("line")
    )
    assert two / one == pytest.approx(1.5, abs=0.02)


def test_of_many_sets_the_most_and_the_least_diverse_have_a_curve_and_all_a_row():
    outcome = measure_outcome(tuple(f"set {n:02d}" for n in range(20)))
    figure = ET.fromstring(curve_chart(outcome.sets, "0"))
    names = [item.text for item in figure.iter("span")]
    assert names == ["set 00", "set 01", "set 02", "set 17", "set 18", "set 19"]
    text = text_of(measured_page(outcome))
    assert "Diversity of 20 data sets" in text
    assert all(f"set {n:02d} {0.2 + 0.1 * n:.3f} ± 0.010" in text for n in range(20))


def test_what_is_0_everywhere_has_no_picture_but_a_row():
    page = measured_page(measure_outcome())
    assert "<h3>↓ floor-share</h3>" not in page
    assert "<h3>↑ equivalent-size</h3>" in page
    assert "↓ floor-share share 0 0" in text_of(page)


def test_a_reference_of_rows_has_no_room_to_tell():
    text = text_of(measured_page(measure_outcome(known=False, told={"--reference": "r.jsonl"})))
    assert "Room to select" not in text


def test_names_are_text_wherever_they_stand():
    outcome = measure_outcome(
        (HOSTILE, "\u202eabc\x1b"), reference=HOSTILE, space=HOSTILE, files={HOSTILE: None}
    )
    require_harmless(measured_page(outcome), HOSTILE)


def test_what_new_data_add_stands_beside_more_of_the_same():
    same = Addition("more of the same", 20, 4.0, 0.0, 7)
    files = (Addition(HOSTILE, 10, 5.0, 0.1, 14, 14, 1.3), Addition("b", 10, 1.0, 0.9, None))
    added = Additions(files, same, 100, 80, 100)
    figure = ET.fromstring(addition_chart(added))
    bars = [(one.get("class"), float(one.get("width"))) for one in figure.iter("rect")]
    assert [kind for kind, _ in bars] == ["bar look-0", "bar known"], "what is unknown has none"
    assert bars[0][1] == pytest.approx(2 * bars[1][1], abs=0.1)
    page = measured_page(measure_outcome(additions=added, sets=[], known=[]))
    require_harmless(page, HOSTILE)
    for wanted in ("What is added by", "0.500", "+14", "10.0 %", "more of the same", "100 current"):
        assert wanted in text_of(page), wanted


def test_scores_stand_over_measures():
    outcome = measure_outcome(("a", "b", "c"))
    scores = {"a": 3.0, "b": 1.0, "c": 2.0}
    values = [one.measurements["ldd"].value for one in outcome.sets]
    found = correlate("ldd", values, list(scores.values()), "lower")
    (chart,) = score_charts(outcome.sets, [found], scores)
    figure = ET.fromstring(chart)
    heights = {
        one.find("title").text: float(one.get("cy"))
        for one in figure.iter("circle")
        if one.find("title") is not None
    }
    assert sorted(heights, key=heights.__getitem__) == ["a", "c", "b"]
    page = measured_page(measure_outcome(("a", "b", "c"), correlations=[found], scores=scores))
    assert f"Spearman correlation {found.spearman:+.2f}" in text_of(page)
