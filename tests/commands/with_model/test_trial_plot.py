"""`spanset trial --plot`: the differences are drawn once they are known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")

from tests.commands.with_model.test_trial import FAST, POOL
from tests.conftest import write_lines

import spanset.commands.trial as command
from spanset.base.errors import OutputError

PLOT = ("trial", "p.jsonl", "--candidate", "some.txt", *FAST, "--plot", "d.svg")


@pytest.fixture
def choice(folder):
    """A pool, and a choice of its rows."""
    write_lines(folder / "p.jsonl", POOL)
    Path("some.txt").write_text("3\n1\n4\n")
    return folder


def test_the_figure_is_drawn_and_told_and_replaced_only_by_force(choice, spanset):
    ended = spanset.run(*PLOT)
    assert ended.code == 0, ended.err
    assert ["drawn", "d.svg"] in [line.split() for line in ended.out.splitlines()]
    first = Path("d.svg").read_bytes()
    assert b"<svg" in first
    spanset.refuses(*PLOT, code=2, where="d.svg: ", says=("exists", "--force"))
    again = spanset.run(*PLOT, "--force", "--json")
    assert again.code == 0, again.err
    assert json.loads(again.out)["drawn"] == "d.svg"
    assert Path("d.svg").read_bytes() == first


def test_a_figure_that_fails_leaves_the_result(choice, spanset, monkeypatch):
    def full(figure, path, *, force):
        raise OutputError("cannot be written", where=path, why="No space left on device", fix="-")

    monkeypatch.setattr(command, "save_figure", full)
    ended = spanset.run(*PLOT)
    assert ended.code == 1
    assert "No space left" in ended.err
    record = json.loads(Path("spanset-trial/trial.json").read_text())
    assert [one["name"] for one in record["choices"]] == ["some.txt"]
    assert record["drawn"] is None
