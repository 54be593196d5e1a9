"""Signs and permutations: fixed for good, balanced, and of no two layers the same."""

import numpy as np

from spanset.sketches.hashing import permutation, signs


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
