"""Fields beside those that make a format: what belongs to the prompt is read, not dropped."""

from __future__ import annotations

import json

import pytest
from tests.data.formats.turns import spoken

from spanset.cli import main
from spanset.commands.terminal.panels import unused_lines
from spanset.data.formats.examples import EXAMPLES
from spanset.data.formats.mapping import mapped
from spanset.data.formats.registry import FORMATS, recognise
from spanset.data.reader import read

Q = {"role": "user", "content": "Q"}
A = {"role": "assistant", "content": "A"}
SYSTEM = ("system", "S")
USER, ASSISTANT = ("user", "Q"), ("assistant", "A")
WITH_CONTEXT = ("user", "Q\nC")


def turns_of(row):
    return spoken(recognise(row).convert(row).turns)


@pytest.mark.parametrize(
    "row",
    [
        {"instruction": "Q", "response": "A"},
        {"instruction": "Q", "input": "", "output": "A"},
        {"question": "Q", "answer": "A"},
        {"question": "Q", "response": "A"},
        {"prompt": "Q", "completion": "A"},
    ],
)
def test_context_is_part_of_the_prompt(row):
    assert turns_of({**row, "context": "C"}) == [WITH_CONTEXT, ASSISTANT]
    assert turns_of({**row, "context": ["C", "D"]}) == [("user", "Q\nC\nD"), ASSISTANT]
    assert turns_of({**row, "context": None}) == [USER, ASSISTANT]
    assert turns_of({**row, "context": "Q"}) == [USER, ASSISTANT]
    other = {**row, "context": "another"}
    assert len(set(read([{**row, "context": "C"}, other]).digests[:, 0].tolist())) == 2


def test_input_goes_before_context_and_context_before_prompt():
    row = {"instruction": "Q", "input": "I", "context": "C", "prompt": "P", "output": "A"}
    assert turns_of(row)[0] == ("user", "Q\nI")
    assert turns_of({**row, "input": ""})[0] == WITH_CONTEXT
    assert turns_of({**row, "input": "", "context": ""})[0] == ("user", "Q\nP")


def test_prompt_that_holds_the_instruction_again_is_not_read_twice():
    row = {"instruction": "Q", "output": "A", "prompt": "Below is an instruction. Q Answer: A"}
    assert turns_of(row) == [USER, ASSISTANT]


@pytest.mark.parametrize("field", ["system", "system_prompt"])
@pytest.mark.parametrize(
    "row",
    [
        {"messages": [Q, A]},
        {"conversations": [Q, A]},
        {"conversation": [{"input": "Q", "output": "A"}]},
        {"instruction": "Q", "output": "A"},
        {"prompt": "Q", "completion": "A"},
        {"question": "Q", "answer": "A"},
        {"question": "Q", "response_chosen": "A", "response_rejected": "B"},
        {"prompt": [Q], "completion": [A], "label": True},
    ],
)
def test_system_text_comes_first_in_every_format(row, field):
    assert turns_of({**row, field: "S"}) == [SYSTEM, USER, ASSISTANT]
    assert turns_of({**row, field: ""}) == turns_of({**row, field: None}) == [USER, ASSISTANT]


@pytest.mark.parametrize("field", ["messages", "conversations"])
def test_list_with_a_system_turn_of_its_own_keeps_that_alone(field):
    own = {"role": "system", "content": "own"}
    row = {field: [own, Q, A], "system": "S"}
    assert turns_of(row) == [("system", "own"), USER, ASSISTANT]


@pytest.mark.parametrize("target", ["messages", "conversations"])
def test_system_can_be_mapped_beside_lists_of_messages(target):
    row = {"list": [Q, A], "rule": "S"}
    turns = mapped({target: "list", "system": "rule"}).convert(row).turns
    assert spoken(turns) == [SYSTEM, USER, ASSISTANT]


@pytest.mark.parametrize(
    "name", ["code", "summary", "target", "targets", "solution", "reply", "highlights"]
)
def test_text_beside_an_answer_is_not_taken_for_all_there_is(name):
    assert recognise({"text": "Q", name: "A"}) is None
    assert recognise({"text": "Q", "id": 1}) is FORMATS["text"]


def test_choices_make_a_question_unrecognised_unless_there_are_none():
    row = {"question": "Q", "answer": 0}
    assert recognise({**row, "choices": ["a", "b"]}) is None
    assert recognise({**row, "choices": None}) is FORMATS["question-answer"]


@pytest.mark.parametrize("field", ["conversation", "conversations"])
def test_exchanges_of_input_and_output_are_read(field):
    row = {field: [{"input": "Q", "output": "A"}, {"input": "R", "output": "B"}]}
    assert recognise(row) is FORMATS["exchanges"]
    assert turns_of(row) == [USER, ASSISTANT, ("user", "R"), ("assistant", "B")]


def test_show_names_fields_that_hold_text_and_are_not_used(tmp_path, capsys):
    path = tmp_path / "rows.jsonl"
    path.write_text(
        '{"question": "Q", "answer": "A", "context": "some more", "id": "x-1", '
        '"explanation": "the long way", "hints": ["a hint", "b"]}\n'
    )
    assert main(["show", str(path)]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "fields not used: explanation, hints" in printed


def test_show_names_no_field_of_the_known_examples():
    for example in EXAMPLES:
        assert unused_lines(read([example.row])).renderables == [], example


@pytest.mark.parametrize("fields", [("prompt", "completion"), ("question", "answer"), ("p", "a")])
def test_json_that_was_asked_for_is_one_answer(fields):
    prompt, answer = fields
    convert = (
        recognise(dict.fromkeys(fields, "")) or mapped({"prompt": "p", "answer": "a"})
    ).convert
    dialogue = json.dumps([Q, A])
    said = convert({prompt: "Write a dialogue.", answer: dialogue}).turns
    assert spoken(said) == [
        ("user", "Write a dialogue."),
        ("assistant", dialogue),
    ]
    said = convert({prompt: json.dumps([Q]), answer: json.dumps([A])}).turns
    assert spoken(said) == [USER, ASSISTANT]
