"""Rows that a model cannot take: cut, or left out and listed with the reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

from tests.commands.refusals import check_message, snapshot
from tests.commands.with_model.model_commands import (
    BY_MODEL,
    COMMANDS,
    LONG,
    PICK,
    SHOW,
    STORE,
    N,
    ids,
    refuses,
    template,
)
from tests.conftest import write_lines
from tests.models.model_folder import changed, talk_rows
from tests.models.tiny_models import CHATML


def test_rows_beyond_the_context_are_cut_and_counted(spanset):
    write_lines(Path("d.jsonl"), [*talk_rows(N), {"instruction": "a", "output": "b c " * 300}])
    ended = spanset.run(*BY_MODEL)
    assert ended.code == 0
    assert "1 truncated" in ended.err


def test_rows_that_are_left_out_are_counted_and_listed(spanset):
    write_lines(Path("d.jsonl"), [*talk_rows(N), LONG])
    ended = spanset.run(*PICK, "--model", "m", "--run", "r")
    assert ended.code == 0
    assert "1 left out" in ended.err
    left_out = [json.loads(line) for line in Path("r/bad_rows.jsonl").read_text().splitlines()]
    assert [(row["line"], row["row"]) for row in left_out] == [(N + 1, N)]
    assert "--max-length" in left_out[0]["reason"]
    assert str(N) not in Path("r/ids.txt").read_text().split()
    counts = json.loads(Path("r/manifest.json").read_text())["rows"]
    assert (counts["read"], counts["usable"]) == (N + 1, N)
    assert counts["unrepresented"] == 1


def test_rows_that_are_left_out_show_in_the_json_summary(spanset):
    write_lines(Path("d.jsonl"), [*talk_rows(N), LONG])
    ended = spanset.run(*BY_MODEL, "--json")
    assert json.loads(ended.out)["unrepresented"] == 1


def test_only_rows_that_are_too_long_is_an_error(spanset, cache):
    write_lines(Path("d.jsonl"), [LONG, {**LONG, "output": "Yes."}])
    words = changed(BY_MODEL, "-k", "1")
    refuses(spanset, cache, words, code=1, where="d.jsonl:1", says=("2 rows",), fix="--max-length")


def test_an_empty_turn_of_the_assistant_among_others_is_no_mistake(spanset):
    turns = [("user", "One?"), ("assistant", ""), ("user", "Two?"), ("assistant", "Two.")]
    row = {"messages": [{"role": role, "content": text} for role, text in turns]}
    other = {"messages": [*row["messages"][:1], {"role": "assistant", "content": "One."}]}
    write_lines(Path("d.jsonl"), [row, other])
    assert spanset.run(*changed(BY_MODEL, "-k", "2")).code == 0


@pytest.mark.parametrize("command", ["select", "features"])
def test_a_row_that_the_template_refuses_is_named_or_skipped(spanset, cache, command):
    refusing = (
        "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    )
    template(refusing + CHATML)(Path("m"))
    plain = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]
    rows = [{"messages": plain}, {"messages": [{"role": "system", "content": "Be."}, *plain]}]
    write_lines(Path("d.jsonl"), rows)
    words = changed(COMMANDS[command], "-k", "1") if command == "select" else STORE
    refuses(spanset, cache, words, code=1, where="d.jsonl:2", says=("no system",),
            fix="--on-bad-row skip")  # fmt: skip
    assert spanset.run(*words, "--on-bad-row", "skip").code == 0


def test_more_picks_than_rows_with_features_are_refused(spanset):
    write_lines(Path("d.jsonl"), [*talk_rows(N), LONG])
    before = snapshot(Path())
    ended = spanset.run(*changed(BY_MODEL, "-k", str(N + 1)))
    assert ended.code == 1
    check_message(ended.err[ended.err.index("error: ") :], where="-k: ", says=("9 rows", "8"),
                  fix="-k 8")  # fmt: skip
    assert snapshot(Path()) == before


def test_a_selection_in_memory_order_counts_rows_as_they_were_read(spanset):
    rows = talk_rows(N)
    write_lines(Path("d.jsonl"), [LONG, *rows[:4], LONG, *rows[4:]])
    assert spanset.run(*changed(BY_MODEL, "-k", str(N)), "--run", "r").code == 0
    assert sorted(map(int, ids("r"))) == [1, 2, 3, 4, 6, 7, 8, 9]
    subset = Path("r/subset.jsonl").read_text().splitlines()
    assert all(json.loads(line) in rows for line in subset)


def test_show_tells_which_rows_cannot_be_rendered(spanset):
    template("{% if 'number 0' in messages[0]['content'] %}{{ raise_exception('no zero') }}"
             "{% endif %}" + CHATML)(Path("m"))  # fmt: skip
    ended = spanset.run(*SHOW, "-n", "2")
    assert ended.code == 0
    assert "no zero" in ended.out
