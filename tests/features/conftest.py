"""Torch on one thread: more cost time at these sizes, and give other last bits than in children."""

import importlib.util

import pytest


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """For all tests of this folder."""
    if importlib.util.find_spec("torch") is None:
        yield
        return
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Folder of a model of each family, made when it is asked for."""
    from tests.features.model_folder import save_model

    made = {}

    def folder(family="llama"):
        if family not in made:
            made[family] = save_model(tmp_path_factory.mktemp(family) / "m", family)
        return made[family]

    return folder
