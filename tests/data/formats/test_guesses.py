from __future__ import annotations

import shlex

import pytest

from spanset.base.errors import DataError, UsageError
from spanset.data.formats.guesses import unrecognised
from spanset.data.formats.mapping import mapped, parse_mapping
from spanset.data.formats.registry import recognise
from spanset.data.reader import read

Q = {"role": "user", "content": "Q"}
A = {"role": "assistant", "content": "A"}


def suggested(row):
    """The mapping that the error proposes; None where it knows none."""
    fix = unrecognised(row, "f.jsonl:1").fix
    if not fix.startswith("perhaps"):
        return None
    words = shlex.split(fix.removeprefix("perhaps ").partition(";")[0])
    assert words[0] == "--map"
    return parse_mapping(words[1])


@pytest.mark.parametrize(
    ("row", "mapping"),
    [
        ({"Query": "Q", "Response": "A"}, {"prompt": "Query", "answer": "Response"}),
        ({"user": "Q", "reply": "A"}, {"prompt": "user", "answer": "reply"}),
        ({"request": "Q", "response": "A"}, {"prompt": "request", "answer": "response"}),
        ({"q": "Q", "a": "A"}, {"prompt": "q", "answer": "a"}),
        ({"id": 1, "Question": "Q", "Reply": "A"}, {"prompt": "Question", "answer": "Reply"}),
        ({"input": "1", "output": "2"}, {"prompt": "input", "answer": "output"}),
        ({"input": "Q", "target": "A"}, {"prompt": "input", "answer": "target"}),
        (
            {"instruction": "Q", "input": "I", "answer": "A"},
            {"prompt": "instruction", "input": "input", "answer": "answer"},
        ),
        (
            {"query": "Q", "problem": "P", "answer": "A", "output": "B"},
            {"prompt": "query", "answer": "answer"},
        ),
        (
            {"problem": "Q", "options": ["a"], "answer": "A"},
            {"prompt": "problem", "answer": "answer"},
        ),
        (
            {"query": "Q", "answer": "A", "positive": "B", "negative": "C"},
            {"prompt": "query", "chosen": "positive", "rejected": "negative"},
        ),
        ({"Input Text": "Q", "task": "Q", "a": "A"}, {"prompt": "task", "answer": "a"}),
        ({"dialog": [Q, A]}, {"messages": "dialog"}),
        ({"dialog": [{"from": "human", "value": "Q"}]}, {"conversations": "dialog"}),
        ({"Messages": [Q, A]}, {"messages": "Messages"}),
        ({"q": "Q", "preferred": "A", "dispreferred": "B"}, None),
        ({"content": "T", "url": "u"}, {"text": "content"}),
        ({"instruction": "Q", "kind": "x"}, None),
        ({"prompt": "Q"}, None),
        ({"task": "T", "source": "s"}, None),
        ({"title": "T"}, None),
        ({"text": "Q", "code": "A", "task_id": 1}, {"prompt": "text", "answer": "code"}),
        ({"text": "Q", "summary": "A"}, {"prompt": "text", "answer": "summary"}),
        ({"text": "Q", "target": "A"}, {"prompt": "text", "answer": "target"}),
        ({"inputs": "Q", "targets": 3}, {"prompt": "inputs", "answer": "targets"}),
        ({"problem": "Q", "code": "A"}, {"prompt": "problem", "answer": "code"}),
        (
            {"definition": "Do it.", "inputs": "Q", "targets": "A"},
            {"prompt": "definition", "input": "inputs", "answer": "targets"},
        ),
        ({"query": "Q", "chat": [Q], "reply": "A"}, {"prompt": "query", "answer": "reply"}),
        ({"chat": [Q], "reply": "A"}, {"prompt": "chat", "answer": "reply"}),
        (
            {"system_message": "S", "query": "Q", "result": "A"},
            {"prompt": "query", "answer": "result", "system": "system_message"},
        ),
        (
            {"system": "S", "query": "Q", "input": "I", "response": "A", "history": []},
            {
                "prompt": "query",
                "answer": "response",
                "input": "input",
                "system": "system",
                "history": "history",
            },
        ),
        ({"dialog": [Q, A], "system": "S"}, {"messages": "dialog", "system": "system"}),
        ({"body of it": "T"}, {"text": "body of it"}),
        ({"frage": "Q", "antwort": "A"}, None),
        ({}, None),
    ],
)
def test_mapping_is_proposed_in_the_user_s_own_names(row, mapping):
    if "preferred" in row:
        mapping = {"prompt": "q", "chosen": "preferred", "rejected": "dispreferred"}
    assert recognise(row) is None
    assert suggested(row) == mapping


@pytest.mark.parametrize(
    "row",
    [
        {"Query": "Q", "Response": "A"},
        {"definition": "Do it.", "inputs": "Q", "targets": "A"},
        {"dialog": [Q, A]},
        {"winner": "A", "loser": "B"},
        {"content": "T"},
        {"system_prompt": "S", "query": "Q", "result": "A"},
        {"system": "S", "query": "Q", "input": "I", "response": "A", "history": [["q", "a"]]},
        {"chat": [Q], "reply": "A", "system": "S"},
        {"dialog": [Q, A], "system": "S"},
    ],
)
def test_mapping_that_is_proposed_works(row):
    assert recognise(row) is None
    conversation = mapped(suggested(row)).convert(row)
    assert conversation.answer


@pytest.mark.parametrize(
    "row",
    [
        {"query": "Q", "response": "A"},
        {"inputs": "Q", "targets": "A", "id": 1},
        {"problem": "Q", "solution": "A"},
        {"input": [Q], "output": "A"},
        {"system_message": "S", "query": "Q", "response": "A", "history": [["q", "a"]]},
        {"query": "Q", "context": "C", "answer": "A"},
    ],
)
def test_what_is_recognised_by_its_names_is_read_as_its_mapping_would(row):
    assert recognise(row).name == "exchange"
    assert mapped(suggested(row)).convert(row) == recognise(row).convert(row)


@pytest.mark.parametrize("field", ["choices", "options"])
def test_choices_beside_a_question_are_named_and_not_lost(field):
    with pytest.raises(DataError, match="choices are a field of their own") as raised:
        read([{"question": "Q", field: ["a", "b"], "answer": 1}])
    assert "write the choices into the question" in raised.value.fix


def test_single_messages_of_open_assistant_lead_to_the_trees():
    row = {"message_id": "1", "parent_id": None, "text": "Q", "role": "prompter", "lang": "en"}
    with pytest.raises(DataError, match="one message") as raised:
        read([row])
    assert "trees" in raised.value.fix


@pytest.mark.parametrize("row", [{"role": "user", "content": "Q"}, {"role": "user", "text": "Q"}])
def test_rows_of_one_message_each_are_named_as_what_they_are(row):
    with pytest.raises(DataError, match="one message") as raised:
        read([row])
    assert '"messages"' in raised.value.fix


@pytest.mark.parametrize(
    ("mapping", "named"),
    [
        ({"chosen": "w"}, "chosen or rejected"),
        ({"prompt": "p", "rejected": "w"}, "chosen or rejected"),
        ({"prompt": "p", "answer": "a", "chosen": "w", "rejected": "l"}, "cannot map answer"),
        ({"input": "p", "chosen": "w", "rejected": "l"}, "prompt is not mapped"),
        ({"text": "t", "prompt": "p"}, "cannot map prompt"),
        ({"text": "t", "chosen": "p", "rejected": "r"}, "cannot map chosen, rejected"),
        ({}, "prompt or answer"),
    ],
)
def test_targets_that_do_not_go_together_are_refused(mapping, named):
    with pytest.raises(UsageError, match=named):
        mapped(mapping)


def test_a_field_that_map_names_and_rows_lack_is_named_itself():
    row = {"instruction": "Q", "output": "A"}
    with pytest.raises(DataError, match="no field 'foo', which --map names") as caught:
        read([row], mapping={"prompt": "foo", "answer": "output"})
    assert "it has instruction, output" in caught.value.what
    assert "without --map it reads as alpaca" in caught.value.fix
