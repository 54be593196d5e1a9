"""A figure that cannot be written is refused before any work, and never replaces anything."""

from __future__ import annotations

import sys
from importlib import util
from pathlib import Path
from typing import Any

import pytest
from tests.commands.measure.measured import LDD

from spanset.report.plots import figure_files


@pytest.mark.parametrize(
    ("path", "where", "says"),
    [
        ("p.pdf", "--plot: ", (".png or .svg",)),
        ("p", "--plot: ", (".png or .svg",)),
        ("", "--plot: ", (".png or .svg",)),
        ("there.svg", "there.svg: ", ("exists", "--force")),
        ("nofolder/p.svg", "nofolder/p.svg: ", ("mkdir -p nofolder",)),
        ("folder.svg", "folder.svg: ", ("folder",)),
    ],
)
def test_a_figure_that_cannot_be_written_is_refused_before_any_work(spanset, path, where, says):
    Path("there.svg").write_text("mine")
    Path("folder.svg").mkdir()
    spanset.refuses("measure", "none.npy", "--plot", path, code=2, where=where, says=says)


def test_a_figure_never_replaces_a_folder(spanset):
    Path("folder.svg").mkdir()
    words = ("measure", "x.npy", "--plot", "folder.svg", "--force")
    spanset.refuses(*words, code=2, where="folder.svg: ")


def test_a_figure_without_matplotlib_names_the_extra(spanset, monkeypatch):
    def find(name: str) -> object:
        return None if name == "matplotlib" else util.find_spec(name)

    monkeypatch.setattr(figure_files, "find_spec", find)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    ended = spanset.run("measure", "x.npy", "--plot", "p.svg")
    assert ended.code == 2
    assert "'matplotlib' is not installed" in ended.err
    assert "fix: pip install 'spanset[plot]'" in ended.err
    assert "Traceback" not in ended.err
    assert not Path("p.svg").exists()


def test_a_figure_that_fails_half_way_leaves_nothing(spanset, monkeypatch):
    matplotlib = pytest.importorskip("matplotlib.figure")

    def full(_: object, file: Any, **__: object) -> None:
        file.write(b"half a figure")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(matplotlib.Figure, "savefig", full)
    words = ("measure", "x.npy", *LDD, "--plot", "p.svg")
    spanset.refuses(*words, code=1, where="p.svg: ", says=("No space left",))
