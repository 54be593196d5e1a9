"""Measurements in a notebook: a value with its curve, and data sets beside each other."""

from __future__ import annotations

import math

import pytest
from tests.report.notebook.parsed_html import HOSTILE, parsed
from tests.report.plots.drawn_sets import curve, make_sets, measurement

from spanset.diversity.measured_sets import MeasuredSets, Measurements
from spanset.diversity.measurement import Headroom, MeasuredSet


def test_one_is_its_value_unit_and_curve_with_a_band():
    found = parsed(measurement("ldd", 1.0, curve=curve())._repr_html_())
    text = " ".join(found.text.split())
    assert text.startswith("ldd 1.01 ± 0.01 nats per row; lower is more diverse")
    assert "3 draws of 100 rows, log determinants of 100" in text
    assert found.tags.count("path") == 2


def test_without_a_curve_there_is_no_picture():
    found = parsed(measurement("vendi", 2.0, draws=1)._repr_html_())
    assert "vendi 2" in found.text
    assert "1 draw of 100 rows" in found.text
    assert "svg" not in found.tags


def test_several_of_one_set_are_a_table():
    (one,) = make_sets(["a"], ["ldd", "vendi", "radius"])
    found = parsed(Measurements(one.measurements)._repr_html_())
    assert found.tags.count("tr") == 4
    assert "3 measures" in found.text
    assert "higher is more diverse" in found.text


def test_the_most_diverse_set_is_bold_by_the_direction_of_each_measure():
    sets = [
        MeasuredSet(
            name, 10, {"ldd": measurement("ldd", low, 1), "vendi": measurement("vendi", up, 1)}
        )
        for name, low, up in (("a", 1.0, 5.0), ("b", 2.0, 9.0))
    ]
    html = MeasuredSets(sets)._repr_html_()
    assert "<td><b>1.00</b></td>" in html
    assert "<td><b>9.00</b></td>" in html
    assert html.count("<td><b>") == 2


def test_sets_that_are_equal_as_far_as_is_shown_have_no_best():
    sets = [MeasuredSet(name, 10, {"ldd": measurement("ldd", value, 1)})
            for name, value in (("a", 1.0), ("b", 1.00001))]  # fmt: skip
    assert "<td><b>" not in MeasuredSets(sets)._repr_html_()


def test_what_is_missing_or_no_number_is_a_hyphen():
    sets = [
        MeasuredSet("a", 10, {"ldd": measurement("ldd", math.nan, 1)}),
        MeasuredSet("b", 10, {"vendi": measurement("vendi", math.inf, 1)}),
    ]
    found = parsed(MeasuredSets(sets)._repr_html_())
    assert found.text.split().count("-") == 4


def test_room_to_select_stands_beside_where_it_is_known():
    import numpy as np

    one, half = np.ones(2), np.full(2, 0.5)
    sets = make_sets(["a", "b"], ["ldd"])
    known = MeasuredSet("c", 9, sets[0].measurements, Headroom(2, 3 * one, half, one))
    text = " ".join(parsed(MeasuredSets([*sets, known])._repr_html_()).text.split())
    assert "room to select" in text
    assert "3.00" in text
    assert "room" not in MeasuredSets(sets)._repr_html_()


@pytest.mark.parametrize("count", [1, 4, 9])
def test_more_lines_than_can_be_told_apart_are_not_drawn_and_that_is_said(count):
    found = parsed(MeasuredSets(make_sets([f"s{n}" for n in range(count)]))._repr_html_())
    assert found.tags.count("tr") == count + 1
    assert ("5 more are not drawn: see plot()." in found.text) == (count == 9)


def test_names_of_sets_are_text():
    found = parsed(MeasuredSets(make_sets([HOSTILE, "b\udcff"]))._repr_html_())
    assert HOSTILE in found.text


def test_no_sets_are_no_error():
    assert "0 data sets" in parsed(MeasuredSets([])._repr_html_()).text
