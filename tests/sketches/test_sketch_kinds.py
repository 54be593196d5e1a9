"""Two-sided, sparse and full sketches give the products that they stand for, as far as they fit."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")

import torch
from tests.sketches.by_matrices import (
    DIMENSION,
    GROUPS,
    RANK,
    SEEDS,
    fold,
    products,
    reduced,
    two_sided,
    units_of,
)

from spanset.base.errors import UsageError
from spanset.sketches.hashing import signs
from spanset.sketches.kinds import check_sketch, make_sketch
from spanset.sketches.reducer import Layer, gradient


def both_sides(layer, seed):
    """P_out and A as the module's text has them."""
    up = signs(seed, f"{layer.name}/up", GROUPS, layer.outputs) / np.sqrt(GROUPS)
    return up, signs(seed, f"{layer.name}/down", RANK, layer.inputs) / np.sqrt(RANK)


def test_the_two_sided_sketch_multiplies_the_gradient_from_both_sides():
    rng = np.random.default_rng(0)
    layers = [Layer("a", 20, 7), Layer("b", 9, 12), Layer("c", 30, 5)]
    sketch = two_sided(3, layers)
    total, expected = sketch.start(3), np.zeros((3, DIMENSION))
    for number, layer in enumerate(layers):
        x, delta = rng.normal(size=(3, 6, layer.inputs)), rng.normal(size=(3, 6, layer.outputs))
        up, down = both_sides(layer, 3)
        g = np.einsum("bto,bti->boi", delta, x)
        expected += (up @ g @ down.T).reshape(3, -1)
        kept = sketch.keep(number, torch.from_numpy(x).float())
        assert kept.shape == (3, 6, RANK)
        sketch.add(number, kept, torch.from_numpy(delta).float(), total)
    np.testing.assert_allclose(total.numpy(), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("inputs", "outputs"), [(5, 6), (5, 11), (20, 3), (20, 4), (3, 1)])
def test_narrow_layers_lose_nothing_on_a_side_that_fits(inputs, outputs):
    """No A for few inputs; few outputs only take places. The layers still do not meet by rule."""
    layers = [Layer("a", inputs, outputs), Layer("b", inputs, outputs)]
    groups = DIMENSION // min(RANK, inputs)
    wide = outputs <= groups
    rng = np.random.default_rng(0)
    full = [rng.normal(size=(4, outputs, inputs)) for _ in layers]
    exact = products(np.concatenate([w.reshape(4, -1) for w in full], axis=1))
    samples, one = [], []
    for seed in range(SEEDS):
        sketch = two_sided(seed, layers)
        assert sketch.reductions(0) == (None if inputs <= RANK else RANK, None if wide else groups)
        samples.append(products(reduced(sketch, full)))
        one.append(products(reduced(two_sided(seed, layers[:1]), full[:1])))
    samples, one = np.array(samples), np.array(one)
    error = np.abs(samples.mean(axis=0) - exact) / (samples.std(axis=0) / np.sqrt(SEEDS))
    assert error.max() < 4.5, "biased"
    if wide and inputs <= RANK:
        alone = products(full[0].reshape(4, -1))
        np.testing.assert_allclose(one, np.broadcast_to(alone, one.shape), rtol=1e-4)


@pytest.mark.parametrize("kind", ["fold", "factored"])
def test_a_row_alone_has_the_sketch_it_has_among_others(kind):
    layers, rng = [Layer("a", 20, 22), Layer("b", 5, 3)], np.random.default_rng(0)
    sketch = make_sketch(kind, layers, rank=RANK, dimension=DIMENSION, seed=0)
    full = [rng.normal(size=(5, layer.outputs, layer.inputs)) for layer in layers]
    together = reduced(sketch, full)
    for row in range(5):
        alone = reduced(sketch, [w[row : row + 1] for w in full])
        np.testing.assert_allclose(alone[0], together[row], rtol=1e-4, atol=1e-5)


def test_the_papers_preset_is_unbiased_and_as_sparse_as_documented():
    layers, rng = [Layer("a", 6, 5), Layer("b", 6, 3)], np.random.default_rng(0)
    whole = 512 * 8
    density = whole**-0.5
    entries = {layer.name: rng.normal(size=(6, layer.outputs, 512)) for layer in layers}
    exact = products(np.concatenate([g.reshape(6, -1) for g in entries.values()], axis=1))
    samples = []
    for seed in range(25):
        sketch = make_sketch("paper", layers, rank=1, dimension=1, seed=seed)
        assert (sketch.rank, sketch.dimension) == (512, 4096)
        total = fold(sketch, list(entries.values()))
        assert total.shape == (6, 4096)
        samples.append(products(total))
        for layer, matrix in zip(layers, sketch._matrices, strict=True):
            drawn = layer.outputs * 512 * 4096 * density
            size = layer.outputs * 512 * 4096
            # Places are drawn with replacement: a few coincide.
            distinct = size * (1 - np.exp(-drawn / size))
            assert abs(matrix._nnz() - distinct) < 5 * np.sqrt(drawn * density)
            values = matrix.values()
            values = values.abs() / (density * 4096) ** -0.5
            assert ((values - values.round()).abs() < 1e-5).all()
    samples = np.array(samples)
    error = np.abs(samples.mean(axis=0) - exact) / (samples.std(axis=0) / np.sqrt(25))
    assert error.max() < 4.5


def test_the_full_gradient_keeps_every_entry_in_its_place():
    layers, rng = [Layer("a", 3, 2), Layer("b", 2, 4)], np.random.default_rng(0)
    sketch = make_sketch("none", layers, rank=1, dimension=1, seed=0)
    assert sketch.rank is None
    assert sketch.dimension == 3 * 2 + 2 * 4
    total, expected = sketch.start(5), []
    for number, layer in enumerate(layers):
        x, delta = rng.normal(size=(5, 6, layer.inputs)), rng.normal(size=(5, 6, layer.outputs))
        expected.append(np.einsum("bto,bti->boi", delta, x).reshape(5, -1))
        kept = sketch.keep(number, torch.from_numpy(x).float())
        sketch.add(number, kept, torch.from_numpy(delta).float(), total)
    np.testing.assert_allclose(
        total.numpy(), np.concatenate(expected, axis=1), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("kind", ["fold", "factored", "paper"])
def test_a_layer_called_twice_adds_up(kind):
    layers, rng = [Layer("a", 9, 5)], np.random.default_rng(0)
    sketch = make_sketch(kind, layers, rank=RANK, dimension=DIMENSION, seed=0)
    first, second = rng.normal(size=(2, 1, 5, sketch.rank))
    total = torch.from_numpy(fold(sketch, [first])).float()
    sketch.add(0, torch.from_numpy(second).float(), units_of(second), total)
    np.testing.assert_allclose(
        total.numpy(), fold(sketch, [first]) + fold(sketch, [second]), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_products_of_half_precision_are_summed_in_float32(dtype):
    """In half precision 1e-5 squared is nothing, and 1000 terms of one size stop adding up."""
    tiny = torch.full((1, 3000, 1), 1e-5, dtype=dtype)
    got = gradient(tiny, tiny)
    assert got.dtype == torch.float32
    np.testing.assert_allclose(got.item(), 3000 * tiny[0, 0, 0].double().item() ** 2, rtol=1e-3)


def test_a_dimension_that_is_no_multiple_of_the_rank_is_refused():
    for kind in ("fold", "factored"):
        with pytest.raises(UsageError, match="4096 is not a multiple of the rank 100") as error:
            check_sketch(kind, 100, 4096)
        assert error.value.fix == "use 4100"
        check_sketch(kind, 100, 4100)
    check_sketch("none", 100, 4096)


def test_a_rank_above_the_dimension_is_refused_with_a_dimension_that_works():
    with pytest.raises(UsageError, match="not a multiple") as error:
        check_sketch("fold", 512, 64)
    assert error.value.fix == "use 512"


@pytest.mark.parametrize(("rank", "dimension", "flag"), [(0, 8, "--rank"), (8, -8, "--dimension")])
def test_sizes_that_are_not_positive_are_refused(rank, dimension, flag):
    with pytest.raises(UsageError, match="not positive") as error:
        check_sketch("fold", rank, dimension)
    assert error.value.where == flag


def test_an_unknown_kind_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match="no sketch 'gaussian'") as error:
        make_sketch("gaussian", [], rank=1, dimension=1, seed=0)
    assert error.value.fix == "use fold, factored, paper, none"
