"""A model, the store of gradients that it gives, and folders to work in."""

from __future__ import annotations

import shutil

import pytest
from tests.conftest import write_lines


@pytest.fixture(scope="session")
def model(folders):
    """Path of a model."""
    return str(folders())


@pytest.fixture(scope="session")
def whole(model, tmp_path_factory):
    """Gradients of all rows, with the folder of their store."""
    from tests.features.gradients import ROWS, SMALL
    from tests.models.model_folder import store_of

    from spanset.data.reader import read
    from spanset.features.gradient import GradientFeatures
    from spanset.features.stored import StoreFeatures

    place = tmp_path_factory.mktemp("whole") / "s"
    data = read(ROWS)
    made = GradientFeatures.load(model, SMALL)
    store_of(made, data, place)
    return StoreFeatures(str(place)).transform(data).X, place


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Where stores are kept, in a cache of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/spanset/stores"


@pytest.fixture
def folder(folders, tmp_path, monkeypatch):
    """Working folder with a model and rows."""
    from tests.features.mean_states import ROWS

    here = tmp_path / "here"
    here.mkdir()
    shutil.copytree(folders(), here / "m")
    write_lines(here / "d.jsonl", ROWS)
    monkeypatch.chdir(here)
    return here


@pytest.fixture
def no_model(monkeypatch):
    """From when it is called on, no model is loaded."""
    from spanset.models import language_model

    def fails(*_, **__):
        raise AssertionError("the model is loaded although nothing is to be computed")

    return lambda: monkeypatch.setattr(language_model, "load_model", fails)
