"""The sketch of a gradient against dense matrices, and its errors against their formulas."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")

import torch

from spanset.base.errors import UsageError
from spanset.sketches.hashing import permutation, signs
from spanset.sketches.kinds import KINDS, check_sketch, make_sketch
from spanset.sketches.reducer import Layer, gradient

RANK, GROUPS = 8, 4
DIMENSION = RANK * GROUPS


def make_fold(layers, seed=0, rank=RANK, dimension=DIMENSION):
    return make_sketch("fold", layers, rank=rank, dimension=dimension, seed=seed)


def units_of(g):
    """Output gradients that make G of its own rows: a token for each row."""
    return torch.eye(g.shape[1]).expand(len(g), -1, -1)


def fold(sketch, gradients):
    """The sketch of given G, one array (B, out, r) for each layer; (B, d)."""
    total = sketch.start(len(gradients[0]))
    for number, g in enumerate(gradients):
        sketch.add(number, torch.from_numpy(g).float(), units_of(g), total)
    return total.double().numpy()


def dense_matrix(sketch, number, layer, rank):
    """The matrix (d, out * r) that a sketch applies to vec(G), from basis vectors."""
    basis = np.eye(layer.outputs * rank).reshape(-1, layer.outputs, rank)
    total = sketch.start(len(basis))
    sketch.add(number, torch.from_numpy(basis).float(), units_of(basis), total)
    return total.double().numpy().T


def fold_by_hand(layer, seed):
    """The same matrix as the module's text has it, a place at a time."""
    order = permutation(seed, f"{layer.name}/rows", layer.outputs)
    table = signs(seed, f"{layer.name}/signs", layer.outputs, RANK)
    extra = permutation(seed, f"{layer.name}/groups", GROUPS)
    whole = layer.outputs - layer.outputs % GROUPS
    matrix = np.zeros((GROUPS, RANK, layer.outputs, RANK))
    for place, row in enumerate(order):
        group = place % GROUPS if place < whole else extra[place - whole]
        for column in range(RANK):
            matrix[group, column, row, column] = table[row, column]
    return matrix.reshape(DIMENSION, -1)


# Signs and permutations


def test_signs_and_permutations_are_fixed():
    """Stored features depend on these bits: a change here is a new version of them."""
    assert signs(7, "model.layers.0.q_proj/signs", 4, 8).tolist() == GOLDEN_SIGNS
    assert permutation(7, "model.layers.0.q_proj/rows", 12).tolist() == GOLDEN_PERMUTATION


def test_signs_are_balanced_by_row_and_by_column():
    table = signs(0, "a", 1000, 200).astype(float)
    assert set(np.unique(table)) == {-1.0, 1.0}
    for axis, n in ((0, 1000), (1, 200)):
        assert np.abs(table.mean(axis=axis)).max() < 5 / np.sqrt(n)
    assert abs(table.mean()) < 4 / np.sqrt(table.size)


def test_signs_differ_between_seeds_layers_and_uses():
    tables = [
        signs(seed, f"{layer}/{use}", 50, 64).ravel().astype(float)
        for seed in (0, 1)
        for layer in ("layers.1.q_proj", "layers.11.q_proj", "layers.1.k_proj")
        for use in ("signs", "down")
    ]
    agreement = np.corrcoef(tables) - np.eye(len(tables))
    assert np.abs(agreement).max() < 5 / np.sqrt(50 * 64), "two tables share their signs"


def test_signs_do_not_depend_on_how_many_are_asked_for():
    table = signs(3, "a", 20, 100)
    assert (signs(3, "a", 20, 100) == table).all()
    assert (signs(3, "a", 7, 100) == table[:7]).all()


def test_signs_do_not_factor_into_rows_times_columns():
    """In a table that factors, the product of the corners of every rectangle is +1."""

    def corners(table):
        return (table[::2, ::2] * table[1::2, ::2] * table[::2, 1::2] * table[1::2, 1::2]).mean()

    table = signs(0, "a", 400, 64).astype(float)
    assert abs(corners(table)) < 4 / np.sqrt(table.size / 4)
    factored = table[:, :1] * table[:1]
    assert corners(factored) == 1.0, "negative control"
    assert np.linalg.matrix_rank(table) == 64, "its rows depend on one another"


def test_permutations_put_every_row_everywhere():
    counts = np.zeros((6, 6))
    for seed in range(2000):
        order = permutation(seed, "a/rows", 6)
        assert sorted(order) == list(range(6))
        counts[order, np.arange(6)] += 1
    expected = 2000 / 6
    assert np.abs(counts - expected).max() < 4.5 * np.sqrt(expected * 5 / 6)


# The fold is a matrix


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


# Errors and their formulas

LAYERS = [Layer(f"layers.{i}", 20, 22) for i in range(16)]  # 22 rows in 4 groups: not a multiple
RANKS, PAIRS, SEEDS = (1, 3, 8), 8, 400


def full_gradients(seed=0):
    """Pairs of related full gradients of unit length, some of every rank: (B, out, in) a layer."""
    rng = np.random.default_rng(seed)
    layers = []
    for layer in LAYERS:
        made = []
        for rank in np.repeat(RANKS, PAIRS):
            left, right = rng.normal(size=(layer.outputs, rank)), rng.normal(size=(rank, 20))
            moved = right + rng.normal(size=right.shape)
            made += [left @ right, left @ moved]
        layers.append(np.array(made))
    norms = np.sqrt(sum((w**2).sum(axis=(1, 2)) for w in layers))
    return [w / norms[:, None, None] for w in layers]


def products(vectors):
    """|x|^2 and <x, y> for the pairs (x, y) of consecutive rows."""
    return np.stack([(vectors[::2] ** 2).sum(axis=1), (vectors[::2] * vectors[1::2]).sum(axis=1)])


def pairs(layers):
    """What `products` multiplies, for each layer: (2, pairs, out, columns) and the same."""
    for g in layers:
        yield np.stack([g[::2], g[::2]]), np.stack([g[::2], g[1::2]])


def fold_variance(gradients):
    """Variance of what `products` gives over signs and groups, for fixed G.

    Two entries meet where they are of one column and their rows are in one group: with probability
    1 / groups for rows of two layers, and a little less within a layer, whose groups are of equal
    size. Each pair (i, k) that meets adds x_i^2 y_k^2 + x_i y_i x_k y_k.
    """
    n = LAYERS[0].outputs
    size, larger = divmod(n, GROUPS)
    within = (larger * (size + 1) * size + (GROUPS - larger) * size * (size - 1)) / (n * (n - 1))
    xs, ys, dots, own = 0.0, 0.0, 0.0, 0.0
    for x, y in pairs(gradients):
        x2, y2, xy = ((a * b).sum(axis=2) for a, b in ((x, x), (y, y), (x, y)))
        xs, ys, dots = xs + x2, ys + y2, dots + xy
        layer = x2 * y2 + xy**2
        own = own + within * (layer - 2 * (x**2 * y**2).sum(axis=2)) - layer / GROUPS
    return ((xs * ys + dots**2) / GROUPS + own).sum(axis=-1)


def down_variance(full):
    """Variance that a random A of +-1 / sqrt(r) adds: a quadratic form with M = X^T Y a row of A.

    For signs e, Var(e^T M e) = |M|^2 + tr(M M) - 2 sum_i M_ii^2; the r rows are averaged.
    """
    total = 0.0
    for x, y in pairs(full):
        m = np.swapaxes(x, 2, 3) @ y
        diagonal = (np.diagonal(m, axis1=2, axis2=3) ** 2).sum(axis=2)
        transposed = np.swapaxes(m, 2, 3)
        total = total + (m**2).sum(axis=(2, 3)) + (m * transposed).sum(axis=(2, 3)) - 2 * diagonal
    return total / RANK


def assert_mean_and_variance(samples, mean, variance, what):
    """Within 4.5 standard errors; the variance over all pairs of one rank, to some percent."""
    scaled = (samples - mean) / np.sqrt(variance)
    bias = np.abs(scaled.mean(axis=0)).max() * np.sqrt(SEEDS)
    assert bias < 4.5, f"{what}: biased, by {bias:.1f} standard errors"
    ratios = (scaled**2).reshape(SEEDS, 2, len(RANKS), PAIRS).mean(axis=3)
    error = ratios.std(axis=0) / np.sqrt(SEEDS)
    assert error.max() < 0.05, "too few samples to tell"
    off = np.abs(ratios.mean(axis=0) - 1) / error
    assert off.max() < 4.5, f"{what}: variance is {ratios.mean(axis=0)} of its formula"


def test_the_fold_is_unbiased_and_its_variance_is_known():
    rng = np.random.default_rng(1)
    full = full_gradients()
    down = rng.choice([-1.0, 1.0], size=(len(LAYERS), 20, RANK)) / np.sqrt(RANK)
    gradients = [w @ a for w, a in zip(full, down, strict=True)]
    exact = products(np.concatenate([g.reshape(len(g), -1) for g in gradients], axis=1))
    samples = np.array([products(fold(make_fold(LAYERS, s), gradients)) for s in range(SEEDS)])
    assert_mean_and_variance(samples, exact, fold_variance(gradients), "fold")


@pytest.fixture(scope="module")
def sketched():
    """Products of full gradients, of G and of sketches of G, over many seeds."""
    full = full_gradients()
    exact = products(np.concatenate([w.reshape(len(w), -1) for w in full], axis=1))
    low, folded, expected = [], [], []
    for seed in range(SEEDS):
        sketch = make_fold(LAYERS, seed)
        gradients = [w @ a.double().numpy().T for w, a in zip(full, sketch._down, strict=True)]
        low.append(products(np.concatenate([g.reshape(len(g), -1) for g in gradients], axis=1)))
        folded.append(products(fold(sketch, gradients)))
        expected.append(fold_variance(gradients))
    return full, exact, np.array(low), np.array(folded), np.mean(expected, axis=0)


def test_low_rank_gradients_are_unbiased_and_their_variance_is_known(sketched):
    full, exact, low, _, _ = sketched
    assert_mean_and_variance(low, exact, down_variance(full), "A")


def test_the_errors_of_both_steps_add_up(sketched):
    full, exact, _, folded, of_the_fold = sketched
    assert_mean_and_variance(folded, exact, down_variance(full) + of_the_fold, "both")


def test_the_short_formulas_hold_where_many_layers_share_the_gradient(sketched):
    """(|x|^2 |y|^2 + (x.y)^2) / d for the fold; (|M|^2 + tr(M M)) / r, M = X^T Y, for A.

    The first is exact where the columns of G have equal lengths, as over many layers they do; the
    second leaves out a diagonal, which falls with the inputs of a layer (here only 20).
    """
    full, exact, _, _, of_the_fold = sketched
    np.testing.assert_allclose(of_the_fold, (1 + exact**2) / DIMENSION, rtol=0.15)
    squared = sum(((np.swapaxes(w, 1, 2) @ w) ** 2).sum(axis=(1, 2)) for w in full)[::2]
    share = down_variance(full)[0] / (2 / RANK * squared)
    assert (share < 1).all()
    assert (share > 0.65).all()


def test_a_random_down_projection_costs_most_at_rank_one(sketched):
    full, _, _, _, of_the_fold = sketched
    ratio = (down_variance(full)[0] / of_the_fold[0]).reshape(len(RANKS), PAIRS).mean(axis=1)
    assert ratio[0] > 2 * ratio[1] > 2 * ratio[2]


def test_signs_that_factor_have_larger_errors_on_gradients_of_rank_one():
    """Negative control for the full table of signs, with dense matrices for both."""
    layer, rng = Layer("layer", 5, 24), np.random.default_rng(0)
    g = np.outer(rng.normal(size=24), rng.normal(size=RANK))
    g /= np.linalg.norm(g)
    errors = {"full": [], "factored": []}
    for seed in range(400):
        matrix = fold_by_hand(layer, seed)
        table = signs(seed, "layer/signs", 24, RANK)
        factored = signs(seed, "rows", 24, 1) * signs(seed, "columns", 1, RANK)
        for kind, change in (("full", 1), ("factored", table * factored)):
            errors[kind].append(((matrix @ (g * change).ravel()) ** 2).sum() - 1)
    full, factored = (np.var(errors[kind]) for kind in errors)
    assert factored > 2.5 * full, (full, factored)


# The other kinds


def two_sided(seed, layers=LAYERS, rank=RANK, dimension=DIMENSION):
    return make_sketch("factored", layers, rank=rank, dimension=dimension, seed=seed)


def reduced(sketch, full):
    """The sketch of full gradients, one array (B, out, in) for each layer; (B, d)."""
    total = sketch.start(len(full[0]))
    for number, w in enumerate(full):
        kept = sketch.keep(number, torch.eye(w.shape[2]).expand(len(w), -1, -1))
        delta = torch.from_numpy(w).float().transpose(1, 2)
        sketch.add(number, kept, delta, total)
    return total.double().numpy()


def both_sides(layer, seed):
    """P_out and A as the module's text has them."""
    up = signs(seed, f"{layer.name}/up", GROUPS, layer.outputs) / np.sqrt(GROUPS)
    return up, signs(seed, f"{layer.name}/down", RANK, layer.inputs) / np.sqrt(RANK)


def two_sided_variance(full):
    """Variance of what `products` gives over both matrices of signs, W = P^T P and B = A^T A.

    The product is tr(W X B Y^T) within a layer: given B, a quadratic form of N = X B Y^T, whose
    variance is averaged over B. Over layers d products of independent signs meet.
    """
    total, xs, ys, dots = down_variance(full), 0.0, 0.0, 0.0
    for x, y in pairs(full):
        m, n = np.swapaxes(x, 2, 3) @ y, x @ np.swapaxes(y, 2, 3)
        x2, y2, xy = ((a * b).sum(axis=(2, 3)) for a, b in ((x, x), (y, y), (x, y)))
        columns = [(a * b).sum(axis=2) for a, b in ((x, x), (y, y), (x, y))]
        rows = [(a * b).sum(axis=3) for a, b in ((x, x), (y, y), (x, y))]
        m2, n2 = ((one**2).sum(axis=(2, 3)) for one in (m, n))
        squares = n2 + (x2 * y2 + n2 - 2 * (columns[0] * columns[1]).sum(axis=2)) / RANK
        turned = (n * np.swapaxes(n, 2, 3)).sum(axis=(2, 3))
        turned = turned + (m2 + xy**2 - 2 * (columns[2] ** 2).sum(axis=2)) / RANK
        own = (rows[2] ** 2).sum(axis=2)
        crossed = 2 * (x**2 * y**2).sum(axis=(2, 3))
        own = own + ((rows[0] * rows[1] + rows[2] ** 2).sum(axis=2) - crossed) / RANK
        total = total + (squares + turned - 2 * own) / GROUPS - (x2 * y2 + xy**2) / DIMENSION
        xs, ys, dots = xs + x2, ys + y2, dots + xy
    return total + (xs * ys + dots**2) / DIMENSION


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


def test_the_two_sided_sketch_is_unbiased_and_its_variance_is_known():
    full = full_gradients()
    exact = products(np.concatenate([w.reshape(len(w), -1) for w in full], axis=1))
    samples = np.array([products(reduced(two_sided(seed), full)) for seed in range(SEEDS)])
    assert_mean_and_variance(samples, exact, two_sided_variance(full), "two-sided")


def test_the_two_sided_sketch_costs_more_the_lower_the_rank_of_the_gradient(sketched):
    full, _, _, _, of_the_fold = sketched
    fold_of_g = down_variance(full) + of_the_fold
    ratio = (two_sided_variance(full) / fold_of_g)[0].reshape(len(RANKS), PAIRS).mean(axis=1)
    assert ratio[0] > ratio[1] > ratio[2] > 1.0


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


# Devices

elsewhere = pytest.mark.parametrize(
    "device",
    [
        "meta",  # a device without numbers, but one that nothing else may be mixed with
        pytest.param(
            "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA")
        ),
    ],
)


@elsewhere
@pytest.mark.parametrize("kind", KINDS)
def test_tables_are_where_their_layer_is_and_the_sum_is_elsewhere(kind, device):
    """A model spread over devices: layers on the host, features added up on another device."""
    layers, rng = [Layer("a", 9, 11), Layer("b", 5, 6)], np.random.default_rng(0)
    options = {"rank": RANK, "dimension": DIMENSION, "seed": 0}
    sketch, alone = (make_sketch(kind, layers, device=one, **options) for one in (device, "cpu"))
    total, expected = sketch.start(2), alone.start(2)
    assert total.device.type == device
    for number, layer in enumerate(layers):
        x, delta = (torch.from_numpy(rng.normal(size=(2, 4, n))).float()
                    for n in (layer.inputs, layer.outputs))  # fmt: skip
        kept = sketch.keep(number, x)
        assert kept.device == x.device
        sketch.add(number, kept, delta, total)
        alone.add(number, alone.keep(number, x), delta, expected)
    assert total.device.type == device
    if device != "meta":
        np.testing.assert_allclose(total.cpu().numpy(), expected.numpy(), rtol=1e-4, atol=1e-5)


@elsewhere
@pytest.mark.parametrize("kind", ["fold", "factored", "paper"])
def test_tables_move_to_their_layer_once_and_stay(kind, device):
    if kind == "paper" and device == "meta":
        pytest.skip("torch has no products of sparse matrices there")
    layers = [Layer("a", 9, 11), Layer("b", 9, 6)]
    sketch = make_sketch(kind, layers, rank=RANK, dimension=DIMENSION, seed=0)
    held = []
    for _ in range(2):
        total = torch.zeros(2, sketch.dimension, device=device)
        for number, place in enumerate((device, "cpu")):
            x, delta = (
                torch.ones(2, 4, 9, device=place),
                torch.ones(2, 4, 11 - 5 * number).to(place),
            )
            sketch.add(number, sketch.keep(number, x), delta, total)
        held.append([sketch._down[0], sketch._down[1]])
        if kind == "fold":
            held[-1] += [one for tables in sketch._tables for one in tables]
        if kind == "factored":
            held[-1] += [up for up, _ in sketch._up]
    assert held[0][0].device.type == device
    assert held[0][1].device.type == "cpu"
    assert all(one is other for one, other in zip(*held, strict=True)), "moved at every use"


# Bad shapes


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


# Regenerate: python -c "from spanset.sketches.hashing import permutation, signs;
# print(signs(7, 'model.layers.0.q_proj/signs', 4, 8).tolist(),
# permutation(7, 'model.layers.0.q_proj/rows', 12).tolist())"
GOLDEN_SIGNS = [
    [1, 1, 1, 1, -1, 1, 1, 1],
    [1, -1, -1, 1, -1, 1, -1, -1],
    [1, -1, -1, 1, 1, -1, 1, -1],
    [-1, 1, 1, -1, -1, -1, 1, 1],
]
GOLDEN_PERMUTATION = [1, 4, 2, 8, 9, 6, 7, 11, 5, 3, 10, 0]
