"""Curves of references in the cache: damaged ones are computed again, and none is needed."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from tests.commands.measure.measured import LDD
from tests.commands.refusals import Ended


@pytest.mark.parametrize("below", ["", "folder"])
def test_a_cache_that_cannot_be_written_is_told_once_and_changes_nothing(
    spanset, tmp_path, monkeypatch, below
):
    wanted = spanset.run("measure", "x.npy", *LDD)
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file" / below))
    ended = spanset.run("measure", "x.npy", *LDD)
    assert ended.code == 0
    assert "the reference curve is not kept in" in ended.err
    assert "Not a directory" in ended.err
    assert table(ended) == table(wanted)


def table(ended: Ended) -> str:
    return ended.out.split("seconds")[0]


def save_huge(path: Path) -> None:
    with path.open("wb") as file:
        header = {"descr": "<f8", "fortran_order": False, "shape": (10**13,)}
        np.lib.format.write_array_header_1_0(file, header)


DAMAGED = {
    "empty": lambda path: path.write_bytes(b""),
    "garbage": lambda path: path.write_bytes(os.urandom(300)),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-9]),
    "header": lambda path: path.write_bytes(path.read_bytes()[:20] + b"\xff" * 200),
    "another-dtype": lambda path: np.save(path, np.ones(24, np.float32)),
    "another-shape": lambda path: np.save(path, np.ones((24, 2))),
    "shorter": lambda path: np.save(path, np.ones(3)),
    "nothing": lambda path: np.save(path, np.ones(0)),
    "not-a-number": lambda path: np.save(path, np.full(24, np.nan)),
    "negative": lambda path: np.save(path, np.full(24, -1.0)),
    "too-large": lambda path: np.save(path, np.full(24, 1e9)),
    "pickled": lambda path: np.save(path, np.array([{}] * 24), allow_pickle=True),
    "archive": lambda path: path.write_bytes(b"PK\x03\x04 no more"),
    "header-of-a-huge-array": save_huge,
}


@pytest.mark.parametrize("case", list(DAMAGED))
def test_a_damaged_curve_in_the_cache_is_computed_again(spanset, tmp_path, case):
    words = ("measure", "x.npy", *LDD, "--draws", "1")
    wanted = spanset.run(*words)
    (kept,) = (tmp_path / "cache" / "spanset" / "references").iterdir()
    good = kept.read_bytes()
    DAMAGED[case](kept)
    ended = spanset.run(*words)
    assert (ended.code, ended.err) == (0, "")
    assert table(ended) == table(wanted)
    assert kept.read_bytes() == good, "the damaged file is replaced"


def test_the_cache_holds_whole_files_only(spanset, tmp_path):
    assert spanset.run("measure", "x.npy", *LDD).code == 0
    kept = sorted((tmp_path / "cache" / "spanset" / "references").iterdir())
    assert len(kept) == 3
    assert all(path.suffix == ".npy" for path in kept)
