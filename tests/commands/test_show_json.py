"""`spanset show --json`: an object a row, whatever rows hold and wherever it is written to."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from tests.commands.refusals import ROWS, spanset_command
from tests.conftest import write_lines

from spanset.commands import shown_rows

ASK = {"role": "user", "content": "Q"}
TELL = {"role": "assistant", "content": "A"}
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}


def call(arguments):
    return {"id": "c", "type": "function", "function": {"name": "look", "arguments": arguments}}


def strict(line):
    """JSON as the standard has it: without NaN and Infinity."""
    return json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


@pytest.fixture
def shown(spanset):
    """Runs the command; what it prints of these rows, an object a line."""

    def run(rows, *flags):
        write_lines(Path("rows.jsonl"), rows)
        ended = spanset.run("show", "rows.jsonl", "--json", *flags)
        assert (ended.code, ended.err) == (0, "")
        return [strict(line) for line in ended.out.split("\n")[:-1]]

    return run


def test_rows_of_any_format_are_messages(shown):
    (record,) = shown([{"instruction": "Ask", "output": "Tell", "system": "Be."}])
    assert list(record) == ["source", "line", "format", "messages", "tools"]
    assert record == {
        "source": "rows.jsonl",
        "line": 1,
        "format": "alpaca",
        "messages": [
            {"role": "system", "content": "Be.", "trained": False},
            {"role": "user", "content": "Ask", "trained": False},
            {"role": "assistant", "content": "Tell", "trained": True},
        ],
        "tools": [],
    }


def test_what_is_not_trained_on_is_told(shown):
    turns = [ASK, {**TELL, "weight": 0}, {**ASK, "weight": 0}, {**TELL, "weight": 1}, ASK]
    (record,) = shown([{"messages": turns}])
    assert [one["trained"] for one in record["messages"]] == [False, False, False, True, False]


def test_calls_reasoning_and_tools_are_structures(shown):
    calls = [call('{"q": 1}')]
    asked = {"role": "assistant", "content": "", "reasoning_content": "Hm", "tool_calls": calls}
    found = {"role": "tool", "content": "R", "tool_call_id": "c"}
    (record,) = shown([{"messages": [ASK, asked, found, TELL], "tools": [TOOL]}])
    assert record["tools"] == [TOOL]
    assert record["messages"][1] == {**asked, "tool_calls": [call({"q": 1})], "trained": True}
    assert record["messages"][2] == {**found, "trained": False}


@pytest.mark.parametrize("label", [True, False])
def test_a_label_is_told(shown, label):
    (record,) = shown([{"prompt": "Q", "completion": "A", "label": label}])
    assert list(record) == ["source", "line", "format", "messages", "tools", "label"]
    assert record["label"] is label


def test_of_a_pair_both_sides_can_be_put_together(shown):
    more = [ASK, {**TELL, "weight": 0}]
    (record,) = shown([{"prompt": [ASK], "chosen": [TELL], "rejected": [TELL, *more]}])
    assert list(record)[3:] == ["messages", "tools", "shared", "rejected"]
    assert record["shared"] == 1
    assert record["messages"] == [{**ASK, "trained": False}, {**TELL, "trained": True}]
    assert [one["trained"] for one in record["rejected"]] == [True, False, False]
    assert [one["content"] for one in record["rejected"]] == ["A", "Q", "A"]


@pytest.mark.parametrize(("flags", "rows"), [((), 3), (("-n", "5"), 5), (("-n", "0"), 0)])
def test_so_many_rows_are_shown(shown, flags, rows):
    assert [record["line"] for record in shown(ROWS, *flags)] == list(range(1, rows + 1))


def test_rows_that_were_left_out_come_last_with_the_reason(shown):
    wrong = {"messages": [{"role": "martian", "content": "Q"}]}
    silent = {"messages": [ASK, {**TELL, "weight": 0}]}
    good = {"messages": [ASK, TELL]}
    rows = [good, silent, wrong, wrong, good]
    found = shown(rows, "--on-bad-row", "skip")
    assert [record["line"] for record in found] == [1, 5, 2, 3, 4]
    assert all(list(record) == ["source", "line", "error"] for record in found[2:])
    assert found[2]["error"] == "no answer that is trained on"
    assert "martian" in found[3]["error"]
    assert [record["line"] for record in shown(rows, "--on-bad-row", "skip", "-n", "1")] == [1, 2]


ODD = {
    "surrogate": "a\ud800b",
    "escape": "\x1b[31m",
    "zero": "a\x00b",
    "delete": "\x7f",
    "c1": "\x9b31m",
    "bidirectional": "\u202e",
    "separator": "a\u2028b",
    "beyond": "\U000e0001",
}


@pytest.mark.parametrize("name", ODD)
def test_no_text_breaks_a_line_or_drives_the_terminal(shown, spanset, name):
    text = ODD[name]
    rows = [{"messages": [{**ASK, "content": f"é{text}"}, TELL]}]
    assert shown(rows)[0]["messages"][0]["content"] == f"é{text}"
    assert spanset.run("show", "rows.jsonl", "--json").out[:-1].isprintable()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_it_is_json_in_every_encoding(shown, spanset, monkeypatch, encoding):
    text = "é 数 \U0001f600"
    shown([{"question": text, "answer": "A"}])
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", out)
    spanset.run("show", "rows.jsonl", "--json")
    out.flush()
    line = out.buffer.getvalue().decode(encoding)
    assert strict(line)["messages"][0]["content"] == text
    assert (text in line) == (encoding == "utf-8")


@pytest.mark.parametrize(
    "command",
    [("select", "-k", "1", "--draws", "0"), ("select", "-k", "1", "--dry-run"), ("measure",)],
    ids=["select", "dry-run", "measure"],
)
def test_outcomes_are_json_in_every_encoding_too(spanset, monkeypatch, command):
    write_lines(Path("é.jsonl"), ROWS)
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    name, *flags = command
    assert spanset.run(name, "é.jsonl", *flags, "--json").code == 0
    out.flush()
    record = strict(out.buffer.getvalue())
    assert "é" in json.dumps(record, ensure_ascii=False)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_json_lacks_are_null(shown, number):
    row = {"messages": [ASK, {**TELL, "tool_calls": [call({"n": [number, 1.5]})]}]}
    (record,) = shown([row])
    (found,) = record["messages"][1]["tool_calls"]
    assert found["function"]["arguments"] == {"n": [None, 1.5]}


def test_values_that_only_tables_hold_are_texts(spanset):
    arguments = {"n": b"123", "when": pa.scalar(0, pa.timestamp("s")).as_py()}
    table = pa.Table.from_pylist([{"messages": [ASK, {**TELL, "tool_calls": [call(arguments)]}]}])
    with pa.ipc.new_file("rows.arrow", table.schema) as writer:
        writer.write_table(table)
    ended = spanset.run("show", "rows.arrow", "--json")
    assert (ended.code, ended.err) == (0, "")
    (found,) = strict(ended.out)["messages"][1]["tool_calls"]
    assert found["function"]["arguments"] == {"n": "<3 bytes>", "when": "1970-01-01T00:00:00"}


def test_what_is_nested_too_deeply_for_json_is_told(shown, monkeypatch):
    def too_deep(conversation, *more, record=shown_rows.row_record):
        if conversation.prompt == "deep":
            raise RecursionError
        return record(conversation, *more)

    monkeypatch.setattr(shown_rows, "row_record", too_deep)
    deep = {"messages": [{**ASK, "content": "deep"}, TELL]}
    first, second = shown([deep, {"messages": [ASK, TELL]}])
    assert list(first) == ["source", "line", "format", "error"]
    assert "nested too deeply" in first["error"]
    assert "messages" in second


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--formats",), 2, {"where": "--json", "fix": "drop one"}),
        (("d.jsonl", "-n", "-1"), 2, {"where": "-n"}),
        (("none.jsonl",), 1, {"where": "none.jsonl"}),
        ((), 2, {"where": "DATA"}),
    ],
)
def test_mistakes_print_nothing_but_the_message(spanset, words, code, message):
    spanset.refuses("show", *words, "--json", code=code, **message)


def test_a_reader_may_go_away_after_the_first_rows(folder):
    write_lines(Path("rows.jsonl"), ROWS * 3000)
    command = [spanset_command(), "show", "rows.jsonl", "--json", "-n", "24000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        line = process.stdout.readline()
        process.stdout.close()  # as `| head -n 1` does
        err = process.stderr.read().decode()
        process.wait(timeout=60)
    assert strict(line)["line"] == 1
    assert err == ""
