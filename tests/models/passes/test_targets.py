"""Layers whose gradient is taken are found by structure; what cannot be captured is named."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

import torch
from tests.models.passes.captures import RANK, captured, make_rows, whole
from tests.models.tiny_models import make_model

from spanset.base.errors import SpansetError, UsageError
from spanset.models.passes.capture import GradientCapture
from spanset.models.passes.targets import decoder_layers, find_layers
from spanset.sketches.kinds import make_sketch


class Bypassed(torch.nn.Linear):
    """Used through its weight only, as fused kernels do: hooks never run."""

    def __call__(self, x):
        return torch.nn.functional.linear(x, self.weight)


def test_a_target_that_the_pass_never_reaches_is_named(llama):
    llama.model.layers[1].self_attn.k_proj.__class__ = Bypassed
    with pytest.raises(SpansetError, match=r"layers\.1\.self_attn\.k_proj cannot be captured"):
        captured(llama, whole(make_rows(2)))


def test_a_target_out_of_reach_after_a_good_pass_is_named_too(llama):
    batch, layers = whole(make_rows(2)), find_layers(llama)
    sketch = make_sketch("fold", layers, rank=RANK, dimension=64, seed=0)
    with GradientCapture(llama, layers) as capture:
        capture(batch, sketch)
        llama.model.layers[0].self_attn.q_proj.__class__ = Bypassed
        with pytest.raises(SpansetError, match=r"layers\.0\.self_attn\.q_proj cannot"):
            capture(batch, sketch)


def test_several_targets_out_of_reach_are_counted(llama):
    for layer in llama.model.layers:
        layer.self_attn.k_proj.__class__ = Bypassed
    with pytest.raises(SpansetError, match=r"layers\.0\.self_attn\.k_proj and 1 more"):
        captured(llama, whole(make_rows(2)))


def test_a_mixture_of_experts_refuses_all_linear():
    with pytest.raises(UsageError, match="mixture of experts") as error:
        find_layers(make_model("mixtral"), "all-linear")
    assert "--targets attention" in error.value.fix


def test_a_model_without_attention_is_refused():
    class Plain(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = torch.nn.Linear(3, 3)

    with pytest.raises(UsageError, match="Plain has no attention layers") as error:
        find_layers(Plain())
    assert "all-linear" in error.value.fix


def test_unknown_targets_are_refused(llama):
    with pytest.raises(UsageError, match="no targets 'mlp'"):
        find_layers(llama, "mlp")


def test_a_model_without_an_output_embedding_is_refused(llama):
    headless = llama.model
    capture = GradientCapture(headless, find_layers(headless))
    with pytest.raises(UsageError, match="no output embedding"), capture:
        pass
    assert not any(module._forward_hooks for module in headless.modules()), "hooks are left"


def test_weights_that_are_not_numbers_are_not_silently_zeros(model):
    with torch.no_grad():
        next(model.parameters())[:] = torch.nan
    got = captured(model, whole(make_rows(3)))
    assert not torch.isfinite(got.total).all(dim=1).any()
    assert not np.isfinite(got.scores.loss).any()


def test_attention_targets_are_the_projections():
    names = {
        "llama": ["q_proj", "k_proj", "v_proj", "o_proj"],
        "gpt_neox": ["query_key_value", "dense"],
        "gpt2": ["c_attn", "c_proj"],
        "mixtral": ["q_proj", "k_proj", "v_proj", "o_proj"],
        "phi3": ["o_proj", "qkv_proj"],
    }
    for family, expected in names.items():
        layers = find_layers(make_model(family))
        assert [layer.name.rpartition(".")[2] for layer in layers] == 2 * expected, family


def test_decoder_layers_are_the_blocks_and_not_the_experts_in_them():
    class Block(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.experts = torch.nn.ModuleList(torch.nn.Linear(2, 2) for _ in range(8))

    blocks = torch.nn.ModuleList(Block() for _ in range(3))
    assert decoder_layers(torch.nn.ModuleDict({"layers": blocks})) == list(blocks)


def test_shapes_are_inputs_and_outputs_of_the_layers():
    shapes = {layer.name: layer for layer in find_layers(make_model("gpt2"))}
    fused = shapes["transformer.h.0.attn.c_attn"]
    assert (fused.inputs, fused.outputs) == (32, 96), "Conv1D stores inputs first"
    shapes = {layer.name: layer for layer in find_layers(make_model("llama"))}
    keys = shapes["model.layers.0.self_attn.k_proj"]
    assert (keys.inputs, keys.outputs) == (32, 16)
