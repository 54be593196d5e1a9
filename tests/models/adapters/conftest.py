"""Base models, an adapter of one of them, and no hub but what a test puts there."""

from __future__ import annotations

import shutil

import pytest


@pytest.fixture
def bases(folders):
    """Base models by family, each saved once."""
    return folders


@pytest.fixture(scope="session")
def saved(folders, tmp_path_factory):
    """An adapter that is not to be changed."""
    from tests.models.model_folder import save_adapter

    return save_adapter(tmp_path_factory.mktemp("adapters") / "a", folders())


@pytest.fixture
def folder(saved, tmp_path):
    """A copy of the adapter to spoil."""
    return shutil.copytree(saved, tmp_path / "a")


@pytest.fixture
def offline(monkeypatch):
    """No name of a model is looked up anywhere."""
    constants = pytest.importorskip("huggingface_hub.constants", reason="part of transformers")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
