"""`spanset measure --report`: what the terminal says is on the page, and nothing of a name runs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.commands.measure.measured import LDD, X
from tests.conftest import make_rows, write_lines
from tests.report.page_texts import numbers, require_harmless, text_of, told

HOSTILE = "<script>alert(1)<!--"


@pytest.fixture
def page(spanset, monkeypatch):
    """Measure; what the terminal said, and the page."""
    monkeypatch.setenv("COLUMNS", "400")

    def made(*words: str, name: str = "page.html"):
        ended = spanset.run("measure", *words, "--report", name)
        assert ended.code == 0, ended.err
        assert ["written", name] in [line.split() for line in ended.out.splitlines()]
        return ended.out, Path(name).read_text(encoding="utf-8")

    return made


def scores_file():
    Path("s.csv").write_text("name,score\nx,3\ny,1\nz,2\n")
    return "s.csv"


RUNS = {
    "one": ("a.jsonl", "--metrics", "all"),
    "two": ("a.jsonl", "b.jsonl", "--by", "topic"),
    "many": ("x.npy", "y.npy", "z.npy", "--draws", "1", *LDD),
    "scores": ("x.npy", "y.npy", "z.npy", "--scores", "s.csv"),
    "given": ("a.jsonl", "--given", "b.jsonl"),
    "reference": ("x.npy", "--reference", "z.npy"),
    "subset": ("x.npy", "--subset", "ids.txt,more.txt"),
    "lengths": ("x.npy", "y.npy", "--no-normalize", "--kernel", "linear", "--reference", "z.npy"),
}


@pytest.mark.parametrize("words", RUNS.values(), ids=RUNS)
def test_all_that_the_terminal_says_is_on_the_page(page, words):
    scores_file()
    Path("ids.txt").write_text("3\n1\n2\n9\n11\n")
    Path("more.txt").write_text("4\n5\n6\n7\n8\n")
    out, text = page(*words)
    shown, said = text_of(text), told(out)
    verdict = out.split("\nVerdict")[1].split("\nseconds")[0].split("\n\n")[0]
    lines = [" ".join(line.split()) for line in verdict.strip().splitlines()]
    assert lines
    for line in lines:
        assert line in shown, line
    table = said.split("Verdict")[0]
    missing = {number for number in numbers(table) if number not in shown}
    assert not missing
    assert "Traceback" not in shown
    assert str(words[0]) in shown


def test_the_same_measurement_gives_the_same_bytes(page):
    words = ("a.jsonl", "b.jsonl")
    assert page(*words)[1] == page(*words, "--workers", "1", name="again.html")[1]


def test_names_and_fields_are_text_wherever_they_stand(page):
    name, other = f"{HOSTILE}.jsonl", "\"'><img src=x onerror=alert(2)>.jsonl"
    rows = make_rows(30)
    for row in rows:
        row[HOSTILE] = HOSTILE
    write_lines(Path(name), rows)
    write_lines(Path(other), make_rows(30, seed=1))
    _, text = page(name, other, "--by", HOSTILE)
    require_harmless(text, HOSTILE, "onerror=alert(2)")
    np.save(f"{HOSTILE}.npy", X)
    _, text = page("x.npy", "--given", f"{HOSTILE}.npy", name="given.html")
    require_harmless(text, HOSTILE)
    _, text = page("x.npy", *LDD, "--reference", f"{HOSTILE}.npy", name="beside.html")
    require_harmless(text, HOSTILE)


def test_inputs_and_other_files_have_their_digests(page):
    from hashlib import sha256

    _, text = page("a.jsonl", "--given", "b.jsonl")
    for name in ("a.jsonl", "b.jsonl"):
        assert sha256(Path(name).read_bytes()).hexdigest() in text
    _, text = page("x.npy", "y.npy", "z.npy", "--scores", scores_file(), name="scores.html")
    for name in ("x.npy", "s.csv"):
        assert sha256(Path(name).read_bytes()).hexdigest() in text


@pytest.mark.parametrize(
    ("path", "where", "says"),
    [
        ("p.pdf", "--report: ", ("no name of a page",)),
        ("", "--report: ", ("no name of a page",)),
        ("-", "--report: ", ("no name of a page",)),
        ("a.jsonl", "--report: ", ("no name of a page",)),
        ("there.html", "there.html: ", ("exists", "--force")),
        ("nofolder/p.html", "nofolder/p.html: ", ("mkdir -p nofolder",)),
        ("folder.html", "folder.html: ", ("folder",)),
    ],
)
def test_a_page_that_cannot_be_written_is_refused_before_any_work(spanset, path, where, says):
    Path("there.html").write_text("mine")
    Path("folder.html").mkdir()
    spanset.refuses("measure", "none.npy", "--report", path, code=2, where=where, says=says)


def test_a_page_replaces_another_by_force_alone(spanset):
    Path("there.html").write_text("mine")
    ended = spanset.run("measure", "x.npy", *LDD, "--report", "there.html", "--force", "--json")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["written"] == ["there.html"]
    assert Path("there.html").read_text().startswith("<!doctype html>")
