"""A store that one undisturbed run made, once a session, and working folders with its model."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def workplace(folders, tmp_path_factory):
    """A model, data, and the store that an undisturbed run makes of them."""
    from tests.conftest import write_lines
    from tests.models.model_folder import FEATURES
    from tests.stores.whole_runs import ROWS

    from spanset.cli import main

    place = tmp_path_factory.mktemp("store")
    shutil.copytree(folders(), place / "m")
    write_lines(place / "d.jsonl", ROWS)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("XDG_CACHE_HOME", str(place / "cache"))
        assert main(FEATURES) == 0
    (place / "s").rename(place / "reference")
    return place


@pytest.fixture
def folder(workplace, tmp_path, monkeypatch):
    """A working folder with that model and data."""
    here = tmp_path / "here"
    here.mkdir()
    shutil.copytree(workplace / "m", here / "m")
    shutil.copy(workplace / "d.jsonl", here)
    monkeypatch.chdir(here)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return here


@pytest.fixture
def reference(workplace):
    return workplace / "reference"


@pytest.fixture
def store_there(folder, reference):
    shutil.copytree(reference, "s")
    return Path("s")
