"""`spanset verify` of selections by a model, a store of its gradients, and another model."""

import json
import shutil

import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

from tests.commands.with_model.model_commands import BY_MODEL, FROM_STORE
from tests.models.model_folder import edit_weights


def verified(spanset, code):
    ended = spanset.run("verify", "r", "--json")
    assert ended.code == code, ended.out + ended.err
    return json.loads(ended.out)


def test_a_selection_by_gradients_is_the_same_with_and_without_the_cache(spanset, cache):
    assert spanset.run(*BY_MODEL, "--run", "r").code == 0
    assert verified(spanset, 0)["verified"]
    shutil.rmtree(cache)
    assert verified(spanset, 0)["verified"]


def test_another_model_is_told_by_its_digest(spanset, folder):
    assert spanset.run(*BY_MODEL, "--run", "r").code == 0
    edit_weights(folder / "m", lambda weights: {name: one * 1.1 for name, one in weights.items()})
    found = verified(spanset, 1)["difference"]
    assert found["part"] == "picks"
    assert found["causes"][0].startswith("features.model.digest")


def test_a_store_is_named_where_it_is_gone(spanset, store):
    assert spanset.run(*FROM_STORE, "--run", "r").code == 0
    assert verified(spanset, 0)["verified"]
    shutil.rmtree("s")
    found = verified(spanset, 1)["difference"]
    assert found["part"] == "replay"
    assert found["where"] == "s"
