"""What rows hold beside their words, in every format that can hold it."""

from __future__ import annotations

import numpy as np
import pytest

import spanset
from spanset.data.field_counts import LONGEST, MOST_FIELDS, MOST_VALUES, FieldCounts
from spanset.data.formats.examples import EXAMPLES
from spanset.data.row_traits import HELD, RowTraits

ASK = {"role": "user", "content": "Name a fruit."}
SAY = {"role": "assistant", "content": "Apple."}
CALL = {"type": "function", "function": {"name": "f", "arguments": "{}"}}


def held_by(row):
    return set(RowTraits.of(spanset.read([row])).held)


@pytest.mark.parametrize(
    ("row", "held"),
    [
        ({"messages": [ASK, SAY]}, set()),
        ({"messages": [{"role": "system", "content": "Be brief."}, ASK, SAY]}, {"a system prompt"}),
        ({"messages": [{"role": "system", "content": " "}, ASK, SAY]}, set()),
        ({"messages": [ASK, SAY, ASK, SAY]}, {"several answers"}),
        (
            {"messages": [ASK, {"role": "assistant", "tool_calls": [CALL]}]},
            {"tool calls"},
        ),
        (
            {"messages": [ASK, SAY], "tools": [{"type": "function", "function": {"name": "f"}}]},
            {"tools that can be called"},
        ),
        ({"messages": [ASK, {**SAY, "reasoning_content": "Hm."}]}, {"reasoning"}),
        ({"messages": [ASK, {**SAY, "content": "<think>Hm.</think>Apple."}]}, {"reasoning"}),
        ({"messages": [{**ASK, "content": "What is <think>?"}, SAY]}, set()),
        (
            {"prompt": "a", "chosen": "b", "rejected": "c"},
            {"a rejected answer beside the chosen one"},
        ),
        ({"prompt": "a", "completion": "b", "label": True}, {"a label, wanted or not"}),
        ({"text": "Once."}, {"no prompt"}),
        (
            {"messages": [ASK, SAY], "images": ["a.png"]},
            {"pictures, sounds or files (not seen)"},
        ),
    ],
)
def test_what_a_row_holds_is_seen(row, held):
    assert held_by(row) == held


def test_every_example_of_a_format_has_traits():
    for example in EXAMPLES:
        assert held_by(example.row) <= set(HELD)


def test_turns_answers_and_letters_are_counted():
    rows = [
        {"messages": [ASK, SAY]},
        {"messages": [ASK, SAY, ASK, {**SAY, "content": "Груша, яблоко, слива"}]},
    ]
    found = RowTraits.of(spanset.read(rows))
    assert found.answers.tolist() == [1, 2]
    assert found.turns == {"user": 3, "assistant": 3}
    assert found.systems == {"Latin": 2}
    assert found.damaged == 0


def test_equal_prompts_and_answers_have_equal_keys():
    texts = [("a", "x"), ("a", "y"), ("b", "x"), ("", "x"), ("\ud800", "z")]
    found = RowTraits.of(spanset.read([{"prompt": a, "completion": b} for a, b in texts]))
    prompts, answers = [a for a, _ in texts], [b for _, b in texts]
    for keys, own in ((found.prompts, prompts), (found.texts, answers)):
        for one in range(len(texts)):
            for other in range(len(texts)):
                assert (keys[one] == keys[other]) == (own[one] == own[other])
    assert np.flatnonzero(found.prompts == found.empty).tolist() == [3]


def test_lost_characters_are_counted():
    rows = [{"prompt": "a", "completion": text} for text in ("caf\ufffd", "café")]
    assert RowTraits.of(spanset.read(rows)).damaged == 1


def counted(rows):
    counts = FieldCounts()
    for row in rows:
        counts.add(row)
    return counts.sorting()


def test_fields_of_few_short_values_sort_rows():
    rows = [{"topic": "ab"[n % 2], "text": f"row {n}", "level": n % 3} for n in range(60)]
    assert counted(rows) == {
        "topic": {"a": 0.5, "b": 0.5},
        "level": {"0": 1 / 3, "1": 1 / 3, "2": 1 / 3},
    }


@pytest.mark.parametrize(
    "value",
    [
        lambda n: n / 7,  # measures something
        lambda n: "x" * (LONGEST + 1) + str(n % 2),
        lambda n: ["a", "b"][: n % 2],
        lambda n: {"a": n % 2},
        lambda n: n % (MOST_VALUES + 1),
        lambda n: "the same",
    ],
)
def test_other_fields_do_not(value):
    assert counted([{"field": value(n)} for n in range(400)]) == {}


def test_rows_without_the_field_count_as_such():
    rows = [{"topic": "a"}] * 6 + [{}] * 2
    assert counted(rows) == {"topic": {"a": 0.75, "(missing)": 0.25}}


def test_a_value_for_every_other_row_is_no_sort():
    assert counted([{"topic": str(n // 2)} for n in range(20)]) == {}


def test_rows_with_ever_new_fields_are_not_followed_for_ever():
    counts = FieldCounts()
    for n in range(5_000):
        counts.add({f"field {n}": 1})
    assert len(counts._counts) == MOST_FIELDS
