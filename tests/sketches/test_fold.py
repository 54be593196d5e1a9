"""The fold against its dense matrix: a sign for every entry, groups of equal size."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")

import torch
from tests.sketches.by_matrices import DIMENSION, RANK, fold_by_hand, make_fold, units_of

from spanset.sketches.hashing import signs
from spanset.sketches.reducer import Layer


def dense_matrix(sketch, number, layer, rank):
    """The matrix (d, out * r) that a sketch applies to vec(G), from basis vectors."""
    basis = np.eye(layer.outputs * rank).reshape(-1, layer.outputs, rank)
    total = sketch.start(len(basis))
    sketch.add(number, torch.from_numpy(basis).float(), units_of(basis), total)
    return total.double().numpy().T


@pytest.mark.parametrize("outputs", [1, 3, 4, 8, 10, 15])
def test_the_fold_is_a_sparse_matrix_of_signs(outputs):
    """Also where the rows are fewer than the groups, or no multiple of them."""
    layers = [Layer("other", 9, 6), Layer("layer", 9, outputs)]
    sketch = make_fold(layers, seed=3)
    matrix = dense_matrix(sketch, 1, layers[1], RANK)
    np.testing.assert_array_equal(matrix, fold_by_hand(layers[1], 3))
    assert (np.count_nonzero(matrix, axis=0) == 1).all(), "a CountSketch: each entry goes once"
    assert (np.abs(matrix).sum(axis=0) == 1).all()
    loads = np.count_nonzero(matrix, axis=1)
    assert loads.max() - loads.min() <= 1, "groups of a layer are of equal size"


def test_a_sketch_applies_its_matrices_and_adds_the_layers():
    rng = np.random.default_rng(0)
    layers = [Layer("a", 10, 7), Layer("b", 9, 12), Layer("c", 11, 1)]
    sketch = make_fold(layers)
    total = sketch.start(3)
    expected = np.zeros((3, DIMENSION))
    for number, layer in enumerate(layers):
        x, delta = rng.normal(size=(3, 6, layer.inputs)), rng.normal(size=(3, 6, layer.outputs))
        down = signs(0, f"{layer.name}/down", RANK, layer.inputs) / np.sqrt(RANK)
        g = np.einsum("bto,bti,ri->bor", delta, x, down)
        expected += g.reshape(3, -1) @ fold_by_hand(layer, 0).T
        kept = sketch.keep(number, torch.from_numpy(x).float())
        sketch.add(number, kept, torch.from_numpy(delta).float(), total)
    np.testing.assert_allclose(total.numpy(), expected, rtol=1e-4, atol=1e-5)


def test_equal_layers_do_not_cancel_or_reinforce():
    """Layers of one shape have tables of their own, by their names."""
    layers = [Layer(f"layers.{i}.q_proj", 9, 12) for i in range(3)]
    one, two, three = (dense_matrix(make_fold(layers), i, layers[i], RANK) for i in range(3))
    assert (one != two).any()
    assert (two != three).any()
    renamed = make_fold([Layer("layers.1.q_proj", 9, 12)])
    np.testing.assert_array_equal(dense_matrix(renamed, 0, layers[1], RANK), two)


@pytest.mark.parametrize("inputs", [1, 3, 5, RANK])
def test_a_layer_with_no_more_inputs_than_the_rank_is_folded_as_it_is(inputs):
    """Without A: every entry of the full gradient goes to one column, with a sign."""
    layers = [Layer("wide", 40, 6), Layer("narrow", inputs, 11)]
    sketch = make_fold(layers)
    assert sketch.reductions(0) == (RANK, None)
    assert sketch.reductions(1) == (None, None)
    x = torch.randn(2, 5, inputs)
    assert sketch.keep(1, x) is x
    matrix = dense_matrix(sketch, 1, layers[1], inputs)
    assert ((matrix != 0).sum(axis=0) == 1).all()
    assert set(np.unique(matrix)) <= {-1.0, 0.0, 1.0}
    heaviest = (matrix != 0).sum(axis=1).max()
    assert heaviest <= -(-11 // (DIMENSION // inputs)), "rows pile up in one group"


def test_narrow_layers_use_other_columns_where_their_width_does_not_divide_d():
    layers = [Layer(f"narrow.{number}", 5, 11) for number in range(20)]
    sketch = make_fold(layers)
    used = [dense_matrix(sketch, number, layers[number], 5).any(axis=1) for number in range(20)]
    assert len({tuple(one) for one in used}) > 1
    assert np.any(used, axis=0).all(), "some columns are never used"
