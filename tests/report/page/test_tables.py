"""Tables: cells with numbers say what they are sorted by; nothing sorts that is not asked to."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

from spanset.report.page.markup import element
from spanset.report.page.tables import Cell, table


def test_numbers_stand_to_the_right_and_say_what_they_are_sorted_by():
    rows = [["a", Cell("*1,234", 1234.0), "word"], ["b", Cell("-", math.nan), "<b>"]]
    found = ET.fromstring(table("t", ["name", "n", "w"], rows, sorts=True))
    cells = [(one.get("class"), one.get("data-by"), one.text) for one in found.iter("td")]
    assert cells == [
        ("number", "1234.0", "*1,234"),
        (None, None, "word"),
        ("number", None, "-"),
        (None, None, "<b>"),
    ]
    assert [one.get("class") for one in found.iter("th")] == [None, "number", None, None, None]
    assert found.find("table").get("class") == "sorts"


def test_a_table_that_is_not_to_be_sorted_or_has_one_row_does_not():
    for rows, sorts in (([["a", "b"]] * 2, False), ([["a", "b"]], True)):
        found = ET.fromstring(table("t", ["x", "y"], rows, sorts=sorts))
        assert found.find("table").get("class") is None


def test_cells_may_hold_markup():
    rows = [["a", Cell(element("small", "<i>"), 1)]]
    found = ET.fromstring(table("t", ["x", "y"], rows))
    assert next(found.iter("small")).text == "<i>"
