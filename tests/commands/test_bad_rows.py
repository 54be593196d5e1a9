"""Rows that cannot be used are named with file, line and field."""

from __future__ import annotations

import pytest
from tests.commands.refusals import PICK, ROWS, write_rows


@pytest.mark.parametrize("command", [("select", "-k", "1"), ("show",)], ids=["select", "show"])
def test_an_unknown_format_lists_the_fields_seen_and_shows_map(spanset, command):
    write_rows("u.jsonl", [{"vraag": "a", "antwoord": "b"}])
    spanset.refuses(
        *command,
        "u.jsonl",
        code=1,
        where="u.jsonl:1: ",
        says=("vraag, antwoord", "messages", "alpaca"),
        fix="--map prompt=",
    )


def test_a_preference_pair_among_other_rows_is_not_read_as_one_of_them(spanset):
    row = {"prompt": "a", "response": "b"}
    write_rows("p.jsonl", [row, {**row, "chosen": "c", "rejected": "d"}])
    where = "p.jsonl:2: "
    says = ("prompt-completion", "like preference rows")
    spanset.refuses("select", "p.jsonl", "-k", "1", code=1, where=where, says=says, fix="--map")


def test_field_names_cannot_drive_the_terminal_or_break_the_message(spanset):
    write_rows("u.jsonl", [{"\x1b[2Jclear": "a", "[bold]markup": "b", "line\nbreak": "c"}])
    err = spanset.refuses("select", "u.jsonl", "-k", "1", code=1, where="u.jsonl:1: ")
    assert "\x1b" not in err
    assert "[bold]markup" in err


def test_only_rows_without_an_answer_is_an_error_that_counts_them(spanset):
    write_rows("n.jsonl", [{"instruction": "a", "output": ""}, {"instruction": "b", "output": " "}])
    says = ("2 rows read", "2 without an answer")
    spanset.refuses("select", "n.jsonl", "-k", "1", code=1, where="n.jsonl: ", says=says)


def test_a_row_without_an_answer_stops_the_run_where_that_is_asked_for(spanset):
    write_rows("n.jsonl", [*ROWS, {"instruction": "a", "output": ""}])
    command = ("select", "n.jsonl", "-k", "1", "--on-empty", "error")
    spanset.refuses(*command, code=1, where="n.jsonl:9: ", says=("no answer",), fix="--on-empty")


@pytest.mark.parametrize(
    ("row", "says"),
    [
        pytest.param({"question": "a", "answer": "b"}, "alpaca", id="another-format"),
        pytest.param({"instruction": "a", "output": {"x": 1}}, "'output'", id="object-for-text"),
        pytest.param({"instruction": "a", "output": float("nan")}, "'output'", id="nan-for-text"),
        pytest.param({"instruction": "a", "output": "b", "history": 3}, "history", id="history"),
    ],
)
def test_a_row_that_does_not_fit_is_named_with_file_line_and_field(spanset, row, says):
    write_rows("m.jsonl", [ROWS[0], row])
    command = ("select", "m.jsonl", "-k", "1")
    spanset.refuses(*command, code=1, where="m.jsonl:2: ", says=(says,), fix="--on-bad-row skip")


def test_an_unknown_role_is_named_with_the_known_ones(spanset):
    write_rows("m.jsonl", [{"messages": [{"role": "wizard", "content": "x"}]}])
    says = ("messages[0].role", "'wizard'", "assistant")
    spanset.refuses("select", "m.jsonl", "-k", "1", code=1, where="m.jsonl:1: ", says=says)


@pytest.mark.parametrize(
    "mapping",
    ["prompt", "=x", "prompt=", "", "prompt=instruction,answer=output,", "prompt=instruction",
     "foo=bar,answer=output", "answer=output"],
)  # fmt: skip
def test_a_malformed_map_shows_how_to_write_one(spanset, mapping):
    spanset.refuses(*PICK, "--map", mapping, code=2, where="--map: ", fix="prompt=")


def test_a_map_to_a_field_that_is_not_there_names_the_field(spanset):
    says = ("reply",)
    command = (*PICK, "--map", "prompt=instruction,answer=reply")
    spanset.refuses(*command, code=1, where="d.jsonl:1: ", says=says)
