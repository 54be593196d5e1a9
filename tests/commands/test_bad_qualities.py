"""Columns that cannot be a quality are named with the row and its value."""

from __future__ import annotations

import pytest
from tests.commands.refusals import ARRAY, PICK, ROWS, write_rows


@pytest.mark.parametrize("direction", ["", ":down"])
def test_a_logarithm_of_what_is_not_positive_counts_such_rows(spanset, direction):
    command = (*PICK, *ARRAY, "--quality", f"column:below{direction}")
    says = ("3 of 8 rows", "'below'")
    spanset.refuses(*command, code=1, where="--quality: ", says=says, fix="--transform rank")


@pytest.mark.parametrize("transform", ["log", "identity", "rank", "quantile"])
def test_a_constant_quality_is_refused_under_every_transform(spanset, transform):
    command = (*PICK, *ARRAY, "--quality", "column:constant", "--transform", transform)
    spanset.refuses(*command, code=1, where="--quality: ", says=("same", "'constant'"))


def test_a_missing_column_lists_the_fields_seen(spanset):
    command = (*PICK, *ARRAY, "--quality", "column:ratng")
    says = ("'ratng'", "instruction, output, rating")
    spanset.refuses(*command, code=1, where="d.jsonl:1: ", says=says, fix="column:")


def test_a_column_missing_in_one_row_names_that_row(spanset):
    rows = [dict(row) for row in ROWS]
    del rows[4]["rating"]
    write_rows("q.jsonl", rows)
    command = ("select", "q.jsonl", "-k", "3", *ARRAY, "--quality", "column:rating")
    spanset.refuses(*command, code=1, where="q.jsonl:5: ", says=("'rating'",))


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), 10**400, None, True, "", "good", "4,5", [4], {"a": 4}]
)
@pytest.mark.parametrize("transform", ["log", "rank"])
def test_a_column_without_a_finite_number_names_row_and_value(spanset, value, transform):
    rows = [dict(row) for row in ROWS]
    rows[4]["rating"] = value
    write_rows("q.jsonl", rows)
    command = ("select", "q.jsonl", "-k", "3", *ARRAY, "--quality", "column:rating")
    says = ("'rating'", "no finite number", str(value)[:40])
    command = (*command, "--transform", transform)
    spanset.refuses(*command, code=1, where="q.jsonl:5: ", says=says)
