"""Captured gradients against autograd's, one example at a time."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

import torch
from tests.models.passes.captures import RANK, assert_close, captured, make_rows, whole
from tests.models.tiny_models import make_model

from spanset.models.passes.targets import find_layers
from spanset.sketches.kinds import make_sketch
from spanset.sketches.reducer import gradient


class Gradients:
    """A reducer that stores G of every layer, with the A of the sketch."""

    def __init__(self, layers, sketch):
        self.layers, self.sketch = layers, sketch

    def start(self, batch):
        self.kept = [torch.zeros(batch, layer.outputs, RANK) for layer in self.layers]
        return torch.zeros(batch)

    def keep(self, layer, x):
        return self.sketch.keep(layer, x)

    def add(self, layer, kept, delta, total):
        self.kept[layer] += gradient(kept, delta)


def summed_loss(model, ids, supervised):
    """transformers' own loss of one row, summed over its supervised tokens."""
    ids = torch.from_numpy(ids.astype(np.int64))[None]
    marks = torch.from_numpy(supervised)[None]
    labels = ids.masked_fill(~marks, -100)
    return model(input_ids=ids, labels=labels, use_cache=False).loss * marks.sum()


def autograd_gradients(model, layers, ids, supervised):
    """The gradient of every layer's weight, out x in, by autograd."""
    model.requires_grad_(True)
    model.zero_grad()
    summed_loss(model, ids, supervised).backward()
    modules = [model.get_submodule(layer.name) for layer in layers]
    return [
        module.weight.grad.T if type(module).__name__ == "Conv1D" else module.weight.grad
        for module in modules
    ]


def zero_parameter_gradients(model, layers, downs, ids, supervised):
    """G of every layer as the gradient of a parameter P = 0 in y + P (A x), by autograd."""
    parameters, hooks = [], []
    for layer, down in zip(layers, downs, strict=True):
        parameter = torch.zeros(layer.outputs, len(down), requires_grad=True)
        parameters.append(parameter)
        hooks.append(
            model.get_submodule(layer.name).register_forward_hook(
                lambda _, inputs, y, p=parameter, a=down: y + inputs[0] @ a.T @ p.T
            )
        )
    summed_loss(model, ids, supervised).backward()
    for hook in hooks:
        hook.remove()
    return [parameter.grad for parameter in parameters]


def test_full_gradients_are_autograds(model):
    rows, layers = make_rows(5), find_layers(model)
    expected = [
        autograd_gradients(model, layers, ids, marks) for ids, marks in zip(*rows, strict=True)
    ]
    got = captured(model, whole(rows)).total
    sizes = [layer.outputs * layer.inputs for layer in layers]
    for number, part in enumerate(got.split(sizes, dim=1)):
        oracle = torch.stack([gradients[number] for gradients in expected])
        assert_close(part, oracle, f"{layers[number].name} (inputs and outputs swapped?)")


def test_low_rank_gradients_are_those_of_a_zero_parameter(model):
    rows, layers = make_rows(5), find_layers(model)
    sketch = make_sketch("fold", layers, rank=RANK, dimension=64, seed=0)
    expected = [
        zero_parameter_gradients(model, layers, sketch._down, ids, marks)
        for ids, marks in zip(*rows, strict=True)
    ]
    reducer = Gradients(layers, sketch)
    captured(model, whole(rows), sketch=reducer)
    for number, layer in enumerate(layers):
        oracle = torch.stack([gradients[number] for gradients in expected])
        assert_close(reducer.kept[number], oracle, layer.name)


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")  # peft's own
@pytest.mark.parametrize("family", ["llama", "gpt2", "qwen2"])
def test_low_rank_gradients_are_those_of_pefts_adapter(family):
    peft = pytest.importorskip("peft", reason="peft is a second oracle")
    rows, model = make_rows(3), make_model(family)
    layers = find_layers(model)
    sketch = make_sketch("fold", layers, rank=RANK, dimension=64, seed=0)
    reducer = Gradients(layers, sketch)
    captured(model, whole(rows), sketch=reducer)

    config = peft.LoraConfig(
        r=RANK,
        lora_alpha=RANK,
        target_modules=[layer.name for layer in layers],
        fan_in_fan_out=family == "gpt2",
    )
    adapted = peft.get_peft_model(model, config).eval()
    modules = [adapted.get_submodule(f"base_model.model.{layer.name}") for layer in layers]
    for module, down in zip(modules, sketch._down, strict=True):
        module.lora_A["default"].weight.data.copy_(down)
    for row, (ids, marks) in enumerate(zip(*rows, strict=True)):
        adapted.zero_grad()
        summed_loss(adapted, ids, marks).backward()
        for number, module in enumerate(modules):
            oracle = module.lora_B["default"].weight.grad
            assert_close(reducer.kept[number][row, None], oracle[None], layers[number].name)


def test_losses_are_transformers_own(model):
    rows = make_rows(6)
    expected = [summed_loss(model, ids, marks).item() for ids, marks in zip(*rows, strict=True)]
    np.testing.assert_allclose(captured(model, whole(rows)).scores.loss, expected, rtol=1e-5)


def test_all_linear_targets_are_autograds_too(llama):
    layers, rows = find_layers(llama, "all-linear"), make_rows(3)
    assert len(layers) == 2 * 7, "four projections of attention and three of the feed-forward"
    expected = [
        torch.cat([part.flatten() for part in autograd_gradients(llama, layers, ids, marks)])
        for ids, marks in zip(*rows, strict=True)
    ]
    assert_close(captured(llama, whole(rows), layers=layers).total, torch.stack(expected), "all")
