"""One pass computes what it must and no more, and leaves the model as it was."""

from functools import partial

import numpy as np
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

import torch
from tests.models.passes.captures import RANK, assert_close, captured, make_rows, whole
from tests.models.tiny_models import VOCABULARY, make_model

from spanset.models.passes.capture import GradientCapture
from spanset.models.passes.padded import Batch
from spanset.models.passes.targets import decoder_layers, find_layers
from spanset.sketches.kinds import make_sketch


def test_checkpointing_gives_the_same_gradients_from_a_second_computation(model):
    batch = whole(make_rows(4))
    expected = captured(model, batch).total
    calls = []
    normalisation = next(
        module for module in decoder_layers(model)[0].modules() if "Norm" in type(module).__name__
    )
    hook = normalisation.register_forward_hook(lambda *_: calls.append(1))
    assert_close(captured(model, batch, checkpointing=True).total, expected, "checkpointing")
    assert len(calls) == 2, "nothing was computed again: checkpointing was not on"
    captured(model, batch)
    hook.remove()
    assert len(calls) == 3, "checkpointing stayed on after its capture"


def test_logits_are_computed_at_supervised_positions_only(model):
    batch, shapes = whole(make_rows(4)), []
    layers = find_layers(model)
    sketch = make_sketch("none", layers, rank=RANK, dimension=64, seed=0)
    with GradientCapture(model, layers) as capture:
        hook = model.get_output_embeddings().register_forward_hook(
            lambda _, inputs, output: shapes.append((inputs[0].shape[:-1], output.shape))
        )
        capture(batch, sketch)
        hook.remove()
    count = int(batch.supervised.sum())
    assert shapes == [((1, count), (1, count, VOCABULARY))]


def test_a_second_pass_gives_the_same_bits(model):
    batch, other, layers = whole(make_rows(6)), whole(make_rows(3, seed=1)), find_layers(model)
    sketch = make_sketch("fold", layers, rank=RANK, dimension=64, seed=0)
    with GradientCapture(model, layers) as capture:
        first = capture(batch, sketch).total.clone()
        capture(other, sketch)
        again = capture(batch, sketch).total
    assert torch.equal(first, again), "something is left over from the pass before"


@pytest.mark.parametrize("checkpointing", [False, True])
def test_the_model_computes_as_before_during_and_after(model, checkpointing):
    ids = torch.from_numpy(whole(make_rows(3)).ids)
    layers = find_layers(model)
    sketch = make_sketch("fold", layers, rank=RANK, dimension=64, seed=0)

    def logits():
        with torch.no_grad():
            return model(input_ids=ids, use_cache=False).logits

    before, forwards = logits(), [vars(module).get("forward") for module in model.modules()]
    with GradientCapture(model, layers, checkpointing=checkpointing) as capture:
        capture(whole(make_rows(3)), sketch)
        assert torch.equal(logits(), before), "hooks act outside a pass"
    assert torch.equal(logits(), before)
    for module in model.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
    assert [vars(module).get("forward") for module in model.modules()] == forwards
    assert not any(weight.requires_grad for weight in model.parameters()), "they stay frozen"
    assert all(weight.grad is None for weight in model.parameters()), "a weight gradient was formed"
    assert not model.training


def test_dropout_is_off():
    model = make_model("gpt2").train()
    assert model.config.attn_pdrop > 0
    batch = whole(make_rows(3))
    assert torch.equal(captured(model, batch).total, captured(model, batch).total)


def test_checkpointing_gives_back_a_forward_that_another_library_wrapped(llama):
    """As accelerate does where the layers of a model lie on several devices."""
    layer = llama.model.layers[0]
    wrapped = layer.forward = partial(type(layer).forward, layer)
    captured(llama, whole(make_rows(2)), checkpointing=True)
    assert vars(layer).get("forward") is wrapped


def test_a_failed_pass_leaves_the_capture_usable(llama):
    batch, layers = whole(make_rows(3)), find_layers(llama)
    sketch = make_sketch("fold", layers, rank=RANK, dimension=64, seed=0)
    with GradientCapture(llama, layers) as capture:
        expected = capture(batch, sketch).total
        with pytest.raises(IndexError):
            capture(Batch(np.full_like(batch.ids, VOCABULARY), batch.supervised), sketch)
        assert torch.equal(capture(batch, sketch).total, expected)
