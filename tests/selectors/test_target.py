"""Rows like a target: rounds in which each target row takes its nearest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.greedy.cases import random_unit
from tests.selectors.exact_rows import exact_rows

from spanset.greedy.quotas import Quotas
from spanset.greedy.selection import StopReason
from spanset.selectors import target
from spanset.selectors.request import Request
from spanset.selectors.target import select_target


def round_robin(X, target_rows, k):
    """The nearest row that is not taken yet, in turn; ties to the lowest index."""
    cosines = target_rows.astype(np.float64) @ X.T.astype(np.float64)
    picks, scores = [], []
    while len(picks) < k:
        own = cosines[len(picks) % len(target_rows)].copy()
        own[picks] = -np.inf
        picks.append(int(np.argmax(own)))
        scores.append(own.max())
    return picks, scores


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 50), st.integers(1, 70), st.booleans())
def test_picks_are_those_of_a_plain_round_robin(seed, n, t, copies):
    rng = np.random.default_rng(seed)
    X, wanted = exact_rows(rng, n, copies=copies), exact_rows(rng, t, copies=copies)
    k = int(rng.integers(1, n + 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(target, "BLOCK", 1 + seed % 64)
        found = select_target(Request(X, k, target=wanted))
    picks, scores = round_robin(X, wanted, k)
    assert found.order.tolist() == picks
    np.testing.assert_allclose(found.scores, scores, atol=1e-6)
    assert found.stop_reason is StopReason.REACHED_K


def test_many_rows_agree():
    rng = np.random.default_rng(2)
    X, wanted = random_unit(rng, 3000, 10), random_unit(rng, 130, 10)
    found = select_target(Request(X, 500, target=wanted))
    assert found.order.tolist() == round_robin(X, wanted, 500)[0]


def test_two_target_rows_with_the_same_nearest_share():
    """By hand: both want row 0; the first takes it, the second its next, and so on."""
    X = np.array([[1.0, 0.0], [0.8, 0.6], [0.6, 0.8], [0.0, 1.0]])
    wanted = np.array([[1.0, 0.0], [0.8, -0.6]])
    found = select_target(Request(X, 3, target=wanted))
    assert found.order.tolist() == [0, 1, 2]
    np.testing.assert_allclose(found.scores, [1.0, 0.28, 0.6], atol=4e-6)


def test_quotas_pass_over_rows_of_the_same_order():
    rng = np.random.default_rng(3)
    X, wanted = exact_rows(rng, 60), exact_rows(rng, 4)
    groups = rng.integers(0, 2, 60)
    quotas = Quotas(groups, np.array([0, 0]), np.array([5, 20]), 20)
    found = select_target(Request(X, 20, target=wanted, quotas=quotas))
    order = round_robin(X, wanted, 60)[0]
    first = [row for row in order if groups[row] == 0][:5]
    second = [row for row in order if groups[row] == 1][:15]
    assert found.order.tolist() == [row for row in order if row in {*first, *second}]
