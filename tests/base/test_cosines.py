"""The nearest of other rows, by blocks, on a grid on which ties are ties."""

import numpy as np
import pytest
from tests.greedy.cases import random_unit
from tests.selectors.exact_rows import exact_rows

from spanset.base import cosines
from spanset.base.blocks import by_blocks
from spanset.base.cosines import GRID, nearest_of, rounded


@pytest.mark.parametrize(("block", "numbers"), [(1024, 2**25), (1, 1), (7, 70), (3, 10)])
def test_blocks_change_nothing_and_the_first_of_equals_is_nearest(block, numbers, monkeypatch):
    monkeypatch.setattr(cosines, "BLOCK", block)
    monkeypatch.setattr(cosines, "NUMBERS", numbers)
    rng = np.random.default_rng(0)
    X, of = exact_rows(rng, 50), exact_rows(rng, 40, copies=True)
    values, places = nearest_of(X, of)
    products = X.astype(np.float64) @ of.T
    assert values.tolist() == products.max(axis=1).tolist()
    assert places.tolist() == products.argmax(axis=1).tolist()


def test_no_rows_and_no_others():
    X = np.eye(3, dtype=np.float32)
    values, places = nearest_of(X[:0], X)
    assert (len(values), len(places)) == (0, 0)
    values, _ = nearest_of(X, X[:0])
    assert (values == -np.inf).all()


def test_a_copy_is_at_one_whatever_the_last_bits():
    X = random_unit(np.random.default_rng(1), 500, 384).astype(np.float32)
    values, places = nearest_of(X, X)
    assert (values == 1.0).all()
    assert places.tolist() == list(range(500))


def test_rounding_is_in_place_and_to_the_nearest():
    values = np.array([0.5, 0.5 + 0.4 * GRID, 0.5 + 0.6 * GRID, -1.0], np.float32)
    assert rounded(values) is values
    assert values.tolist() == [0.5, 0.5, 0.5 + float(GRID), -1.0]


def test_blocks_come_in_their_order():
    rows = np.arange(10)
    assert [part.tolist() for part in by_blocks(rows, 4, lambda part: part)] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9],
    ]
    assert by_blocks(rows[:0], 4, lambda part: part) == []
