"""Rows that were left out, in words."""

from __future__ import annotations

from spanset.data.left_out import left_out_lines, reasons_of
from spanset.data.reader import read
from spanset.data.rows import BadRow


def bad(*reasons):
    return [BadRow("a.jsonl", n + 1, n, reason) for n, reason in enumerate(reasons)]


def test_one_reason_stands_alone_and_several_with_their_counts_most_frequent_first():
    assert reasons_of(bad("x", "x")) == "x"
    assert reasons_of(bad("x", "y", "y")) == "y: 2; x: 1"
    assert reasons_of(bad(*"aaabbcde")) == "a: 3; b: 2; c: 1; other reasons: 2"


def test_every_kind_has_a_line():
    rows = [
        {"instruction": "a", "output": "b"},
        {"instruction": "a", "output": ""},
        {"wrong": "b"},
    ]
    data = read(rows, on_bad_row="skip")
    lines = list(left_out_lines(data))
    assert [line.split(" (")[0] for line in lines] == [
        "Left out, malformed: 1",
        "Left out, without an answer: 1",
    ]
    assert list(left_out_lines(read(rows[:1]))) == []
