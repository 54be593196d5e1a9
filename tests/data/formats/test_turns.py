"""Rows of every format become turns: their roles, their order, their texts."""

from __future__ import annotations

import pytest
from tests.data.formats.turns import EXCHANGE, message, said, turns_of

from spanset.data.conversation import Conversation, Turn


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
