"""Vendi score, against the authors' package."""

import numpy as np
import pytest

from spanset.base.errors import UsageError
from spanset.base.unit_rows import unit_rows
from spanset.diversity.measures.vendi import Vendi
from spanset.diversity.sample import Sample

ORDERS = (0.5, 1.0, 2.0, 7.0, np.inf)


def rows(m, d, seed=0, copies=0):
    X = unit_rows(np.random.default_rng(seed).normal(size=(m, d)), np.float32)
    X[m - copies :] = X[:copies]
    return X


def value(X, order=1.0):
    estimate = Vendi(order)(Sample(X, X))
    assert estimate.standard_error == 0.0
    return estimate.value


def test_three_rows_by_hand():
    """Two copies and a row at a right angle: eigenvalues 2/3 and 1/3, entropy log 3 - 2/3 log 2."""
    X = np.eye(2, dtype=np.float32)[[0, 0, 1]]
    assert value(X) == pytest.approx(3 / 2 ** (2 / 3))
    assert value(X, 2) == pytest.approx(9 / 5)
    assert value(X, np.inf) == pytest.approx(3 / 2)


@pytest.mark.parametrize("shape", [(40, 8), (8, 8), (9, 30), (3_000, 6)])
@pytest.mark.parametrize("order", ORDERS)
def test_every_order_agrees_with_the_authors_package(shape, order):
    theirs = pytest.importorskip("vendi_score.vendi")
    q = "inf" if order == np.inf else order
    for seed in range(3):
        X = rows(*shape, seed=seed, copies=0 if order < 1 else 2 * seed)
        wide = X.astype(np.float64)
        # Their score_X ignores the order, and score_dual counts rounding below order 1.
        eigenvalues = np.linalg.eigvalsh(wide @ wide.T if shape[0] < 1_000 else wide.T @ wide)
        eigenvalues = eigenvalues[eigenvalues > 1e-9 * shape[0]] / shape[0]
        expected = np.exp(theirs.entropy_q(eigenvalues, q=q))
        assert value(X, order) == pytest.approx(expected, rel=1e-5)
        if order >= 1:
            assert value(X, order) == pytest.approx(theirs.score_dual(wide, q=q), rel=1e-5)


@pytest.mark.parametrize("order", ORDERS)
def test_orthogonal_rows_count_one_each(order):
    assert value(np.eye(7, 9, dtype=np.float32), order) == pytest.approx(7)
    assert value(np.tile(np.eye(7, dtype=np.float32), (5, 1)), order) == pytest.approx(7)


@pytest.mark.parametrize("order", ORDERS)
def test_half_the_rows_replaced_by_copies_lowers_the_score(order):
    assert value(rows(60, 200, copies=30), order) < value(rows(60, 200), order)


def test_small_orders_count_no_rounding_as_rows():
    """Rank 3 in 500 dimensions: at order 0.05 each eigenvalue of 1e-17 would count for 0.14."""
    low = rows(400, 3) @ rows(3, 500, seed=1)
    for X in (low, low[:50]):
        assert 1.0 < value(unit_rows(X, np.float32), 0.05) <= 3.0


def test_large_orders_do_not_underflow():
    assert value(rows(500, 60), 1e4) == pytest.approx(value(rows(500, 60), np.inf), rel=1e-3)


@pytest.mark.parametrize("order", ORDERS)
def test_equal_rows_count_as_one(order):
    for m in (1, 2, 50):
        assert value(np.repeat(rows(1, 20), m, axis=0), order) == pytest.approx(1.0)


def test_names_state_the_order():
    assert [Vendi(order).name for order in (1, 2, 0.5, np.inf)] == [
        "vendi",
        "vendi:2",
        "vendi:0.5",
        "vendi:inf",
    ]


@pytest.mark.parametrize("order", [0.0, -1.0, np.nan])
def test_an_order_that_is_not_positive_is_refused(order):
    with pytest.raises(UsageError, match="order"):
        Vendi(order)
