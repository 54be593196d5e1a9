"""A selection in a notebook: how many rows, why no more, what each pick adds, what repeats."""

from __future__ import annotations

import numpy as np
import pytest
from tests.conftest import make_rows
from tests.report.notebook.parsed_html import parsed

import spanset
from spanset.greedy.selection import Selection, StopReason


def selection(gains, **more):
    k = len(gains)
    order = np.arange(k) + 1000
    return Selection(order, np.array(gains), np.zeros(k), StopReason.REACHED_K, 12_345, **more)


def test_it_says_how_many_of_how_many_why_and_what_the_last_adds():
    found = parsed(selection([1.0, 0.5, 0.25])._repr_html_())
    text = " ".join(found.text.split())
    assert text.startswith("3 of 12,345 rows : reached k What each pick adds")
    assert "The last pick still adds 0.25 of 1." in text
    assert f"log det {np.log(0.125):.4g} nats; first positions 1,000, 1,001, 1,002" in text
    assert found.tags.count("path") == 1


@pytest.mark.parametrize("gains", [[], [np.nan] * 3, [0.0], [1.0, 0.0]])
def test_without_gains_that_can_be_drawn_the_rest_is_there(gains):
    found = parsed(selection(gains)._repr_html_())
    assert f"{len(gains)} of 12,345 rows" in found.text
    assert found.tags.count("path") <= 1
    assert "inf" not in found.text
    assert "nan" not in found.text


def test_ties_and_decisions_that_another_machine_may_take_otherwise_are_told():
    text = parsed(selection([1.0, 0.5], ties=2, smallest_margin=1e-13)._repr_html_()).text
    assert "2 ties; the closest decision by 1e-13" in text
    assert "closest" not in parsed(selection([1.0], smallest_margin=1e-3)._repr_html_()).text


def test_many_picks_take_no_more_room_than_a_few():
    assert len(selection(np.linspace(1, 0.1, 50_000).tolist())._repr_html_()) < 14_000


def test_a_deduplication_tells_what_repeats_most():
    rows = make_rows(20)
    pick = spanset.select(spanset.read(rows + rows[4:6] + rows[4:5]), method="dedup")
    text = " ".join(parsed(pick._repr_html_()).text.split())
    assert "3 rows repeat others, from a cosine of 0.95 on." in text
    assert text.endswith("position repeated by rows 4 2 5 1")


def test_a_deduplication_by_given_rows_names_them():
    rows = make_rows(20)
    pick = spanset.select(spanset.read(rows), method="dedup", given=spanset.read(rows[3:4]))
    assert "given row 0" in parsed(pick._repr_html_()).text
