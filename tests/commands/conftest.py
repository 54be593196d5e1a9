"""Working folders for commands, and the command line in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.commands.refusals import FEATURES, LINES, Commands, write_rows


@pytest.fixture(autouse=True, scope="module")
def plain_terminal():
    """Colours, where somebody's environment forces them, would stand inside the messages."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Working folder with eight rows and an array of their features."""
    monkeypatch.chdir(tmp_path)
    Path("d.jsonl").write_bytes(LINES)
    np.save("x.npy", FEATURES)
    return tmp_path


@pytest.fixture
def spanset(folder, capsys):
    """The command line in that folder."""
    return Commands(capsys)


@pytest.fixture
def many_rows(folder):
    """A thousand rows, about 100 kB."""
    rows = [{"instruction": f"Say {i}", "output": f"It is {i}. " * 6} for i in range(1000)]
    write_rows("d.jsonl", rows)
    np.save("x.npy", np.random.default_rng(0).normal(size=(1000, 2)))
