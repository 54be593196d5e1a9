"""Layers over several cards: what is told to whom; gradients through the hooks that it takes."""

import sys

import numpy as np
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")
pytest.importorskip("accelerate", reason="spreading layers needs the extra `train`")

import accelerate
import torch
from tests.models.model_folder import save_model
from tests.models.passes.captures import captured, whole
from tests.models.passes.captures import make_rows as token_rows
from tests.models.tiny_models import make_model

from spanset.base import devices
from spanset.base.errors import MissingExtraError, SpansetError, UsageError
from spanset.config.model_settings import ModelConfig
from spanset.features.gradient import GradientFeatures
from spanset.models import language_model, placing
from spanset.models.language_model import LanguageModel
from spanset.models.loading import load_model
from spanset.models.model_files import find_model

KINDS = ("auto", "balanced", "sequential")
PARTS = ("model.embed_tokens", "model.rotary_emb", "model.layers.0", "model.layers.1",
         "model.norm", "lm_head")  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("models") / "m")


@pytest.fixture
def a_card(monkeypatch):
    """As if there were one, for what only asks whether there is."""
    monkeypatch.setattr(devices, "resolve_device", lambda name: torch.device("cpu"))


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize("family", ["llama", "gemma2", "qwen2"])
def test_gradients_through_hooks_are_those_without(family, checkpointing):
    """Every part has the hooks that it has where parts lie on different cards."""
    batch = whole(token_rows(5))
    expected = captured(make_model(family), batch, checkpointing=checkpointing)
    spread = accelerate.dispatch_model(
        make_model(family), dict.fromkeys(PARTS, "cpu"), main_device="cpu", force_hooks=True
    )
    assert all(hasattr(spread.get_submodule(name), "_hf_hook") for name in PARTS)
    got = captured(spread, batch, checkpointing=checkpointing)
    assert torch.equal(got.total, expected.total)
    np.testing.assert_array_equal(got.scores.loss, expected.scores.loss)


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_that_is_spread_is_the_same(folder, kind):
    files = find_model(str(folder))
    spread = load_model(files, device="cpu", dtype="float32", device_map=kind)
    whole_one = load_model(files, device="cpu", dtype="float32")
    for one, other in zip(spread.parameters(), whole_one.parameters(), strict=True):
        assert torch.equal(one, other)


def test_features_do_not_depend_on_where_layers_lie_and_the_machine_is_told(
    folder, a_card, monkeypatch
):
    monkeypatch.setattr(language_model, "cards", lambda: ["one", "two"])
    spread = GradientFeatures.load(str(folder), ModelConfig(device_map="balanced"))
    plain = GradientFeatures.load(str(folder), ModelConfig())
    assert spread.settings() == plain.settings()
    told = {"device_map": "balanced", "cards": ["one", "two"]}
    assert spread.machine() == {**plain.machine(), **told}


# What cannot be


@pytest.mark.parametrize("device", ["cpu", "cuda:1", "cuda:0", "mps"])
def test_one_device_and_all_of_them_contradict_each_other(device):
    with pytest.raises(UsageError, match="contradict") as caught:
        placing.check_placing(ModelConfig(device=device, device_map="auto"))
    assert caught.value.where == "--device-map auto"


@pytest.mark.parametrize("device", ["auto", "cuda"])
def test_without_a_card_there_is_nothing_to_spread_over(device):
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    with pytest.raises(UsageError, match="no cards") as caught:
        placing.check_placing(ModelConfig(device=device, device_map="balanced"))
    assert "leave it out" in caught.value.fix


def test_with_a_card_it_is_accepted(a_card):
    for device in ("auto", "cuda"):
        placing.check_placing(ModelConfig(device=device, device_map="auto"))


def test_without_accelerate_the_message_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "accelerate", None)
    with pytest.raises(MissingExtraError) as caught:
        placing.check_placing(ModelConfig(device_map="auto"))
    assert "spanset[train]" in caught.value.fix


class Spread:
    """A model as transformers leaves it."""

    def __init__(self, **places):
        self.hf_device_map = places


@pytest.mark.parametrize("beside", ["cpu", "disk"])
def test_a_model_that_does_not_fit_onto_the_cards_is_refused(beside):
    with pytest.raises(SpansetError, match="does not fit onto the cards") as caught:
        placing.refuse_offloading(Spread(embed=0, layer=1, head=beside), "auto")
    assert "1 of its 3 parts" in caught.value.why
    assert "head" in caught.value.why
    assert "4bit" in caught.value.fix


@pytest.mark.parametrize("places", [{}, {"": 0}, {"": "cpu"}, {"a": 0, "b": 1}])
def test_a_model_that_fits_is_accepted(places):
    placing.refuse_offloading(Spread(**places), "auto")
    placing.refuse_offloading(object(), None)


def test_a_model_that_memory_does_not_hold_is_refused_before_it_is_loaded(folder, monkeypatch):
    model = LanguageModel.load(str(folder), ModelConfig())
    needed = 4 * model.weight_count
    monkeypatch.setattr(placing, "available_bytes", lambda: needed - 1)
    with pytest.raises(SpansetError, match="of memory in float32") as caught:
        _ = model.loaded
    assert caught.value.fix
    monkeypatch.setattr(placing, "available_bytes", lambda: needed)
    assert model.loaded is not None
