"""Radius, against numpy and scipy on all rows in float64."""

import numpy as np
import pytest
from scipy.stats import gmean

from spanset.base.unit_rows import unit_rows
from spanset.diversity.measures import radius
from spanset.diversity.measures.radius import Radius
from spanset.diversity.sample import Sample


def rows(m, d, seed=0, copies=0):
    X = unit_rows(np.random.default_rng(seed).normal(size=(m, d)), np.float32)
    X[m - copies :] = X[:copies]
    return X


def value(X, population=None):
    estimate = Radius()(Sample(X, X if population is None else population))
    assert estimate.standard_error == 0.0
    return estimate.value


def test_three_rows_by_hand():
    """Both columns hold two numbers of one kind and one of the other, 1 apart: sqrt(2) / 3."""
    assert value(np.eye(2, dtype=np.float32)[[0, 0, 1]]) == pytest.approx(2**0.5 / 3)


@pytest.mark.parametrize("seed", range(4))
def test_equal_to_numpy_and_scipy_over_several_blocks(seed, monkeypatch):
    monkeypatch.setattr(radius, "STEP", 100)
    X = rows(350, 30, seed, copies=50 * seed)
    X[:, 3] += 100  # far from zero: the mean has to go before squaring
    assert value(X) == pytest.approx(gmean(X.astype(np.float64).std(axis=0)), rel=1e-9)


def test_a_dimension_that_no_set_uses_is_left_out():
    X = rows(50, 6)
    wider = np.insert(X, 2, 0.0, axis=1)
    assert value(wider) == pytest.approx(value(X))


def test_a_dimension_that_only_other_sets_use_makes_it_zero():
    X, others = np.insert(rows(50, 6), 2, 0.0, axis=1), rows(50, 7)
    assert value(X, np.concatenate([X, others])) == 0.0


def test_rows_nearer_to_each_other_lower_it():
    """Copies alone do not: half the rows twice have the spread of half the rows."""
    centre = rows(1, 20, seed=9)
    for seed in range(5):
        X = rows(60, 20, seed)
        assert value(unit_rows(X + centre, np.float32)) < value(X)


def test_few_and_equal_rows_have_a_value():
    for m in (1, 2, 30):
        assert value(np.repeat(rows(1, 5), m, axis=0)) == 0.0
        assert value(np.repeat(rows(1, 5), m, axis=0), rows(20, 5, seed=1)) == 0.0
    assert value(rows(2, 5)) > 0.0
