"""How many tokens go through a model at once on a card."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

import torch
from tests.models.model_folder import save_model
from tests.models.tiny_models import FAMILIES, make_model
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode

from spanset.base import devices
from spanset.base.stages import SILENT
from spanset.config.model_settings import ModelConfig
from spanset.features.gradient import GradientFeatures
from spanset.features.hidden import HiddenFeatures
from spanset.models import language_model
from spanset.models.language_model import usual_batch_tokens
from spanset.models.passes import pass_size
from spanset.models.passes.checkpointed import checkpointed
from spanset.models.passes.pass_size import (
    LEAST,
    MOST,
    SHARE,
    pass_bytes,
    pass_tokens,
    tokens_at_once,
)
from spanset.models.passes.unpacked import unpacked

GIB = 2**30
# Mixtral's tokens are routed by their numbers: without numbers the shapes are others.
FAMILIES = [family for family in FAMILIES if family != "mixtral"]


class Living(TorchDispatchMode):
    """Memory that operations took, and that is still held."""

    def __init__(self, model):
        super().__init__()
        own = (*model.parameters(), *model.buffers())
        self.own = {one.untyped_storage()._cdata for one in own}
        self.found = {}

    def __torch_dispatch__(self, op, types, args=(), kwargs=None):
        out = op(*args, **(kwargs or {}))
        for one in out if isinstance(out, (tuple, list)) else [out]:
            if isinstance(one, torch.Tensor):
                storage = one.untyped_storage()
                if storage._cdata in self.own:
                    continue
                self.found[storage._cdata] = StorageWeakRef(storage), storage.nbytes()
        return out

    @property
    def bytes(self):
        return sum(size for storage, size in self.found.values() if not storage.expired())


def held_after_forward(model, length, *, checkpointing):
    """Bytes that are held when a pass forward has been, but for the logits."""
    embedding = model.get_input_embeddings()
    hook = embedding.register_forward_hook(lambda *own: own[2].requires_grad_())
    model.requires_grad_(False).eval()
    ids = torch.zeros((1, length), dtype=torch.long)
    living = Living(model)
    try:
        with unpacked(), living:
            if checkpointing:
                with checkpointed(model):
                    out = model(input_ids=ids, use_cache=False).logits
            else:
                out = model(input_ids=ids, use_cache=False).logits
        return living.bytes - out.untyped_storage().nbytes()
    finally:
        hook.remove()


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_what_a_pass_keeps_is_what_a_model_with_numbers_holds(monkeypatch, family, checkpointing):
    monkeypatch.setattr(pass_size, "PROBED", 16)  # these models have short contexts
    model = make_model(family).float()
    held = [
        held_after_forward(model, length, checkpointing=checkpointing) for length in (16, 32, 48)
    ]
    expected = np.polyfit([16, 32, 48], held, 2)[1]
    if model.config._attn_implementation == "eager" and not checkpointing:  # squares count
        expected = (held[1] - held[0]) / 16
    vocabulary = model.get_output_embeddings().weight.shape[0]
    empty = make_model(family).float().to("meta")
    found = pass_bytes(empty, backward=True, checkpointing=checkpointing) - 2 * 4 * vocabulary
    if checkpointing:  # and a layer's, while it is computed again
        of_layer = pass_bytes(empty, backward=False) - 4 * vocabulary
        found -= of_layer / 2
    # Held beside: positions, their cosines and sines.
    assert found == pytest.approx(expected, rel=0.15, abs=160)


def test_half_the_bytes_of_a_number_take_less():
    whole, half = (
        pass_bytes(make_model("llama").to("meta", dtype), backward=True)
        for dtype in (torch.float32, torch.bfloat16)
    )
    assert 0.5 * whole < half < 0.9 * whole  # norms are computed in float32


@pytest.mark.parametrize("seed", range(20))
def test_the_largest_power_of_two_that_fits_is_taken(seed):
    rng = np.random.default_rng(seed)
    of_token, weights, free = rng.uniform(1e5, 6e6), rng.uniform(0, 20 * GIB), rng.uniform(1, 90)
    tokens = pass_tokens(of_token, weights, free * GIB)
    room = SHARE * (free * GIB - weights)
    assert tokens in {2**power for power in range(9, 17)}
    assert tokens * of_token <= room or tokens == LEAST
    assert 2 * tokens * of_token > room or tokens == MOST


@pytest.fixture
def card(monkeypatch):
    """A card with so much free memory, in GiB; there is none, so that nothing runs on it."""

    def made(free):
        monkeypatch.setattr(language_model, "model_device", lambda _: "cuda")
        monkeypatch.setattr(devices, "resolve_device", torch.device)
        monkeypatch.setattr(devices, "free_bytes", lambda _: free * GIB)

    return made


def batch_of(kind, folder, **config):
    return kind.load(str(folder), ModelConfig(model_dtype="bfloat16", **config)).batch


def test_a_larger_card_takes_larger_batches(tmp_path, card):
    save_model(tmp_path / "m")
    found = []
    for free in (0.001, 0.02, 80):
        card(free)
        found.append(batch_of(GradientFeatures, tmp_path / "m"))
    assert [unit for unit, _ in found] == ["tokens"] * 3
    assert LEAST <= found[0][1] < found[1][1] < found[2][1] == MOST
    card(0.02)
    assert batch_of(HiddenFeatures, tmp_path / "m")[1] > found[1][1]
    assert batch_of(GradientFeatures, tmp_path / "m", gradient_checkpointing=True) > found[1]
    assert batch_of(GradientFeatures, tmp_path / "m", batch_tokens=77) == ("tokens", 77)


def test_weights_that_are_there_are_not_counted_again(tmp_path, card):
    save_model(tmp_path / "m")
    card(1)
    model = GradientFeatures.load(str(tmp_path / "m"), ModelConfig(model_dtype="bfloat16")).model
    seen = []

    def told(of_token, weights, free):
        seen.append((weights, free))
        return LEAST

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pass_size, "pass_tokens", told)
        tokens_at_once(model, backward=True)
        model.memo["model"] = "on the card"
        tokens_at_once(model, backward=False)
        tokens_at_once(model, backward=False)  # looked at once
    assert seen == [(2 * model.weight_count, GIB), (0, GIB)]


def test_a_model_that_looks_at_numbers_gets_the_usual_batches(tmp_path, card):
    save_model(tmp_path / "m")
    card(80)
    notes = []

    class Told(SILENT.__class__):
        def note(self, text):
            notes.append(text)

    def looking(*_, **__):
        raise NotImplementedError("aten::nonzero: attempted to run this operator with Meta tensors")

    kind = GradientFeatures.load(
        str(tmp_path / "m"), ModelConfig(model_dtype="bfloat16"), watcher=Told()
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pass_size, "_kept_of", looking)
        assert kind.batch == ("tokens", 16_384)
        assert kind.batch == ("tokens", 16_384)
    assert len(notes) == 1
    assert "nonzero" in notes[0]


def test_rows_are_not_counted_with_what_fills_them_up(monkeypatch):
    """Some models keep whole chunks, however short a row is."""
    kept = {length: 1e6 * -(-length // 256) * 256 + 5e9 for length in (256, 512, 768)}
    monkeypatch.setattr(pass_size, "_kept_of", lambda _, length, **__: kept[length])
    model = make_model("llama").to("meta", torch.float32)
    vocabulary = model.get_output_embeddings().weight.shape[0]
    assert pass_bytes(model, backward=True) - 8 * vocabulary == pytest.approx(1e6)


@pytest.mark.parametrize(("attention", "squares"), [("sdpa", 0), ("eager", 1)])
def test_squares_count_where_attention_keeps_them(monkeypatch, attention, squares):
    monkeypatch.setattr(pass_size, "_kept_of", lambda _, length, **__: 7 * length + 2 * length**2)
    model = make_model("llama").to("meta", torch.float32)
    model.config._attn_implementation = attention
    vocabulary = model.get_output_embeddings().weight.shape[0]
    found = pass_bytes(model, backward=True) - 8 * vocabulary
    assert found == pytest.approx(7 + squares * 2 * 768)


def test_shards_have_one_plan_whatever_their_cards(monkeypatch):
    monkeypatch.setattr(language_model, "model_device", lambda _: "cuda:1")
    assert usual_batch_tokens(ModelConfig()) == 16_384
    assert usual_batch_tokens(ModelConfig(batch_tokens=5)) == 5
