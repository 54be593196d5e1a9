"""What was recognised in rows beside their words is said once per input, by every command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.commands.refusals import FEATURES, PICK, ROWS, N
from tests.conftest import write_lines

MARKED = "a.jsonl: turns marked weight: 0, not trained on: 2"
UNSEEN = "a.jsonl: pictures, sounds and files, not seen: 1"
SKIPPED = "b.jsonl: turns marked train: false, not trained on: 1"
FIGURES = ("--metrics", "ldd")


def talk(number, *more, **mark):
    first = [
        {"role": "user", "content": f"Say {number}"},
        {"role": "assistant", "content": f"It is {number}.", **mark},
    ]
    last = [{"role": "user", "content": [*more, {"type": "text", "text": "And?"}]}]
    return {"messages": [*first, *last, {"role": "assistant", "content": f"More {number}."}]}


@pytest.fixture
def marked(folder, monkeypatch):
    """Rows with marks and a picture in `a.jsonl`, with other marks in `b.jsonl`; wide lines."""
    monkeypatch.setenv("COLUMNS", "100")
    picture = {"type": "image_url", "image_url": {"url": "u"}}
    rows = [talk(number) for number in range(N)]
    write_lines(
        Path("a.jsonl"), [talk(90, weight=0), talk(91, weight=0), talk(92, picture), *rows[3:]]
    )
    write_lines(Path("b.jsonl"), [talk(93, train=False), *rows[:3], *rows[4:]])
    np.save("two.npy", np.concatenate([FEATURES, FEATURES + 1]))
    return ("a.jsonl", "b.jsonl")


COMMANDS = {
    "select": ("select", "-k", "3", "--draws", "0", "--features", "array:two.npy"),
    "dry-run": ("select", "-k", "3", "--features", "array:two.npy", "--dry-run"),
    "measure": ("measure", *FIGURES),
    "show": ("show", "-n", "1"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_tables_of_inputs_say_it_below_them(marked, spanset, name):
    ended = spanset.run(*COMMANDS[name], *marked)
    assert ended.code == 0, ended.err
    lines = [line.rstrip() for line in ended.out.splitlines()]
    first = lines.index(UNSEEN)
    assert lines[first : first + 3] == [UNSEEN, MARKED, SKIPPED]
    assert lines[first + 3] == "", "what follows stands apart"
    assert lines[first - 2].split()[0] == "b.jsonl", "the table ends above"


def test_nothing_is_wider_than_the_terminal(marked, spanset, monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    name = f"{'folder ' * 12}a.jsonl"
    Path("a.jsonl").rename(name)
    out = spanset.run("show", "-n", "0", name).out
    assert max(map(len, out.splitlines())) <= 50
    assert "not trained on: 2" in " ".join(out.split())


def test_features_notes_it(marked, spanset):
    ended = spanset.run("features", *marked, "--features", "lexical", "--out", "s")
    assert ended.code == 0
    notes = ended.err.splitlines()
    assert [note for note in notes if ".jsonl: " in note] == [UNSEEN, MARKED, SKIPPED]


@pytest.mark.parametrize("name", ["select", "dry-run", "measure"])
def test_it_stands_in_the_json(marked, spanset, name):
    ended = spanset.run(*COMMANDS[name], *marked, "--json")
    assert json.loads(ended.out)["remarks"] == [UNSEEN, MARKED, SKIPPED]


@pytest.mark.parametrize("words", [("d.jsonl",), ("x.npy",)], ids=["rows", "features"])
def test_of_plain_data_and_of_features_there_is_nothing_to_say(spanset, words):
    assert json.loads(spanset.run("measure", *FIGURES, *words, "--json").out)["remarks"] == []


def test_the_manifest_counts_it_beside_the_input(marked, spanset):
    write_lines(Path("c.jsonl"), [talk(number) for number in range(N, 2 * N)])
    assert spanset.run(*COMMANDS["select"], *marked, "--run", "r").code == 0
    inputs = json.loads(Path("r/manifest.json").read_text())["inputs"]
    unseen, marks = (text.split(": ", 1)[1].rsplit(": ", 1)[0] for text in (UNSEEN, MARKED))
    assert [list(entry) for entry in inputs] == [["name", "sha256", "format", "remarks"]] * 2
    assert inputs[0]["remarks"] == {unseen: 1, marks: 2}
    words = ("select", "c.jsonl", "-k", "3", "--draws", "0", "--features", "array:x.npy")
    assert spanset.run(*words, "--run", "plain").code == 0
    (entry,) = json.loads(Path("plain/manifest.json").read_text())["inputs"]
    assert list(entry) == ["name", "sha256", "format"]


def test_of_plain_data_the_table_ends_as_it_did(spanset):
    out = spanset.run(*PICK, "--features", "array:x.npy", "--draws", "0").out
    lines = [line.rstrip() for line in out.splitlines()]
    row = next(place for place, line in enumerate(lines) if line.split()[:1] == ["d.jsonl"])
    assert lines[row].split()[1:3] == ["alpaca", str(len(ROWS))]
    assert lines[row + 1 : row + 3] == ["", "Selection"]
