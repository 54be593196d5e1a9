"""Conditioning on rows that are there already, against determinants."""

import numpy as np
import pytest
from tests.greedy.cases import random_unit

from spanset.greedy.blocked import blocked_greedy
from spanset.greedy.conditioning import Conditioning
from spanset.greedy.residuals import residuals
from spanset.greedy.textbook import reference_greedy
from spanset.kernels.rbf import RBF

KERNEL = RBF(0.5)


def slow_residuals(X, given):
    """k(x, x) - k(x, G) K(G, G)^-1 k(G, x), by a solve."""
    across = KERNEL.block(given, X)
    return 1.0 - np.einsum("gi,gi->i", across, np.linalg.solve(KERNEL.block(given, given), across))


def test_one_given_row_by_hand():
    """With k(x, g) = e^-1 the residual of x is 1 - e^-2; of g itself it is 0."""
    given = Conditioning.on(np.eye(2)[:1], KERNEL)
    np.testing.assert_allclose(residuals(np.eye(2), given, KERNEL), [0.0, 1.0 - np.exp(-2.0)])


@pytest.mark.parametrize("seed", range(6))
def test_residuals_are_those_of_a_solve(seed):
    rng = np.random.default_rng(seed)
    X, given = random_unit(rng, 90, 7), random_unit(rng, int(rng.integers(1, 40)), 7)
    found = residuals(X, Conditioning.on(given, KERNEL), KERNEL)
    np.testing.assert_allclose(found, slow_residuals(X, given), atol=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_extending_is_conditioning_on_both(seed):
    rng = np.random.default_rng(seed)
    first, second, X = (random_unit(rng, n, 9) for n in (15, 20, 60))
    start = Conditioning.on(first, KERNEL)
    picks = blocked_greedy(second, 12, KERNEL, given=start).order
    both = start.extended(second[picks], KERNEL)
    whole = Conditioning.on(np.concatenate([first, second[picks]]), KERNEL)
    np.testing.assert_allclose(both.lower, whole.lower, atol=1e-10)
    found = blocked_greedy(X, 30, KERNEL, given=both)
    expected = reference_greedy(X, 30, KERNEL, given=whole.points)
    assert found.order.tolist() == expected.order.tolist()
    np.testing.assert_allclose(found.gains, expected.gains, atol=1e-9)


def test_no_given_row_changes_nothing():
    X = random_unit(np.random.default_rng(0), 20, 4)
    empty = blocked_greedy(X, 5, KERNEL, given=X[:0])
    assert empty.order.tolist() == blocked_greedy(X, 5, KERNEL).order.tolist()
