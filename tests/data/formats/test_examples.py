"""The examples that users see, and conversations written in every format that can hold them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.data.formats.turns import plain_turns, spoken

from spanset.data.conversation import Conversation, Turn
from spanset.data.formats.examples import EXAMPLES
from spanset.data.formats.registry import FORMATS, recognise
from spanset.data.reader import read

NAMES = {"system": "system", "user": "human", "assistant": "gpt", "tool": "observation"}

texts = st.text(max_size=20)
turns = st.lists(plain_turns(texts), min_size=1, max_size=6)
answers = texts.map(lambda text: Turn("assistant", text))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.format}")
def test_example_is_of_the_format_that_it_stands_for(example):
    assert recognise(example.row) is FORMATS[example.format]
    (conversation,) = read([example.row]).conversations()
    assert conversation == FORMATS[example.format].convert(example.row)
    assert conversation.answer


def test_every_format_has_an_example():
    assert {example.format for example in EXAMPLES} == set(FORMATS)


def as_messages(turns):
    return [{"role": turn.role, "content": turn.text} for turn in turns]


def as_sharegpt(turns):
    return [{"from": NAMES[turn.role], "value": turn.text} for turn in turns]


@given(turns)
def test_turns_come_back_from_every_format_that_can_hold_them(turns):
    rows = {
        "messages": {"messages": as_messages(turns)},
        "messages as JSON": {"messages": json.dumps(as_messages(turns))},
        "parts": {
            "messages": [
                {"role": turn.role, "content": [{"type": "text", "text": turn.text}]}
                for turn in turns
            ]
        },
        "sharegpt": {"conversations": as_sharegpt(turns)},
        "kto": {"messages": as_messages(turns), "label": True},
    }
    if len(turns) > 1:
        prompt, completion = as_messages(turns[:-1]), as_messages(turns[-1:])
        rows["prompt-completion"] = {"prompt": prompt, "completion": completion}
    for name, row in rows.items():
        found = recognise(row).convert(row).turns
        if name == "parts":
            assert [turn.message for turn in found] == row["messages"]
            assert spoken(found) == spoken(turns)
        elif name == "prompt-completion":
            assert spoken(found) == spoken(turns)
            assert not any(turn.is_answer for turn in found[:-1])
        else:
            assert found == tuple(turns), name


@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=3))
def test_exchanges_come_back_from_alpaca_with_history(exchanges):
    *history, (prompt, answer) = exchanges
    row = {"instruction": prompt, "output": answer, "history": [list(pair) for pair in history]}
    got = [turn.text for turn in FORMATS["alpaca"].convert(row).turns]
    assert got == [text for pair in exchanges for text in pair]


@given(turns, answers, answers)
def test_sides_of_a_pair_come_back_from_every_shape(prompt, chosen, rejected):
    # A prompt that holds the answers' turns, or that is blank, cannot be told from a repetition.
    whole = [*prompt, chosen], [*prompt, rejected]
    rows = [
        {
            "prompt": as_messages(prompt),
            "chosen": as_messages([chosen]),
            "rejected": as_messages([rejected]),
        },
        {"chosen": as_messages(whole[0]), "rejected": as_messages(whole[1])},
        {"chosen_messages": as_messages(whole[0]), "rejected_messages": as_messages(whole[1])},
        {
            "conversations": as_sharegpt(prompt),
            "chosen": as_sharegpt([chosen])[0],
            "rejected": as_sharegpt([rejected])[0],
        },
        {
            "messages": as_messages(prompt),
            "chosen": as_messages([chosen]),
            "rejected": as_messages([rejected]),
        },
    ]
    wanted = Conversation((*prompt, chosen), (rejected,), shared=len(prompt))
    for row in rows:
        assert recognise(row) is FORMATS["preference"]
        assert FORMATS["preference"].convert(row) == wanted


# What stands for a conversation


@given(turns, turns)
def test_digest_tells_the_rejected_side_but_not_the_label(turns, rejected):
    plain = Conversation(tuple(turns))
    pair = Conversation(tuple(turns), tuple(rejected))
    assert len(plain.digest()) == 16
    assert plain._replace(label=True).digest() == plain.digest()
    assert pair.digest() != plain.digest()
    assert pair.digest() != Conversation((*turns, *rejected)).digest()


def test_digest_is_that_of_stores_made_before():
    conversation = Conversation((Turn("user", "é\ud800"), Turn("assistant", "A")))
    assert conversation.digest().hex() == "177a3a73a230fd5a1032a0e1183709d7"
