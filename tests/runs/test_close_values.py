"""Where values and tables first differ, exactly and up to rounding."""

import numpy as np
import pyarrow as pa
import pytest

from spanset.runs.close_values import first_cell, first_difference, largest_change

THEN = {"a": [1, {"b": 2.0}], "c": "text", "d": None}


@pytest.mark.parametrize(
    ("now", "place"),
    [
        ({**THEN, "a": [1, {"b": 2.5}]}, "a[1].b"),
        ({**THEN, "a": [1]}, "a"),
        ({**THEN, "c": "test"}, "c"),
        ({**THEN, "d": False}, "d"),
        ({**THEN, "e": 1}, "e"),
        ({key: value for key, value in THEN.items() if key != "d"}, "d"),
    ],
)
def test_the_first_place_that_differs_is_named(now, place):
    assert first_difference(THEN, THEN, 0.0) is None
    assert first_difference(THEN, now, 0.0).place == place


@pytest.mark.parametrize(("then", "now"), [(1, True), (1, 1.0), (0, False), ("1", 1), (None, 0)])
def test_values_of_other_kinds_differ(then, now):
    assert first_difference({"a": then}, {"a": now}, 1e-6).place == "a"


def test_numbers_with_a_fraction_may_differ_by_a_share():
    assert first_difference({"a": 1.0}, {"a": 1.0 + 1e-9}, 1e-6) is None
    assert first_difference({"a": 1.0}, {"a": 1.0 + 1e-9}, 0.0) is not None
    assert first_difference({"a": 1.0}, {"a": 1.0 + 1e-3}, 1e-6) is not None
    assert first_difference({"a": float("nan")}, {"a": float("nan")}, 0.0) is None
    assert first_difference({"a": float("nan")}, {"a": 1.0}, 1e-6) is not None


def test_keys_of_one_alone_are_passed_over_where_asked():
    assert first_difference({"a": 1}, {"a": 1, "b": 2}, 0.0, shared_only=True) is None
    assert first_difference({"a": 1}, {"a": 3, "b": 2}, 0.0, shared_only=True).place == "a"


def table(**columns):
    columns = {"row": [4, 2, 7], "gain": [1.0, 0.5, 1e-3], "score": [0.0, -0.7, -6.9], **columns}
    return pa.table(columns)


def test_a_cell_is_named_by_column_and_line():
    assert first_cell(table(), table(), 0.0) is None
    found = first_cell(table(), table(row=[4, 2, 9]), 1e-6)
    assert (found.column, found.line, found.then, found.now) == ("row", 2, 7, 9)
    assert first_cell(table(), table().slice(0, 2), 1e-6).column == "lines"
    assert first_cell(table(), table().drop(["gain"]), 1e-6).column == "columns"
    assert first_cell(table(), table(row=["4", "2", "7"]), 1e-6).column == "row"


def test_missing_and_infinite_numbers_equal_themselves_alone():
    none = table(gain=[np.nan] * 3, score=[-np.inf, np.nan, 1.0])
    assert first_cell(none, none, 0.0) is None
    assert first_cell(none, table(gain=[np.nan, 1.0, np.nan]), 1e-6).line == 1
    assert first_cell(none, table(gain=[np.nan] * 3, score=[0.0, np.nan, 1.0]), 1e-6).line == 0


def test_gains_may_differ_by_a_share_of_the_largest_and_scores_by_what_that_makes_of_them():
    moved = table(gain=[1.0, 0.5, 1e-3 + 5e-7], score=[0.0, -0.7, -6.9 + 5e-4])
    assert first_cell(table(), moved, 1e-6) is None
    assert first_cell(table(), moved, 0.0).column == "gain"
    assert first_cell(table(), table(score=[5e-4, -0.7, -6.9]), 1e-6).column == "score"
    assert first_cell(table(), table(gain=[1.0, 0.5, 1e-3 + 5e-6]), 1e-6).column == "gain"


def test_the_largest_change_leaves_out_what_is_no_number():
    assert largest_change(np.array([1.0, np.nan]), np.array([1.5, np.nan])) == 0.5
    assert largest_change(np.array([np.nan]), np.array([np.nan])) == 0.0
