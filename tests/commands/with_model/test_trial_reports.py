"""The page of a trial: left in the folder, made again from it, with all that the tables say."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.commands.with_model.test_trial import TRIAL
from tests.commands.with_model.test_trial import rows as rows
from tests.commands.with_model.test_trial import trained as trained
from tests.conftest import write_lines
from tests.report.page_texts import numbers, require_harmless, text_of, told

PAGE = Path("spanset-trial/report.html")


def test_the_page_says_what_the_tables_say_and_is_made_again(rows, trained, spanset, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    asked = [
        {"question": f"Which is {n}?", "choices": ["river", "tax", "poem"], "answer": n % 3}
        for n in range(8)
    ]
    write_lines(Path("q.jsonl"), asked)
    words = (*TRIAL, "--eval", "e.jsonl", "--questions", "q.jsonl")
    ended = spanset.run(*words)
    assert ended.code == 0, ended.err
    assert ["page", str(PAGE)] in [line.split() for line in ended.out.splitlines()]
    page = PAGE.read_bytes()
    shown, said = text_of(page.decode()), told(ended.out)
    missing = {number for number in numbers(said) if number not in shown}
    assert not missing
    for wanted in ("At home: rows of the same data, held out", "Away from home: e", "Questions: q"):
        assert wanted in said
        assert wanted in shown
    trained.clear()
    again = spanset.run("report", "spanset-trial", "-o", "again.html")
    assert again.code == 0, again.err
    assert Path("again.html").read_bytes() == page
    assert spanset.run(*words).code == 0
    assert trained == []
    assert PAGE.read_bytes() == page, "the same trial again, its trainings kept"


def test_without_a_page_and_unfinished_or_of_another_version(rows, spanset):
    assert spanset.run(*TRIAL, "--shard", "1/2").code == 0
    assert not PAGE.exists()
    spanset.refuses(
        "report", "spanset-trial", code=1, where="spanset-trial", says=("not finished",)
    )
    assert spanset.run(*TRIAL, "--no-report").code == 0
    assert not PAGE.exists()
    held = json.loads(Path("spanset-trial/trial.json").read_text())
    shutil.copytree("spanset-trial", "old")
    del held["training_seconds"]
    Path("old/trial.json").write_text(json.dumps(held))
    spanset.refuses("report", "old", code=1, where="old/trial.json", fix="run the same command")
    assert spanset.run("report", "spanset-trial").code == 0


@pytest.mark.parametrize("name", ["<img src=x onerror=alert(1)>"])
def test_names_from_files_are_text(rows, spanset, name):
    shutil.copy("p.jsonl", f"{name}.jsonl")
    shutil.copy("e.jsonl", f"{name}e.jsonl")
    Path(f"{name}.txt").write_text("3\n1\n4\n")
    words = ("trial", f"{name}.jsonl", *TRIAL[TRIAL.index("--model") :])
    ended = spanset.run(*words, "--candidate", f"{name}.txt", "--eval", f"{name}e.jsonl")
    assert ended.code == 0, ended.err
    require_harmless(PAGE.read_text(encoding="utf-8"), name)
