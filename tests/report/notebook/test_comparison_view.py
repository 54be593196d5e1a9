"""A comparison in a notebook and as a table: every choice and size, beside random ones."""

from __future__ import annotations

import pytest
from tests.report.notebook.parsed_html import HOSTILE, parsed

from spanset.runs.compared_cell import ComparedChoice
from spanset.runs.compared_choices import Compared, ComparedCell


def cell(label, method, values, weight=None):
    rows = {str(size): list(range(size)) for size in (3, 5)}
    measures = {str(size): {"ldd": values, "mean tokens": None} for size in (3, 5)}
    found = ComparedChoice(label, rows, measures, 1.5, "reached k")
    return ComparedCell(label, method, None, weight, "static, rbf", found)


@pytest.fixture
def compared():
    cells = [
        cell("dpp λ 0.1", "dpp", 0.5, 0.1),
        cell(HOSTILE, "top", 0.9),
        cell("random, seed 0", "random", 1.0),
        cell("random, seed 1", "random", 2.0),
    ]
    better = {"ldd": "lower"}
    return Compared(9, [], [], [3, 5], cells, ["ldd"], better, ["tokens"], "static", {}, "0")


def test_a_table_a_size_the_best_bold_random_ones_below(compared):
    html = compared._repr_html_()
    found = parsed(html)
    text = " ".join(found.text.split())
    assert text.startswith("2 choices of 3, 5 of 9 rows, beside random ones")
    assert found.tags.count("table") == 2
    assert html.count("<td><b>0.50</b></td>") == 2
    assert "random rows 1.50 ± 0.71 -" in text
    assert HOSTILE in found.text


def test_as_a_table_it_has_a_line_a_choice_and_size(compared):
    table = compared.to_arrow().to_pydict()
    assert table["k"] == [3] * 4 + [5] * 4
    assert table["choice"][:2] == ["dpp λ 0.1", HOSTILE]
    assert table["lambda"][:2] == [0.1, None]
    assert table["ldd"] == [0.5, 0.9, 1.0, 2.0] * 2
    assert table["mean tokens"] == [None] * 8
    assert table["rows"] == table["k"]
