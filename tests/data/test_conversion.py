from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanset.data import read
from spanset.data.conversation import ROLES
from spanset.data.conversion import as_messages, is_in_shape, row_converter
from spanset.data.formats import EXAMPLES, FORMATS, mapped, recognise

Q = {"role": "user", "content": "Q"}
A = {"role": "assistant", "content": "A"}
B = {"role": "assistant", "content": "B"}
PAIR = {"prompt": [Q], "chosen": [A], "rejected": [B]}


def converted(row):
    return as_messages(recognise(row), row)


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ({"instruction": "Q", "input": "", "output": "A", "id": 1}, {"messages": [Q, A]}),
        ({"question": "Q", "answer": "A"}, {"messages": [Q, A]}),
        (
            {"conversations": [{"from": "human", "value": "Q"}], "system": "S", "tools": "[]"},
            {"messages": [{"role": "system", "content": "S"}, Q], "tools": "[]"},
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "Q"}]}, A]},
            {"messages": [Q, A]},
        ),
        ({"messages": [{"from": "human", "value": "Q"}, A]}, {"messages": [Q, A]}),
        ({"text": "A", "tools": None}, {"messages": [A]}),
        ({"prompt": "Q", "chosen": "A", "rejected": "B"}, PAIR),
        ({"chosen": [Q, A], "rejected": [Q, B]}, PAIR),
        ({"prompt": [Q], "chosen": [Q, A], "rejected": [Q, B]}, PAIR),
        (
            {"chosen": "Human: Q\n\nAssistant: A", "rejected": "Human: Q\n\nAssistant: B"},
            PAIR,
        ),
        (
            {"messages": [Q, A], "label": False},
            {"prompt": [Q], "completion": [A], "label": False},
        ),
        (
            {"prompt": "Q", "completion": "A", "label": True, "tools": [{"name": "f"}]},
            {"prompt": [Q], "completion": [A], "label": True, "tools": [{"name": "f"}]},
        ),
        (
            {"messages": [Q, A, Q, A, B], "kto_tag": True},
            {"prompt": [Q, A, Q], "completion": [A, B], "label": True},
        ),
    ],
)
def test_rows_become_the_messages_that_trainers_take(row, wanted):
    assert converted(row) == wanted


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [Q, A], "id": 7},
        {"messages": [{"role": "developer", "content": "S"}, Q, A], "tools": []},
        {"messages": [Q, {"role": "assistant", "tool_calls": [{"id": 1}]}]},
        {"messages": [Q, {"role": "assistant", "content": None, "tool_calls": [{"id": 1}]}]},
        {"messages": [{**Q, "weight": 0.0}, A]},
        PAIR,
        {**PAIR, "score": 1},
        {"prompt": [Q], "completion": [A], "label": True},
    ],
)
def test_row_in_its_shape_is_left_alone(row):
    assert converted(row) is row
    assert row_converter(read([row]))(0) is None


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [Q, {"role": "assistant", "content": None}]},
        {"messages": [{"role": "human", "content": "Q"}, A]},
        {"messages": [{"role": "User", "content": "Q"}, A]},
        {"prompt": [Q], "completion": [A], "kto_tag": True},
        {"prompt": [Q], "completion": [A], "label": "True"},
        {"prompt": [Q], "completion": [A]},
        {"chosen": [Q, A], "rejected": [Q, B]},
    ],
)
def test_row_that_only_nearly_has_its_shape_is_converted(row):
    assert not is_in_shape(recognise(row), row)
    assert converted(row) is not row


def test_mapped_rows_are_converted_whatever_their_fields():
    row = {"messages": [Q, A], "q": "Q", "a": "B"}
    assert as_messages(mapped({"prompt": "q", "answer": "a"}), row) == {"messages": [Q, B]}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.format)
def test_what_is_converted_says_the_same_and_is_in_its_shape(example):
    format = FORMATS[example.format]
    row = as_messages(format, example.row)
    again = recognise(row)
    assert is_in_shape(again, row)
    before, after = format.convert(example.row), again.convert(row)
    if before.turns != after.turns:  # tool calls stay calls only in rows that are left alone
        assert row is example.row
    assert after == before


@given(
    st.lists(st.tuples(st.sampled_from(ROLES), st.text(max_size=9)), min_size=1, max_size=6),
    st.booleans(),
)
def test_no_turn_is_lost_or_moved(turns, label):
    messages = [{"role": role, "content": text} for role, text in turns]
    row = converted({"messages": messages, "label": label})
    assert row["prompt"] + row["completion"] == messages
    assert row["label"] is label


def test_converter_goes_by_the_format_of_each_source(tmp_path):
    for name, line in (("a", '{"question": "Q", "answer": "A"}'), ("b", '{"text": "A"}')):
        (tmp_path / f"{name}.jsonl").write_text(line + "\n")
    data = read([tmp_path / "a.jsonl", tmp_path / "b.jsonl"])
    convert = row_converter(data)
    assert [convert(0), convert(1)] == [{"messages": [Q, A]}, {"messages": [A]}]
