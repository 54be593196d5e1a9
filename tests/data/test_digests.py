"""Rows are copies of each other where words and models are given the same; the digest says so.

Roles and texts are the tests of `models/rendering/test_token_survey.py`.
"""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.data.formats.turns import message, said

from spanset.data.formats.registry import recognise
from spanset.data.reader import read

Q, A, B = message("user", "Q"), message("assistant", "A"), message("assistant", "B")
TOOL = {
    "type": "function",
    "function": {
        "name": "f",
        "description": "d",
        "parameters": {"type": "object", "properties": {"a": {"type": "string"}}},
    },
}


def digest(row):
    return recognise(row).convert(row).digest()


def chat(*messages, **more):
    return {"messages": [Q, *messages], **more}


def call(arguments, name="f", **more):
    return {"type": "function", "function": {"name": name, "arguments": arguments}, **more}


def calling(*calls, **more):
    return chat(message("assistant", "A", tool_calls=[*calls], **more))


def reordered(value):
    """The same objects, the keys of each in the other order."""
    if isinstance(value, dict):
        return {key: reordered(value[key]) for key in reversed(value)}
    return [reordered(one) for one in value] if isinstance(value, list) else value


def padded(value):
    """The same objects, each with a key that is null."""
    if isinstance(value, dict):
        return {**{key: padded(one) for key, one in value.items()}, "padding": None}
    return [padded(one) for one in value] if isinstance(value, list) else value


# Rows that differ in one thing that a model is given.
DIFFERENT = {
    "reasoning": [
        chat(message("assistant", "r\nA")),
        chat(message("assistant", "A", reasoning="r")),
        chat(message("assistant", "A", thinking="r")),
        chat(message("assistant", "A", reasoning_content="r")),
    ],
    "parts": [
        chat(message("assistant", "A\nB")),
        chat(message("assistant", [{"type": "text", "text": "A\nB"}])),
        chat(message("assistant", ["A", "B"])),
    ],
    "role": [
        {"messages": [message("system", "S"), A]},
        {"messages": [message("developer", "S"), A]},
    ],
    "names": [
        chat(message("tool", "T"), B),
        chat(message("tool", "T", name="f"), B),
        chat(message("tool", "T", name="g"), B),
        chat(message("tool", "T", tool_call_id="f"), B),
    ],
    "calls": [
        calling(),
        calling(call({})),
        calling(call({"a": 1})),
        calling(call({"a": "1"})),
        calling(call({"a": [1]})),
        calling(call({"a": 2})),
        calling(call({"b": 1})),
        calling(call({"a": 1, "b": 1})),
        calling(call({"a": 1}, name="g")),
        calling(call({"a": 1}, id="c1")),
        calling(call({"a": 1}), call({"a": 1})),
        calling(call({"a": 1}), call({"b": 1})),
        calling(call({"b": 1}), call({"a": 1})),
    ],
    "tools": [
        chat(A),
        chat(A, tools=[TOOL]),
        chat(A, tools=[{"name": "f"}]),
        chat(A, tools=[{"name": "f"}, {"name": "g"}]),
        chat(A, tools=[{"name": "g"}, {"name": "f"}]),
        chat(A, tools="no JSON"),
        chat(A, tools=[1]),
    ],
    "settings": [
        chat(A),
        chat(A, chat_template_kwargs={"think": True}),
        chat(A, chat_template_kwargs={"think": False}),
        chat(A, chat_template_kwargs={"other": True}),
    ],
    "marks": [
        chat(A, B),
        chat({**A, "weight": 0}, B),
        chat(A, {**B, "weight": 0}),
        chat({**A, "weight": 0}, {**B, "weight": 0}),
    ],
    "marks of exchanges": [
        {"conversation": [{"input": "Q", "output": "A", **mark}, {"input": "Q", "output": "B"}]}
        for mark in ({}, {"train": False})
    ],
    "sides": [
        {"prompt": [Q], "chosen": [A], "rejected": [message("assistant", "B", reasoning="r")]},
        {"prompt": [Q], "chosen": [A], "rejected": [message("assistant", "r\nB")]},
        {"prompt": [Q], "chosen": [A], "rejected": [{**message("assistant", "r\nB"), "weight": 0}]},
    ],
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_whatever_a_model_is_given_otherwise_makes_another_row(name):
    rows = DIFFERENT[name]
    for one, other in itertools.combinations(rows, 2):
        assert digest(one) != digest(other), f"taken for copies: {one} and {other}"


# Rows that differ in nothing that a model is given.
SAME = {
    "the order of a message's keys": [chat(A), {"messages": [reordered(Q), reordered(A)]}],
    "nulls in messages": [
        chat(A),
        {"messages": [{**Q, "tool_calls": None, "name": None}, {**A, "weight": None}]},
    ],
    "nulls beside messages": [
        chat(A),
        chat(A, tools=None, functions=None, chat_template_kwargs=None, loss_mask=None),
        chat(A, tools=[]),
        chat(A, tools="[]", functions=""),
        chat(A, chat_template_kwargs={"think": None}),
    ],
    "the order of keys in tools": [chat(A, tools=[TOOL]), chat(A, tools=[reordered(TOOL)])],
    "nulls in tools": [chat(A, tools=[TOOL]), chat(A, tools=[padded(TOOL)])],
    "how tools are written": [
        chat(A, tools=[TOOL]),
        chat(A, tools=json.dumps([TOOL], indent=1)),
        chat(A, tools=TOOL["function"]),
        chat(A, functions=[TOOL["function"]]),
    ],
    "nulls in calls": [calling(call({"a": {"b": 1}})), calling(padded(call({"a": {"b": 1}})))],
    "the order of settings": [
        chat(A, chat_template_kwargs={"a": 1, "b": 2}),
        chat(A, chat_template_kwargs='{"b": 2, "a": 1}'),
    ],
    "how a mark is written": [
        chat({**A, "weight": 0}, B),
        chat({**A, "train": False}, {**B, "train": True}),
        chat({**A, "masked": True}, {**B, "masked": False}),
    ],
    "marks that say trained": [chat(A), chat({**A, "weight": 1}), chat({**A, "loss": 2.31})],
    "pictures": [
        chat(message("user", [{"type": "image"}, {"type": "text", "text": "R"}]), A),
        chat(message("user", [{"type": "text", "text": "R"}]), A),
    ],
    "speakers": [
        chat(A),
        {"conversations": [said("human", "Q"), said("gpt", "A")]},
        {"instruction": "Q", "output": "A"},
        {"messages": [Q, A], "label": True},
    ],
    "fields that nothing reads": [chat(A), chat(A, source="web", score=3)],
}


@pytest.mark.parametrize("name", SAME)
def test_what_a_model_is_not_given_makes_no_other_row(name):
    rows = SAME[name]
    digests = {digest(row) for row in rows}
    assert len(digests) == 1, f"copies that differ in {name} are not found"


def test_copies_are_found_by_their_digests_across_files(tmp_path):
    """The digest is of the conversation, whatever file and container its row stands in."""
    rows = [
        chat(A, tools=[TOOL]),
        chat({**A, "weight": 0}, B),
        chat(A),
        # In a table, each of these calls has a null for the argument of the other.
        calling(call({"a": 1})),
        calling(call({"b": "x"}, id="c1")),
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    read(tmp_path / "a.jsonl").write(tmp_path / "b.parquet")
    data = read([tmp_path / "a.jsonl", tmp_path / "b.parquet"])
    digests = [bytes(one) for one in data.digests]
    assert digests[:5] == digests[5:]
    assert len(set(digests)) == 5
    assert digests == [one.digest() for one in data.conversations()]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=10,
)
objects = st.dictionaries(st.text(max_size=3), values, max_size=3)


@given(objects)
def test_every_tool_has_one_digest_whatever_the_order_of_its_keys(value):
    tool = {"name": "f", "parameters": value}
    wanted = digest(chat(A, tools=[tool]))
    assert digest(chat(A, tools=[reordered(tool)])) == wanted
    assert digest(chat(A, tools=[padded(tool)])) == wanted
    assert digest(chat(A, tools=json.dumps([tool]))) == wanted


@given(objects)
def test_every_call_has_one_digest_whatever_nulls_stand_in_it(arguments):
    wanted = digest(calling(call(arguments)))
    assert digest(calling(call(padded(arguments)))) == wanted
    assert digest(calling(padded(call(arguments)))) == wanted


def test_surrogates_in_structures_have_a_digest():
    rows = [calling(call({"a": text})) for text in ("\ud800", "\ud801", "\ufffd")]
    assert len({digest(row) for row in rows}) == 3
    assert digest(chat(A, tools=[{"name": "\ud800"}])) != digest(
        chat(A, tools=[{"name": "\ud801"}])
    )
