"""One prompt and one answer under plain names: recognised where one reading is possible."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.data.formats.turns import turns_of

from spanset.data.formats.examples import EXAMPLES
from spanset.data.formats.field_names import (
    ANSWERS,
    GUESSED_ANSWERS,
    GUESSED_PROMPTS,
    PROMPTS,
    WHOLE_TEXTS,
)
from spanset.data.formats.registry import FORMATS, recognise

EXCHANGE = [("user", "Q"), ("assistant", "A")]
# What formats that are tried before read.
KNOWN = {
    *(("instruction", answer) for answer in ("output", "response")),
    *(("prompt", answer) for answer in ("completion", "response")),
    *(("question", answer) for answer in ("answer", "response")),
}


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("answer", ANSWERS)
def test_one_prompt_and_one_answer_are_an_exchange(prompt, answer):
    row = {prompt: "Q", answer: "A", "id": 3, "source": "web"}
    is_known = (prompt, answer) in KNOWN
    assert (recognise(row).name == "exchange") != is_known
    assert turns_of(row) == EXCHANGE


def test_system_text_and_history_come_first():
    row = {"system": "S", "query": "Q", "response": "A", "history": [["q", "a"]]}
    assert turns_of(row) == [("system", "S"), ("user", "q"), ("assistant", "a"), *EXCHANGE]
    assert turns_of({**row, "history": [], "system": None}) == EXCHANGE


def test_history_is_trained_on_and_a_prompt_of_messages_is_not():
    row = {"query": "Q", "response": "A", "history": [["q", "a"]]}
    assert recognise(row).convert(row).answer == "a\nA"
    asked = [{"role": role, "content": role} for role in ("user", "assistant", "user")]
    row = {"inputs": asked, "targets": "A"}
    assert recognise(row).convert(row).answer == "A"


def test_a_worked_solution_stands_for_its_answer():
    row = {"problem": "Q", "solution": "A", "answer": "42"}
    assert turns_of(row) == EXCHANGE
    assert turns_of({"problem": "Q", "answer": "A"}) == EXCHANGE
    said = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
    assert recognise({**row, **said}).name == "messages"


def test_null_fields_count_as_missing():
    row = {"query": None, "prompt": "Q", "output": None, "answer": "A"}
    assert turns_of(row) == EXCHANGE
    assert turns_of({"query": "Q", "assistant": None}) == [("user", "Q"), ("assistant", "")]


@pytest.mark.parametrize(
    "more",
    [
        *({name: "x"} for name in (*GUESSED_PROMPTS, *GUESSED_ANSWERS, *WHOLE_TEXTS)),
        {"problem": "x"},
        {"reply": "x"},
        {"choices": ["x", "y"]},
        {"targets": 3},
    ],
)
def test_what_can_be_read_in_two_ways_is_not(more):
    assert recognise({"query": "Q", "assistant": "A", **more}) is None


@pytest.mark.parametrize(
    "row",
    [
        {"query": "Q", "assistant": 3},
        {"query": ["x", "y"], "positive": "x", "negative": "y"},
        {"inputs": 0.5, "targets": 1.5},
        {"user": "alice", "text": "hello"},
        {"user": "alice"},
        {"document": "x", "summary": "y"},
        {"input": "x", "target": "y"},
        {"source": "x", "answer": "y"},
        {"q": "x", "a": "y"},
    ],
)
def test_other_rows_are_not(row):
    found = recognise(row)
    assert found is None or found.name != "exchange"


def test_a_label_makes_it_a_labelled_row():
    row = {"query": "Q", "response": "A", "label": False}
    assert recognise(row).name == "kto"
    assert recognise(row).convert(row).label is False


def test_a_rejected_response_makes_it_a_pair():
    row = {"query": "Q", "response": "A", "rejected_response": "B", "system": "S"}
    assert recognise(row).name == "preference"
    pair = recognise(row).convert(row)
    assert [turn.text for turn in pair.turns] == ["S", "Q", "A"]
    assert [turn.text for turn in pair.rejected] == ["B"]


@given(st.sampled_from(EXAMPLES), st.sets(st.sampled_from([*PROMPTS, *ANSWERS]), max_size=3))
def test_rows_of_other_formats_stay_what_they_are(example, names):
    """Fields of plain names beside those of a format never make an exchange of its rows."""
    if example.format in ("exchange", "text", "ranked", "preference", "kto"):
        return
    row = {**dict.fromkeys(names, "x"), **example.row}
    assert recognise(row) is not FORMATS["exchange"]
