from __future__ import annotations

import re

import pytest

from spanset.base.errors import UsageError
from spanset.data.conversation import Conversation, Turn
from spanset.data.formats.mapping import mapped
from spanset.data.formats.registry import FORMATS, recognise
from spanset.data.formats.texts import RowError

NAN = float("nan")
EXCHANGE = [("user", "Q"), ("assistant", "A")]


def turns_of(row: dict) -> list[tuple[str, str]]:
    format = recognise(row)
    assert format is not None, f"not recognised: {', '.join(row)}"
    return [tuple(turn) for turn in format.convert(row).turns]


def message(role: str, content: object, **more: object) -> dict:
    return {"role": role, "content": content, **more}


def said(sender: object, value: object) -> dict:
    return {"from": sender, "value": value}


# Which format


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"messages": []}, "messages"),
        ({"conversations": []}, "sharegpt"),
        ({"instruction": "", "output": ""}, "alpaca"),
        ({"instruction": "", "input": "", "response": ""}, "alpaca"),
        ({"prompt": "", "completion": ""}, "prompt-completion"),
        ({"prompt": "", "response": ""}, "prompt-completion"),
        ({"question": "", "answer": ""}, "question-answer"),
        # The more telling field decides.
        ({"instruction": "", "output": "", "messages": []}, "messages"),
        ({"prompt": "", "completion": "", "conversations": []}, "sharegpt"),
        ({"question": "", "answer": "", "instruction": "", "output": ""}, "alpaca"),
    ],
)
def test_format_is_recognised_by_its_fields(row, name):
    assert recognise(row) is FORMATS[name]
    assert recognise({"id": 1, **row, "more": NAN}) is FORMATS[name]


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"instruction": ""},
        {"prompt": ""},
        {"question": ""},
        {"answer": "", "output": "", "completion": "", "response": ""},
        {"Messages": []},
    ],
)
def test_part_of_a_format_is_not_recognised(row):
    assert recognise(row) is None


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"prompt": "Q"},
        {"prompt": "Q", "completion": "A"},
        {"messages": [message("user", "Q")]},
        {"conversations": [said("human", "Q")]},
        {"instruction": "Q", "input": "", "output": ""},
        {"question": "Q", "answer": "A"},
    ],
)
def test_preference_pair_is_not_read_as_something_else(fields):
    assert recognise({**fields, "chosen": "A", "rejected": "B"}) is FORMATS["preference"], (
        "the shared part of a pair would be trained on as if it were the answer"
    )


def test_one_of_the_fields_of_a_pair_is_not_yet_a_pair():
    assert recognise({"question": "", "answer": "", "chosen": True}) is FORMATS["question-answer"]


# messages


def test_messages_become_turns_in_order():
    row = {
        "messages": [
            message("system", "S"),
            message("user", "Q"),
            message("assistant", "A"),
            message("tool", "T"),
            message("assistant", "B"),
        ]
    }
    assert turns_of(row) == [("system", "S"), *EXCHANGE, ("tool", "T"), ("assistant", "B")]


def test_developer_is_a_system_role():
    assert turns_of({"messages": [message("developer", "S")]}) == [("system", "S")]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("", ""),
        (None, ""),
        ([], ""),
        ([{"type": "text", "text": "one"}, {"type": "text", "text": "two"}], "one\ntwo"),
        ([{"type": "text", "value": "one"}], "one"),
        (["one", {"type": "text", "text": "two"}], "one\ntwo"),
        ([{"type": "image_url", "image_url": {"url": "u"}}, {"type": "text", "text": "a"}], "a"),
        (7, "7"),
        (0.5, "0.5"),
    ],
)
def test_content_is_text_or_parts_of_which_the_texts_count(content, text):
    assert turns_of({"messages": [message("user", content)]}) == [("user", text)]


def test_tool_calls_are_part_of_what_the_assistant_says():
    calls = [{"type": "function", "function": {"name": "höhe", "arguments": "{}"}}]
    written = '[{"type": "function", "function": {"name": "höhe", "arguments": "{}"}}]'
    row = {"messages": [message("user", "Q"), message("assistant", None, tool_calls=calls)]}
    assert turns_of(row)[1] == ("assistant", written)
    row = {"messages": [message("user", "Q"), message("assistant", "A", tool_calls=calls)]}
    assert turns_of(row)[1] == ("assistant", f"A\n{written}")
    row = {"messages": [message("user", "Q"), message("assistant", "A", tool_calls=[])]}
    assert turns_of(row) == EXCHANGE


# ShareGPT


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("system", "system"),
        ("human", "user"),
        ("user", "user"),
        ("prompter", "user"),
        ("gpt", "assistant"),
        ("chatgpt", "assistant"),
        ("assistant", "assistant"),
        ("model", "assistant"),
        ("function_call", "assistant"),
        ("tool_call", "assistant"),
        ("observation", "tool"),
        ("tool", "tool"),
        ("function", "tool"),
        ("function_response", "tool"),
        ("tool_response", "tool"),
        ("Human", "user"),
        ("GPT", "assistant"),
    ],
)
def test_sharegpt_names_stand_for_roles(name, role):
    assert turns_of({"conversations": [said(name, "text")]}) == [(role, "text")]


def test_sharegpt_system_field_comes_first():
    row = {"conversations": [said("human", "Q"), said("gpt", "A")]}
    assert turns_of({"system": "S", **row}) == [("system", "S"), *EXCHANGE]
    assert turns_of({"system": "", **row}) == EXCHANGE
    assert turns_of({"system": None, "tools": "[]", **row}) == EXCHANGE


# Alpaca


@pytest.mark.parametrize(
    ("fields", "turns"),
    [
        ({"output": "A"}, EXCHANGE),
        ({"input": "", "output": "A"}, EXCHANGE),
        ({"input": None, "output": "A"}, EXCHANGE),
        ({"input": "I", "output": "A"}, [("user", "Q\nI"), ("assistant", "A")]),
        ({"input": "", "response": "A"}, EXCHANGE),
        ({"output": "A", "response": "other"}, EXCHANGE),
        ({"output": None}, [("user", "Q"), ("assistant", "")]),
        ({"output": 42}, [("user", "Q"), ("assistant", "42")]),
        ({"system": "S", "output": "A"}, [("system", "S"), *EXCHANGE]),
        ({"system": None, "history": None, "output": "A"}, EXCHANGE),
        (
            {"system": "S", "history": [["q", "a"], ["r", None]], "output": "A"},
            [
                ("system", "S"),
                ("user", "q"),
                ("assistant", "a"),
                ("user", "r"),
                ("assistant", ""),
                *EXCHANGE,
            ],
        ),
    ],
)
def test_alpaca_rows_become_exchanges(fields, turns):
    assert turns_of({"instruction": "Q", **fields}) == turns


def test_alpaca_input_alone_is_the_prompt():
    row = {"instruction": "", "input": "I", "output": "A"}
    assert turns_of(row) == [("user", "I"), ("assistant", "A")]


# Prompt and completion, question and answer


@pytest.mark.parametrize("answer", ["completion", "response"])
@pytest.mark.parametrize(
    ("prompt", "completion"),
    [
        ("Q", "A"),
        ([message("user", "Q")], [message("assistant", "A")]),
        ([message("user", "Q")], "A"),
        ("Q", [message("assistant", "A")]),
    ],
    ids=["texts", "messages", "messages and text", "text and messages"],
)
def test_prompt_and_completion_are_texts_or_messages(prompt, completion, answer):
    assert turns_of({"prompt": prompt, answer: completion}) == EXCHANGE


def test_prompt_of_several_messages_keeps_its_roles():
    prompt = [message("system", "S"), message("user", "Q")]
    assert turns_of({"prompt": prompt, "completion": "A"}) == [("system", "S"), *EXCHANGE]


def test_question_and_answer_become_an_exchange():
    assert turns_of({"question": "Q", "answer": "A"}) == EXCHANGE


# What cannot be read


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


# --map


@pytest.mark.parametrize(
    ("mapping", "row", "turns"),
    [
        ({"prompt": "q", "answer": "a"}, {"q": "Q", "a": "A"}, EXCHANGE),
        (
            {"prompt": "q", "input": "i", "answer": "a", "system": "s", "history": "h"},
            {"q": "Q", "i": "I", "a": "A", "s": "S", "h": [["q", "a"]]},
            [
                ("system", "S"),
                ("user", "q"),
                ("assistant", "a"),
                ("user", "Q\nI"),
                ("assistant", "A"),
            ],
        ),
        ({"prompt": "x", "answer": "x"}, {"x": "X"}, [("user", "X"), ("assistant", "X")]),
        (
            {"messages": "m"},
            {"m": [message("user", "Q"), message("assistant", "A")], "messages": 1},
            EXCHANGE,
        ),
        (
            {"conversations": "c", "system": "s"},
            {"c": [said("human", "Q"), said("gpt", "A")], "s": "S"},
            [("system", "S"), *EXCHANGE],
        ),
        # Fields of a known format count only where they are mapped.
        (
            {"prompt": "q", "answer": "a"},
            {"q": "Q", "a": "A", "instruction": "I", "output": "O", "input": "i", "system": "s"},
            EXCHANGE,
        ),
    ],
)
def test_mapped_fields_are_read_in_their_places(mapping, row, turns):
    format = mapped(mapping)
    assert format.fits(row)
    assert [tuple(turn) for turn in format.convert(row).turns] == turns


def test_row_without_a_mapped_field_does_not_fit():
    format = mapped({"prompt": "q", "answer": "a"})
    assert not format.fits({"q": "Q", "answer": "A"})
    assert "q" in format.fields
    assert "a" in format.fields
    with pytest.raises(RowError, match="'a'"):
        format.convert({"q": "Q"})


@pytest.mark.parametrize(
    ("mapping", "named"),
    [
        ({"prompt": "q"}, "prompt or answer"),
        ({"answer": "a", "input": "i"}, "prompt or answer"),
        ({"question": "q", "answer": "a"}, "question"),
        ({"prompt": "q", "answer": "a", "Prompt": "p"}, "Prompt"),
    ],
)
def test_mapping_that_cannot_work_is_wrong_usage(mapping, named):
    with pytest.raises(UsageError, match=named) as raised:
        mapped(mapping)
    assert raised.value.where == "--map"


@pytest.mark.parametrize(
    "mapping",
    [
        {"messages": "m", "system": "s"},
        {"messages": "m", "prompt": "s", "answer": "s"},
        {"messages": "m", "conversations": "s"},
        {"conversations": "c", "input": "s"},
    ],
)
def test_what_is_mapped_is_used_or_refused(mapping):
    row = {"m": [message("user", "Q")], "c": [said("human", "Q")], "s": "TOLD TO READ THIS"}
    try:
        read = mapped(mapping).convert(row).text
    except (UsageError, RowError):
        return
    assert row["s"] in read, "a field that was mapped is left out without a word"


# Conversation


def test_conversation_is_told_by_role():
    conversation = Conversation(
        (
            Turn("system", "S"),
            Turn("user", "Q"),
            Turn("assistant", "A"),
            Turn("tool", "T"),
            Turn("user", "R"),
            Turn("assistant", "B"),
        )
    )
    assert conversation.prompt == "Q\nR"
    assert conversation.answer == "A\nB"
    assert conversation.context == "S\nQ\nT\nR"
    assert conversation.text == "S\nQ\nA\nT\nR\nB"
