"""What cannot be read names the field and the reason, and nothing is dropped silently."""

from __future__ import annotations

import re

import pytest
from tests.data.formats.turns import EXCHANGE, NAN, message, said, turns_of

from spanset.data.formats.texts import RowError


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ({"messages": "hello"}, "'messages'", "text, expected a list"),
        ({"messages": {}}, "'messages'", "an object, expected a list"),
        ({"messages": None}, "'messages'", "null, expected a list"),
        ({"messages": []}, "", "no messages"),
        ({"messages": [message("user", "Q"), "A"]}, "messages[1]", "text, expected an object"),
        ({"messages": [message("alien", "Q")]}, "messages[0].role", "'alien', expected one of"),
        ({"messages": [message(None, "Q")]}, "messages[0].role", "None, expected one of"),
        ({"messages": [{"content": "Q"}]}, "messages[0].role", "missing, expected one of"),
        ({"messages": [message("user", {"a": 1})]}, "messages[0]", "an object, expected text"),
        ({"messages": [message("user", True)]}, "messages[0]", "true or false, expected text"),
        ({"messages": [message("user", NAN)]}, "messages[0]", "NaN, expected text"),
        (
            {"messages": [message("user", [{"type": "text", "text": {"a": 1}}])]},
            "messages[0]",
            "an object, expected text",
        ),
        ({"conversations": "hello"}, "'conversations'", "text, expected a list"),
        ({"conversations": []}, "", "no messages"),
        ({"conversations": [["human", "Q"]]}, "conversations[0]", "a list, expected an object"),
        ({"conversations": [said("alien", "Q")]}, "conversations[0].from", "'alien'"),
        ({"conversations": [said(3, "Q")]}, "conversations[0].from", "3, expected one of"),
        ({"conversations": [said("human", {})]}, "conversations[0]", "an object, expected text"),
        ({"system": [], "conversations": []}, "'system'", "a list, expected text"),
        ({"instruction": NAN, "output": "A"}, "'instruction'", "NaN, expected text"),
        ({"instruction": "Q", "input": NAN, "output": "A"}, "'input'", "NaN, expected text"),
        ({"instruction": "Q", "output": NAN}, "'output'", "NaN, expected text"),
        ({"instruction": "Q", "output": float("inf")}, "'output'", "infinite, expected text"),
        ({"instruction": "Q", "response": ["A"]}, "'response'", "a list, expected text"),
        ({"instruction": "Q", "output": False}, "'output'", "true or false, expected text"),
        ({"instruction": "Q", "output": "A", "history": "h"}, "'history'", "not a list"),
        ({"instruction": "Q", "output": "A", "history": [["q"]]}, "history[0]", "pair"),
        ({"instruction": "Q", "output": "A", "history": ["qa"]}, "history[0]", "pair"),
        (
            {"instruction": "Q", "output": "A", "history": [["q", "a"], ["q", {}]]},
            "history[1][1]",
            "an object, expected text",
        ),
        ({"prompt": {}, "completion": "A"}, "'prompt'", "an object, expected text"),
        ({"prompt": "Q", "completion": NAN}, "'completion'", "NaN, expected text"),
        ({"question": "Q", "answer": {}}, "'answer'", "an object, expected text"),
    ],
)
def test_what_cannot_be_read_names_the_field_and_the_reason(row, field, reason):
    with pytest.raises(RowError) as raised:
        turns_of(row)
    assert field in str(raised.value)
    assert reason in str(raised.value)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"prompt": [message("alien", "Q")], "completion": "A"}, "prompt[0]"),
        ({"prompt": "Q", "completion": [message("alien", "A")]}, "completion[0]"),
        ({"prompt": [message("user", "Q")], "response": [message("gpt", {})]}, "response[0]"),
    ],
)
def test_error_in_a_list_of_messages_names_the_row_s_own_field(row, field):
    with pytest.raises(RowError, match=re.escape(field)):
        turns_of(row)


@pytest.mark.parametrize("part", [7, NAN, True, ["nested"]])
def test_part_of_a_content_that_is_no_text_is_not_dropped_silently(part):
    row = {"messages": [message("user", ["a", part])]}
    try:
        ((_, text),) = turns_of(row)
    except RowError:
        return
    assert str(part) in text, "the row is read as if it ended there"


def test_a_value_counts_only_where_it_is_used():
    row = {"question": "Q", "answer": "A", "score": NAN, "input": {"a": 1}, "output": NAN}
    assert turns_of(row) == EXCHANGE
