"""Gains of a given ordering, against the loop and against slogdet."""

import numpy as np
import pytest
from tests.greedy.cases import random_unit

from spanset.base.unit_rows import unit_rows
from spanset.greedy.blocked import blocked_greedy
from spanset.greedy.replay import replay
from spanset.kernels.rbf import RBF


@pytest.mark.parametrize("block", [1, 2, 7, 64, 256])
def test_replaying_the_picks_returns_their_gains(block):
    X = random_unit(np.random.default_rng(0), 400, 12)
    found = blocked_greedy(X, 300, RBF())
    np.testing.assert_allclose(replay(X[found.order], RBF(), block=block), found.gains, atol=1e-10)


def test_any_order_has_the_same_log_determinant():
    X = random_unit(np.random.default_rng(1), 80, 30)
    expected = np.linalg.slogdet(RBF().block(X, X))[1]
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(80)
        assert np.log(replay(X[order], RBF(), block=16)).sum() == pytest.approx(expected, abs=1e-9)


def test_a_copy_gains_nothing_and_explains_nothing():
    X = random_unit(np.random.default_rng(2), 60, 10)
    with_copies = np.concatenate([X[:30], X[:30], X[30:]])
    gains = replay(with_copies, RBF(), block=7)
    assert gains[30:60].max() < 1e-12
    without = np.concatenate([gains[:30], gains[60:]])
    np.testing.assert_allclose(without, replay(X, RBF(), block=7), atol=1e-12)


def test_float32_agrees_to_its_precision():
    X = random_unit(np.random.default_rng(3), 300, 40)
    single = replay(unit_rows(X, np.float32), RBF())
    np.testing.assert_allclose(single, replay(X, RBF()), atol=1e-5)


def test_a_copy_explains_nothing_in_float32_either():
    """What rounding leaves of a copy is far above zero there, and no direction of its own."""
    X = random_unit(np.random.default_rng(4), 200, 20)
    with_copies = np.concatenate([X[:100], X[:100], X[100:]])
    gains = replay(unit_rows(with_copies, np.float32), RBF())
    np.testing.assert_allclose(gains[200:], replay(X, RBF())[100:], atol=1e-5)
