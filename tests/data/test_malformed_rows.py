"""Malformed rows and rows without an answer stop the reading or are left out and listed."""

from __future__ import annotations

import json

import pytest
from tests.data.question_files import BROKEN, EMPTY, answers, in_file, line_of, row_of

from spanset.base.errors import DataError, UsageError
from spanset.data.reader import read
from spanset.data.rows import BadRow


def test_row_numbers_count_every_row(tmp_path):
    a = in_file(tmp_path / "a.jsonl", BROKEN, line_of("1"), "\n", EMPTY, "[]\n", line_of("4"))
    b = in_file(tmp_path / "b.jsonl", EMPTY, line_of("6"))
    data = read([a, b], on_bad_row="skip")
    assert data.ids.tolist() == [1, 4, 6], "numbers do not fit datasets.select if rows are skipped"
    assert data.line.tolist() == [2, 6, 2]
    assert data.total == 7
    assert [(row.source, row.line, row.row) for row in data.bad] == [(str(a), 1, 0), (str(a), 5, 3)]
    assert [(row.source, row.line, row.row) for row in data.empty] == [
        (str(a), 4, 2),
        (str(b), 1, 5),
    ]


MALFORMED = [
    (BROKEN, "invalid JSON"),
    ("[1, 2]\n", "not an object"),
    ("7\n", "not an object"),
    ('{"question": "q"}\n', "not the fields of question-answer rows"),
    ('{"instruction": "q", "output": "a"}\n', "not the fields of question-answer rows"),
    ('{"question": "q", "answer": NaN}\n', "field 'answer' is NaN"),
    ('{"question": {}, "answer": "a"}\n', "field 'question' is an object"),
]


@pytest.mark.parametrize(("line", "said"), MALFORMED)
def test_malformed_row_stops_with_its_file_line_and_reason(tmp_path, line, said):
    path = in_file(tmp_path / "rows.jsonl", line_of("1"), "\n", line, line_of("2"))
    with pytest.raises(DataError, match=said) as raised:
        read(path)
    assert raised.value.where == f"{path}:3"
    assert "--on-bad-row skip" in raised.value.fix


@pytest.mark.parametrize(("line", "said"), MALFORMED)
def test_malformed_row_is_skipped_and_listed(tmp_path, line, said):
    path = in_file(tmp_path / "rows.jsonl", line_of("1"), "\n", line, line_of("2"))
    data = read(path, on_bad_row="skip")
    assert answers(data) == ["a1", "a2"]
    (bad,) = data.bad
    assert bad == BadRow(str(path), 3, 1, bad.reason)
    assert said in bad.reason


def test_array_s_rows_of_another_kind_are_skipped_one_by_one(tmp_path):
    rows = [row_of("1"), 7, "text", None, [], row_of("2"), {"question": "q"}]
    path = in_file(tmp_path / "rows.json", json.dumps(rows, indent=1))
    data = read(path, on_bad_row="skip")
    assert data.ids.tolist() == [0, 5]
    assert [row.row for row in data.bad] == [1, 2, 3, 4, 6]


def test_broken_array_cannot_be_skipped(tmp_path):
    path = in_file(tmp_path / "rows.json", "[\n", line_of("1"), ",\n{]")
    with pytest.raises(DataError, match="invalid JSON") as raised:
        read(path, on_bad_row="skip")
    assert raised.value.where == f"{path}:4"


@pytest.mark.parametrize("answer", ['""', "null", '" \\n\\t"'])
def test_row_without_an_answer_is_left_out_and_listed(tmp_path, answer):
    empty = f'{{"question": "q", "answer": {answer}}}\n'
    path = in_file(tmp_path / "rows.jsonl", line_of("1"), empty, line_of("2"))
    data = read(path)
    assert answers(data) == ["a1", "a2"]
    assert data.empty == (BadRow(str(path), 2, 1, "no answer"),)
    assert data.bad == ()


def test_conversation_without_an_assistant_has_no_answer(tmp_path):
    row = '{"messages": [{"role": "user", "content": "Q"}]}\n'
    path = in_file(tmp_path / "rows.jsonl", row, row.replace("user", "assistant"))
    assert [empty.line for empty in read(path).empty] == [1]


@pytest.mark.parametrize(
    ("chosen", "rejected", "reason"),
    [("c", "", "its rejected side is empty"), ("c", " \n", "its rejected side is empty"),
     ("", "r", "its chosen side is empty"), (None, "r", "its chosen side is empty")],
)  # fmt: skip
def test_a_pair_with_an_empty_side_is_left_out_and_listed(chosen, rejected, reason):
    fine = {"prompt": "p", "chosen": "c", "rejected": "r"}
    data = read([fine, {"prompt": "p", "chosen": chosen, "rejected": rejected}, fine])
    assert data.ids.tolist() == [0, 2]
    assert [row.reason for row in data.empty] == [reason]


def test_a_later_empty_answer_makes_the_side_empty_whatever_was_said_before():
    """As in hh-rlhf: the assistant answers earlier questions, and says nothing to the last."""
    before = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    asked = [*before, {"role": "user", "content": "c"}]
    sides = [[*asked, {"role": "assistant", "content": text}] for text in ("", "no")]
    with pytest.raises(DataError, match="its chosen side is empty"):
        read([{"chosen": sides[0], "rejected": sides[1]}], on_empty="error")


def test_row_without_an_answer_stops_where_asked(tmp_path):
    path = in_file(tmp_path / "rows.jsonl", line_of("1"), EMPTY)
    with pytest.raises(DataError, match="no answer") as raised:
        read(path, on_empty="error")
    assert raised.value.where == f"{path}:2"


@pytest.mark.parametrize("policy", ["on_bad_row", "on_empty"])
def test_unknown_policy_is_wrong_usage(tmp_path, policy):
    path = in_file(tmp_path / "rows.jsonl", line_of("1"), EMPTY)
    with pytest.raises((UsageError, DataError)) as raised:
        read(path, **{policy: "nonsense"})
    assert isinstance(raised.value, UsageError), "it is taken for another policy without a word"
    assert "nonsense" in str(raised.value)
