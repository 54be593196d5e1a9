"""A working folder with arrays and rows, and the command line in it."""

from __future__ import annotations

import numpy as np
import pytest
from tests.commands.measure.measured import ARRAYS, ROWS
from tests.commands.refusals import Commands
from tests.conftest import write_lines


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder: arrays x, y, z of 30, 36 and 40 rows; rows a and b; no user's cache."""
    place = tmp_path / "work"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name, array in ARRAYS.items():
        np.save(f"{name}.npy", array)
    for name, rows in ROWS.items():
        write_lines(place / f"{name}.jsonl", rows)
    return place


@pytest.fixture
def spanset(folder, capsys):
    """The command line in that folder."""
    return Commands(capsys)
