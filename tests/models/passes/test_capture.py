"""Captured gradients against autograd's, one example at a time."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

import torch
from tests.models.tiny_models import FAMILIES, VOCABULARY, make_model

from spanset.base.errors import SpansetError, UsageError
from spanset.models.passes import capture as capture_module
from spanset.models.passes.capture import GradientCapture
from spanset.models.passes.padded import Batch
from spanset.models.passes.targets import decoder_layers, find_layers
from spanset.sketches.kinds import make_sketch
from spanset.sketches.reducer import gradient

RANK = 8


@pytest.fixture(params=FAMILIES)
def model(request):
    return make_model(request.param)


@pytest.fixture
def llama():
    return make_model("llama")


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


def make_rows(n, seed=0):
    """Token ids and supervised tokens of rows of 6 to 20 tokens, the last one supervised."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(6, 21, n)
    ids = [rng.integers(3, VOCABULARY, length).astype(np.int32) for length in lengths]
    supervised = [np.append(False, rng.random(length - 1) < 0.5) for length in lengths]
    for marks in supervised:
        marks[-1] = True
    return ids, supervised


def take(rows, order):
    return Batch.pad([rows[0][i] for i in order], [rows[1][i] for i in order])


def whole(rows):
    return take(rows, range(len(rows[0])))


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


def captured(model, batch, *, layers=None, weights=None, sketch=None, checkpointing=False):
    """One pass, by default to the full gradients side by side."""
    layers = layers or find_layers(model)
    sketch = sketch or make_sketch("none", layers, rank=RANK, dimension=64, seed=0)
    with GradientCapture(model, layers, checkpointing=checkpointing) as capture:
        if weights is not None:
            weights = np.repeat(weights[:, None], batch.ids.shape[1], axis=1)
            batch = replace(batch, weights=weights)
        return capture(batch, sketch)


def assert_close(got, expected, what, tolerance=1e-5):
    """Every row to a relative error in the Euclidean norm."""
    got, expected = got.flatten(1), expected.flatten(1)
    assert (expected.norm(dim=1) > 0).all(), f"{what}: the oracle is zero, so nothing is tested"
    error = ((got - expected).norm(dim=1) / expected.norm(dim=1)).max().item()
    assert error < tolerance, f"{what}: relative error {error:.1e}"


def cosines(one, two):
    return torch.nn.functional.cosine_similarity(one, two, dim=1)


def assert_agree(got, expected):
    """As far as half precision goes: direction to 0.99, length to 15%."""
    assert (cosines(got, expected) > 0.99).all(), cosines(got, expected)
    lengths = got.norm(dim=1) / expected.norm(dim=1)
    assert (lengths - 1).abs().max() < 0.15, f"a scale is left in: {lengths}"


# Against autograd


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


# A row's gradient is the row's alone


def test_a_row_alone_in_a_batch_and_in_any_order_gives_the_same(model):
    rows = make_rows(16)
    got = captured(model, whole(rows)).total
    alone = torch.cat([captured(model, take(rows, [i])).total for i in range(16)])
    assert_close(got, alone, "a row sees the others of its batch")
    order = np.random.default_rng(1).permutation(16)
    assert_close(captured(model, take(rows, order)).total, got[order], "order matters")


def test_padding_does_not_matter_whatever_it_holds(model):
    batch = whole(make_rows(4))
    expected = captured(model, batch)
    noise = np.random.default_rng(1).integers(0, VOCABULARY, (4, batch.ids.shape[1] + 9))
    ids, supervised = noise.copy(), np.zeros(noise.shape, np.bool_)
    for row, own in enumerate(map(len, make_rows(4)[0])):
        ids[row, :own], supervised[row, :own] = batch.ids[row, :own], batch.supervised[row, :own]
    got = captured(model, Batch(ids, supervised))
    assert_close(got.total, expected.total, "padding leaks into the gradient")
    np.testing.assert_allclose(got.scores.loss, expected.scores.loss, rtol=1e-5)


def test_an_earlier_token_does_matter(llama):
    """Negative control of the two tests above: the comparison can fail."""
    rows = make_rows(4)
    expected = captured(llama, whole(rows)).total
    for ids in rows[0]:
        ids[0] = 3 + (ids[0] - 2) % (VOCABULARY - 3)
    assert (cosines(captured(llama, whole(rows)).total, expected) < 0.9999).all()


def test_rows_without_supervised_tokens_are_zeros_and_leave_others_alone(llama):
    ids, supervised = make_rows(3)
    expected = captured(llama, whole((ids, supervised)))
    supervised[1][:] = False
    got = captured(llama, whole((ids, supervised)))
    assert (got.total[1] == 0).all()
    assert got.scores.loss[1] == 0
    assert_close(got.total[[0, 2]], expected.total[[0, 2]], "other rows")
    for marks in supervised:
        marks[:] = False
    assert (captured(llama, whole((ids, supervised))).total == 0).all()


def test_weights_multiply_each_rows_gradient(model):
    batch = whole(make_rows(4))
    weights = np.array([1.0, -1.0, 0.0, 2.5])
    plain, weighted = captured(model, batch), captured(model, batch, weights=weights)
    expected = plain.total * torch.from_numpy(weights).float()[:, None]
    assert (weighted.total[2] == 0).all()
    assert_close(weighted.total[[0, 1, 3]], expected[[0, 1, 3]], "weights")
    np.testing.assert_array_equal(weighted.scores.loss, plain.scores.loss)


# One pass, and what is left behind


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


# Half precision


def test_bfloat16_agrees_with_float32(model):
    batch = whole(make_rows(8))
    expected = captured(model, batch).total
    got = captured(model.to(torch.bfloat16), batch).total
    assert got.dtype == torch.float32
    assert_agree(got, expected)


def test_low_rank_gradients_in_bfloat16_agree_with_float32(llama):
    layers, totals = find_layers(llama), []
    for dtype in (torch.float32, torch.bfloat16):
        sketch = make_sketch("fold", layers, rank=RANK, dimension=1024, seed=0, dtype=dtype)
        totals.append(captured(llama.to(dtype), whole(make_rows(8)), sketch=sketch).total)
    assert_agree(*reversed(totals))


def scaled(model, names, factor):
    """The model with every weight whose name has one of `names` multiplied by the factor."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if any(part in name for part in names):
                weight.mul_(factor)
    return model


def count_passes(model):
    passes = []
    model.register_forward_pre_hook(lambda *_: passes.append(1))
    return passes


def test_tiny_gradients_do_not_underflow_in_float16(monkeypatch):
    batch = whole(make_rows(8))
    model = scaled(make_model("llama"), ["lm_head", "model.norm"], 5e-4)
    expected = captured(model, batch).total
    got = captured(model.half(), batch).total
    assert_agree(got, expected)
    # Negative control: without the scale, they do.
    monkeypatch.setattr(capture_module, "SCALES", {})
    assert (cosines(captured(model, batch).total, expected) < 0.9).all(), (
        "not tiny enough to test anything"
    )


def test_a_scale_that_overflows_in_float16_gives_way_to_a_smaller_one():
    """A small residual stream under a normalisation has gradients as large as it is small."""
    batch = whole(make_rows(8))
    model = scaled(make_model("llama"), ["embed_tokens", "o_proj", "down_proj"], 0.01)
    expected = captured(model, batch).total
    passes = count_passes(model.half())
    got = captured(model, batch).total
    assert len(passes) == 2, "the first scale did not overflow, or the second did as well"
    assert_agree(got, expected)


def test_a_row_that_overflows_leaves_the_scale_of_others_alone():
    rows, model = make_rows(2), scaled(make_model("llama"), ["lm_head", "model.norm"], 5e-4).half()
    alone = captured(model, take(rows, [0])).total
    passes = count_passes(model)
    got = captured(model, whole(rows), weights=np.array([1.0, 3e7])).total
    assert len(passes) > 1, "the second row did not overflow"
    assert (cosines(got[:1], alone) > 0.999).all(), "a row depends on the others of its batch"


# Errors


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


# Targets


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
