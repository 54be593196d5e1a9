"""A working folder with rows and a model, and the command line in it."""

from __future__ import annotations

import shutil

import pytest
from tests.commands.refusals import Commands
from tests.conftest import write_lines


@pytest.fixture
def folder(folders, tmp_path, monkeypatch):
    """Working folder with eight rows and a model."""
    from tests.commands.with_model.model_commands import N
    from tests.models.model_folder import talk_rows

    here = tmp_path / "here"
    here.mkdir()
    shutil.copytree(folders(), here / "m")
    write_lines(here / "d.jsonl", talk_rows(N))
    monkeypatch.chdir(here)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return here


@pytest.fixture
def spanset(folder, capsys):
    """The command line in that folder."""
    return Commands(capsys)


@pytest.fixture
def cache(tmp_path):
    """Where the user's cache is."""
    return tmp_path / "cache"


@pytest.fixture
def store(spanset):
    """A finished store `s` of the rows."""
    from tests.commands.with_model.model_commands import STORE

    assert spanset.run(*STORE).code == 0
