"""Groups of rows that repeat each other, beside a search over all pairs."""

from __future__ import annotations

import numpy as np
import pytest

from spanset.base.unit_rows import unit_rows
from spanset.diversity.measures.near_duplicates import near_duplicate_share
from spanset.selectors import near_pairs, repeat_groups
from spanset.selectors.repeat_groups import RepeatGroups


def some_rows(seed, n=120, d=5):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    X[20:30] = X[3]
    X[40:60] += 3 * X[40]
    return unit_rows(X, np.float32)


def plain_groups(X, threshold):
    """Groups by spreading labels over all pairs until nothing changes."""
    near = X.astype(np.float64) @ X.T.astype(np.float64) >= threshold
    label = np.arange(len(X))
    while True:
        spread = np.array([label[row].min() for row in near])
        if (spread == label).all():
            return label
        label = spread


@pytest.mark.parametrize("threshold", [0.9, 0.95, 0.99])
@pytest.mark.parametrize("seed", range(4))
def test_groups_are_those_of_a_plain_search(seed, threshold):
    X = some_rows(seed)
    found = RepeatGroups.of(X, threshold=threshold)
    wanted = plain_groups(X, threshold)
    _, numbers = np.unique(wanted, return_inverse=True)
    assert found.group.tolist() == numbers.tolist()
    assert found.rows.tolist() == list(range(len(X)))


@pytest.mark.parametrize("seed", range(3))
def test_rows_in_groups_are_the_near_duplicates(seed):
    X = some_rows(seed)
    assert RepeatGroups.of(X).share == pytest.approx(near_duplicate_share(X)[0])


def test_the_largest_groups_come_first_and_single_rows_never():
    X = unit_rows(np.eye(8)[[0, 1, 1, 2, 2, 2, 3, 4, 4, 5]], np.float32)
    found = RepeatGroups.of(X)
    assert [rows.tolist() for rows in found.largest(9)] == [[3, 4, 5], [1, 2], [7, 8]]
    assert len(found.largest(2)) == 2
    assert found.sizes.tolist() == [1, 2, 2, 3, 3, 3, 1, 2, 2, 1]


def test_one_row_repeats_nothing():
    found = RepeatGroups.of(np.ones((1, 1), np.float32))
    assert found.share == 0.0
    assert found.largest(3) == []


def test_where_all_rows_are_near_each_other_some_are_looked_at(monkeypatch):
    monkeypatch.setattr(near_pairs, "MOST", 500)
    monkeypatch.setattr(repeat_groups, "FEWER", 30)
    X = unit_rows(1 + 0.01 * np.random.default_rng(0).normal(size=(100, 6)), np.float32)
    found = RepeatGroups.of(X)
    assert len(found.rows) == 30
    assert (np.diff(found.rows) > 0).all()
    assert found.share == 1.0
    assert found.largest(1)[0].tolist() == found.rows.tolist()
