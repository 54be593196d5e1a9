"""A figure in a file: the same bytes for the same sets, whole or not at all."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")

import matplotlib as mpl
from matplotlib.figure import Figure
from tests.report.plots.drawn_sets import make_sets, saved

from spanset.base.errors import MissingExtraError, OutputError, UsageError
from spanset.report.plots import figures
from spanset.report.plots.figure_files import check_plot, save_figure
from spanset.report.plots.figures import measure_figure


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_the_same_sets_give_the_same_bytes(tmp_path, suffix):
    sets = make_sets([f"set {i}" for i in range(9)], ["ldd", "vendi"])
    scores = {one.name: 1.0 for one in sets}
    first = saved(measure_figure(sets, scores=scores), tmp_path / f"a{suffix}")
    with mpl.rc_context({"font.size": 30, "text.usetex": True, "svg.fonttype": "none"}):
        figure = measure_figure(sets, scores=scores)
        second = saved(figure, tmp_path / f"b{suffix}")
        third = saved(figure, tmp_path / f"c{suffix}")
    assert first == second == third
    assert b"date" not in first.lower()


def test_settings_are_left_as_they_were(tmp_path):
    with mpl.rc_context({"font.size": 30}):
        before = dict(mpl.rcParams)
        saved(measure_figure(make_sets(["a"])), tmp_path / "a.png")
        assert dict(mpl.rcParams) == before


def test_png_has_150_dots_an_inch(tmp_path):
    figure = measure_figure(make_sets(["a"]))
    content = saved(figure, tmp_path / "a.png")
    width = int.from_bytes(content[16:20], "big")
    assert width == pytest.approx(150 * figure.get_figwidth(), abs=1)


@pytest.mark.parametrize("name", ["a.pdf", "a", "a.png.txt", "-", ".png"])
def test_another_suffix_is_refused(tmp_path, name):
    path = name if name == "-" else str(tmp_path / name)
    for attempt in (check_plot, lambda path, force: save_figure(Figure(), path, force=force)):
        with pytest.raises(UsageError) as caught:
            attempt(path, force=True)
        assert caught.value.where == "--plot"
        assert ".png" in caught.value.fix
        assert ".svg" in caught.value.fix
    assert not list(tmp_path.iterdir())


def test_the_suffix_may_be_in_capitals(tmp_path):
    assert saved(Figure(), tmp_path / "A.PNG").startswith(b"\x89PNG")


def test_an_existing_file_is_replaced_only_by_force(tmp_path):
    path = tmp_path / "a.svg"
    path.write_text("mine")
    for attempt in (check_plot, lambda path, force: save_figure(Figure(), path, force=force)):
        with pytest.raises(UsageError, match="exists") as caught:
            attempt(str(path), force=False)
        assert "--plot" in caught.value.fix
    assert path.read_text() == "mine"
    check_plot(str(path), force=True)
    assert b"<svg" in saved(Figure(), path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(UsageError, match="folder"):
        check_plot(str(tmp_path / "none" / "a.png"), force=False)


def test_a_missing_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"spanset\[plot\]"):
        check_plot(str(tmp_path / "a.png"), force=False)


@pytest.mark.parametrize("exists", [False, True])
def test_a_full_disk_leaves_things_as_they_were(tmp_path, monkeypatch, exists):
    path = tmp_path / "a.png"
    if exists:
        path.write_bytes(b"old")

    def fsync(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", fsync)
    with pytest.raises(OutputError, match="No space left"):
        save_figure(Figure(), str(path), force=True)
    assert [p.read_bytes() for p in tmp_path.iterdir()] == ([b"old"] if exists else [])


def test_a_figure_that_cannot_be_drawn_leaves_no_file(tmp_path, monkeypatch):
    def savefig(figure, file, **settings):
        file.write(b"half")
        raise MemoryError

    monkeypatch.setattr(Figure, "savefig", savefig)
    with pytest.raises(MemoryError):
        save_figure(Figure(), str(tmp_path / "a.png"), force=False)
    assert not list(tmp_path.iterdir())


def test_pyplot_is_never_imported_and_matplotlib_only_when_needed(tmp_path):
    program = """
import sys
import numpy as np
from spanset.report.plots import figure_files, figures
from spanset.diversity.measurement import MeasuredSet, Measurement
figure_files.check_plot("a.png", force=False)
for name in ("matplotlib", "sklearn", "scipy"):
    assert name not in sys.modules, f"{name} was imported before it was needed"
one = Measurement("vendi", "rows", "higher", np.ones(1), 0.0, 10)
figure = figures.measure_figure([MeasuredSet("a", 10, {"vendi": one})])
figure_files.save_figure(figure, "a.png", force=False)
figure_files.save_figure(figure, "a.svg", force=False)
assert "matplotlib.pyplot" not in sys.modules, "pyplot keeps state for the whole program"
"""
    source = str(Path(figures.__file__).parents[3])
    subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=tmp_path,
        check=True,
        env={"PYTHONPATH": source, "HOME": str(Path.home()), "MPLBACKEND": "TkAgg"},
        timeout=60,
    )
