from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanset.base.errors import UsageError
from spanset.cli import main
from spanset.data.conversation import ROLES
from spanset.data.conversion import as_messages, is_in_shape, to_messages
from spanset.data.formats.examples import EXAMPLES
from spanset.data.formats.mapping import mapped
from spanset.data.formats.registry import FORMATS, recognise
from spanset.data.reader import read

Q = {"role": "user", "content": "Q"}
A = {"role": "assistant", "content": "A"}
B = {"role": "assistant", "content": "B"}
PAIR = {"prompt": [Q], "chosen": [A], "rejected": [B]}


def converted(row):
    return as_messages(recognise(row), row)


def for_templates(conversation):
    """The conversation with all that chat templates and trainers are given, less the words."""
    turns, rejected = (
        tuple((turn.message, turn.is_answer) for turn in part)
        for part in (conversation.turns, conversation.rejected)
    )
    return conversation._replace(turns=turns, rejected=rejected)


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


CALL = {"type": "function", "function": {"name": "f", "arguments": {"a": 1}}}
CALLED = {"role": "assistant", "content": "", "tool_calls": [CALL]}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {}}}
BARE = '{"name": "f", "arguments": "{\\"a\\": 1}"}'


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        # Calls, reasoning and names are fields of the message.
        (
            {
                "conversations": [
                    {"from": "human", "value": "Q"},
                    {"from": "function_call", "value": BARE},
                    {"from": "observation", "value": "T", "name": "f"},
                    {"from": "gpt", "value": "A", "reasoning": "r"},
                ]
            },
            {
                "messages": [
                    Q,
                    CALLED,
                    {"role": "tool", "content": "T", "name": "f"},
                    {**A, "reasoning": "r"},
                ]
            },
        ),
        (
            {
                "messages": [
                    {"role": "developer", "content": "S"},
                    {"role": "human", "content": "Q"},
                    {"role": "assistant", "content": None, "function_call": json.loads(BARE)},
                    {"role": "function", "content": "T", "name": "f"},
                ],
                "functions": [TOOL["function"]],
            },
            {
                "messages": [
                    {"role": "developer", "content": "S"},
                    Q,
                    CALLED,
                    {"role": "tool", "content": "T", "name": "f"},
                ],
                "tools": [TOOL],
            },
        ),
        (
            {"prompt": "Q", "chosen": [{**A, "thinking": "r"}], "rejected": "B"},
            {**PAIR, "chosen": [{**A, "thinking": "r"}]},
        ),
        (
            {"question": "Q", "answer": "A", "chat_template_kwargs": {"think": False}},
            {"messages": [Q, A], "chat_template_kwargs": {"think": False}},
        ),
        # What is not trained on has the weight 0, whatever the row's own mark.
        (
            {"messages": [Q, A, Q, B], "loss_mask": [1, 0, 1, 1]},
            {"messages": [Q, {**A, "weight": 0}, Q, B]},
        ),
        (
            {"messages": [{"from": "human", "value": "Q"}, {**A, "train": False}, Q, B]},
            {"messages": [Q, {**A, "weight": 0}, Q, B]},
        ),
        (
            {
                "conversation": [
                    {"input": "Q", "output": "A", "masked": True},
                    {"input": "Q", "output": "B", "masked": False},
                ]
            },
            {"messages": [Q, {**A, "weight": 0}, Q, B]},
        ),
        (
            {"prompt": "Q", "completion": [{**A, "loss": False}, Q, B], "label": True},
            {"prompt": [Q, {**A, "weight": 0}, Q], "completion": [B], "label": True},
        ),
    ],
)
def test_what_templates_and_trainers_read_stays_in_the_messages(row, wanted):
    assert converted(row) == wanted
    assert converted(wanted) is wanted
    before, after = (recognise(one).convert(one) for one in (row, wanted))
    assert for_templates(after) == for_templates(before)


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
    assert to_messages(read([row]), 0) is None


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


S = {"role": "system", "content": "S"}
H = [["q", "a"]]


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ({**PAIR, "chosen": [S, Q, A], "rejected": [S, Q, B]}, {**PAIR, "prompt": [S, Q]}),
        (
            {**PAIR, "prompt": [S, Q], "chosen": [Q, A], "rejected": [Q, B]},
            {**PAIR, "prompt": [S, Q]},
        ),
        ({**PAIR, "system": "S"}, {**PAIR, "prompt": [S, Q]}),
        (
            {**PAIR, "history": H},
            {
                **PAIR,
                "prompt": [
                    {"role": "user", "content": "q"},
                    {"role": "assistant", "content": "a"},
                    Q,
                ],
            },
        ),
        (
            {"prompt": [Q], "completion": [A], "label": True, "system": "S"},
            {"prompt": [S, Q], "completion": [A], "label": True},
        ),
        ({"messages": [Q, A], "system": "S"}, {"messages": [S, Q, A]}),
        ({"chosen": "A", "rejected": "B"}, {"chosen": [A], "rejected": [B]}),
        ({**PAIR, "prompt": []}, {"chosen": [A], "rejected": [B]}),
    ],
)
def test_no_row_is_left_alone_that_says_more_or_less_than_its_lists(row, wanted):
    assert converted(row) == wanted
    assert converted(wanted) is wanted


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
    assert for_templates(after) == for_templates(before)
    if not any("tool_calls" in turn.message for turn in before.turns):
        assert after == before  # calls are written in one form, whatever the row's own


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
    converted = [to_messages(data, position) for position in range(2)]
    assert converted == [{"messages": [Q, A]}, {"messages": [A]}]


MIXED = {
    "alpaca": '{"instruction": "Q", "output": "A", "score": 1}',
    "sharegpt": '{"conversations": [{"from": "human", "value": "Q"}, '
    '{"from": "gpt", "value": "A"}]}',
    "messages": '{"messages":[{"role":"user","content":"Q"},'
    '{"role":"assistant","content":"A"}],"n":1e3}',
    "pairs": '{"prompt": "Q", "chosen": "A", "rejected": "B"}',
    "surrogate": '{"question": "\\ud800", "answer": "A"}',
}


@pytest.fixture
def mixed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, line in MIXED.items():
        (tmp_path / f"{name}.jsonl").write_text(line + "\n")
    return [f"{name}.jsonl" for name in MIXED]


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".jsonl.gz", ".jsonl.zst"])
def test_files_of_different_formats_become_one_of_messages(mixed, suffix):
    read(mixed).write(f"out{suffix}", to="messages")
    again = read(f"out{suffix}", on_bad_row="skip")
    found = [again.row(position) for position in range(len(again))]
    assert found[:3] == [{"messages": [Q, A]}, {"messages": [Q, A]}, {"messages": [Q, A], "n": 1e3}]
    assert found[3] == {"messages": [{"role": "user", "content": "\ud800"}, A]}
    assert again.raw(2) == MIXED["messages"].encode(), "what has its shape keeps its bytes"
    assert [row.row for row in again.bad] == [3], "pairs are pairs"


def test_selecting_takes_rows_to_messages(mixed, capsys):
    # The first three say the same: choosing diverse rows would leave two of them out.
    words = [
        "select",
        *mixed[:4],
        "-k",
        "4",
        "--method",
        "random",
        "--to",
        "messages",
        "--run",
        "r",
    ]
    assert main([*words, "--sort", "source"]) == 0
    lines = Path("r/subset.jsonl").read_text().splitlines()
    assert [sorted(json.loads(line)) for line in lines] == [
        ["messages"],
        ["messages"],
        ["messages", "n"],
        ["chosen", "prompt", "rejected"],
    ]
    assert main([*words, "--force", "-o", "subset.parquet"]) == 0
    assert len(pq.read_table("subset.parquet")) == 4
    assert 'to = "messages"' in Path("r/config.toml").read_text()
    capsys.readouterr()


def test_rows_of_csv_become_lines_of_messages(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("d.csv").write_text("question,answer\nQ,A\nQ2,B\n")
    assert main(["select", "d.csv", "-k", "2", "--to", "messages", "--sort", "source"]) == 0
    first, _ = Path("spanset-run/subset.jsonl").read_text().splitlines()
    assert json.loads(first) == {"messages": [Q, A]}
    capsys.readouterr()


def test_another_conversion_is_refused(mixed):
    with pytest.raises(UsageError, match="no conversion") as caught:
        read(mixed[0]).write("out.jsonl", to="alpaca")
    assert caught.value.where == "--to"
    assert not Path("out.jsonl").exists()


def test_what_messages_leave_out_is_said_and_shapes_that_differ(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    header = "question,A,B,C,D,answer"
    Path("quiz.csv").write_text(f"{header}\nWhich?,a b,c d,e f,g h,C\nWho?,i j,k l,m n,o p,D\n")
    words = ["select", "quiz.csv", "-k", "1", "--to", "messages"]
    assert main([*words, "--run", "quiz"]) == 0
    assert "not in the messages: A, B, C, D" in capsys.readouterr().err
    Path("pair.jsonl").write_text(MIXED["pairs"] + "\n")
    Path("chat.jsonl").write_text(MIXED["sharegpt"] + "\n")
    words = ["select", "pair.jsonl", "chat.jsonl", "-k", "2", "--run"]
    assert main([*words, "plain"]) == 0
    assert "shapes" not in capsys.readouterr().err
    assert main([*words, "mixed", "--to", "messages"]) == 0
    assert "2 shapes (messages, preference)" in capsys.readouterr().err
