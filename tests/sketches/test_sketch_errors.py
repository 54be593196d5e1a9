"""Sketches are unbiased, and the variances of their products are those of the formulas."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")

from tests.sketches.by_matrices import (
    DIMENSION,
    GROUPS,
    LAYERS,
    PAIRS,
    RANK,
    RANKS,
    SEEDS,
    fold,
    fold_by_hand,
    make_fold,
    products,
    reduced,
    two_sided,
)

from spanset.sketches.hashing import signs
from spanset.sketches.reducer import Layer


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
