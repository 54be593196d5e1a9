"""Pages of comparisons: left in the folder, made again from it, or refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.commands.refusals import check_message
from tests.commands.test_compare import COMPARE, GRID
from tests.commands.test_compare import compare as compare
from tests.commands.test_compare import rows as rows
from tests.report.page_texts import numbers, require_harmless, text_of, told

import spanset.commands.compare as comparing
import spanset.commands.grids.grid as grids
from spanset.base.errors import OutputError

PAGE = Path("spanset-compare/report.html")
RUNS = {
    "one": ("--method", "kcenter", "--seeds", "1"),
    "grid": ("--method", "dpp,kcenter,kmeans", "--quality", "column:rating", "--lambda", "0,0.3,1"),
    "random": ("--method", "random"),
    "other measures": ("--metrics", "vendi,near-duplicates"),
}


@pytest.mark.parametrize("flags", RUNS.values(), ids=RUNS)
def test_the_page_of_a_folder_is_the_one_that_was_left(rows, spanset, monkeypatch, flags):
    monkeypatch.setenv("COLUMNS", "300")
    ended = spanset.run(*COMPARE, *flags)
    assert ended.code == 0, ended.err
    assert ["page", str(PAGE)] in [line.split() for line in ended.out.splitlines()]
    page = PAGE.read_bytes()
    again = spanset.run("report", "spanset-compare", "-o", "again.html", "--json")
    assert json.loads(again.out) == {"written": "again.html", "bytes": len(page)}
    assert Path("again.html").read_bytes() == page
    shown, said = text_of(page.decode()), told(ended.out)
    missing = {number for number in numbers(said) if number not in shown}
    assert not missing
    for name in ("dpp", "kcenter", "random, 3 draws"):
        assert (name in shown) or (name not in said)


def test_the_same_comparison_again_leaves_the_same_bytes(rows, spanset):
    assert spanset.run(*COMPARE, *GRID).code == 0
    page = PAGE.read_bytes()
    assert spanset.run(*COMPARE, *GRID, "--workers", "1").code == 0
    assert PAGE.read_bytes() == page, "seconds are those of the first time"


def test_no_page_where_none_is_wanted(rows, spanset):
    ended = spanset.run(*COMPARE, "--no-report")
    assert ended.code == 0, ended.err
    assert not PAGE.exists()
    assert "report.html" not in ended.out
    assert spanset.run("report", "spanset-compare").code == 0
    assert PAGE.exists()
    spanset.refuses("report", "spanset-compare", code=2, where=str(PAGE), says=("exists",))
    assert spanset.run("report", "spanset-compare", "--force").code == 0


def test_a_page_that_fails_leaves_the_result(rows, spanset, monkeypatch):
    def full(*_):
        raise OutputError("cannot be written", where=str(PAGE), why="No space left", fix="-")

    with monkeypatch.context() as patch:
        patch.setattr(comparing.KeptCells, "write_beside", full)
        ended = spanset.run(*COMPARE)
    assert ended.code == 1
    check_message(ended.err[ended.err.index("error: ") :], where=str(PAGE))
    assert spanset.run("report", "spanset-compare").code == 0


def test_what_was_not_finished_has_no_page(rows, spanset, monkeypatch):
    choose = grids.choose_rows

    def killed(candidates, k, how, **more):
        if how.method == "kcenter":
            raise KeyboardInterrupt
        return choose(candidates, k, how, **more)

    with monkeypatch.context() as patch:
        patch.setattr(grids, "choose_rows", killed)
        assert spanset.run(*COMPARE, *GRID).code == 130
    spanset.refuses(
        "report", "spanset-compare", code=1, where="spanset-compare", says=("not finished",),
        fix="goes on where it stopped",
    )  # fmt: skip


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"inputs": [], "choices": []}'])
def test_a_result_that_was_changed_is_refused(rows, spanset, content):
    assert spanset.run(*COMPARE, "--no-report").code == 0
    Path("spanset-compare/choices.json").write_text(content)
    where = "spanset-compare/choices.json"
    spanset.refuses(
        "report", "spanset-compare", code=1, where=where, fix="run the same command again"
    )


def test_names_of_files_are_text(rows, spanset):
    name = "<img src=x onerror=alert(1)>.jsonl"
    Path(name).write_bytes(Path("p.jsonl").read_bytes())
    words = ("compare", name, "--features", "array:own.npy", "-k", "4", "--seeds", "1")
    assert spanset.run(*words).code == 0
    require_harmless(PAGE.read_text(encoding="utf-8"), name)


def test_a_trial_takes_the_choices_of_a_folder_with_a_page(rows, spanset):
    assert spanset.run(*COMPARE, *GRID).code == 0
    held = json.loads(Path("spanset-compare/choices.json").read_text())
    assert [one["label"] for one in held["choices"]] == ["dpp", "dpp λ 0.5", "kcenter"]
    assert all(len(one["rows"]["4"]) == 4 for one in held["choices"])
    assert len(held["random"]) == 3
