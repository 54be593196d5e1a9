"""A selection from an order that is known: quotas and budgets against a plain loop."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from spanset.greedy.budget import TokenBudget
from spanset.greedy.quotas import Quotas
from spanset.greedy.selection import StopReason
from spanset.selectors.ranked import from_order
from spanset.selectors.request import Request


def one_by_one(order, k, groups, least, most):
    """Each row in its turn, if the bounds stay within reach with it."""
    picks = []
    for row in order.tolist():
        counts = np.bincount(groups[[*picks, row]], minlength=len(least))
        owed = np.maximum(least - counts, 0).sum()
        if len(picks) < k and (counts <= most).all() and owed <= k - len(picks) - 1:
            picks.append(row)
    return picks


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 100_000), st.booleans())
def test_quotas_agree_with_one_row_at_a_time(seed, has_all):
    rng = np.random.default_rng(seed)
    n, v = int(rng.integers(1, 40)), int(rng.integers(1, 5))
    groups = rng.integers(0, v, n)
    there = np.bincount(groups, minlength=v)
    k = int(rng.integers(1, n + 1))
    most = np.minimum(rng.integers(0, k + 1, v), there)
    least = np.zeros(v, np.int64)
    for _ in range(int(rng.integers(0, k + 1))):
        group = rng.integers(0, v)
        least[group] += least[group] < most[group]
    order = rng.permutation(n)[: n if has_all else rng.integers(1, n + 1)]
    scores = rng.normal(size=n)
    request = Request(np.ones((n, 1)), k, quotas=Quotas(groups, least, most, k))
    found = from_order(order, scores, request)
    picks = one_by_one(order, k, groups, least, most)
    assert found.order.tolist() == picks
    assert found.scores.tolist() == scores[picks].tolist()
    assert np.isnan(found.gains).all()
    assert found.candidates == n
    assert found.stop_reason is (StopReason.REACHED_K if len(picks) == k else StopReason.SHARES)
    if has_all and most.sum() >= k:
        assert len(picks) == k
        assert (np.bincount(groups[picks], minlength=v) >= least).all()


def test_a_budget_after_quotas_takes_as_many_as_fit():
    quotas = Quotas(np.array([0, 0, 1, 1]), np.array([0, 0]), np.array([1, 2]), 3)
    budget = TokenBudget(np.array([5, 5, 5, 5]), 11)
    request = Request(np.ones((4, 1)), 3, quotas=quotas, budget=budget)
    found = from_order(np.arange(4), np.zeros(4), request)
    assert (found.order.tolist(), found.stop_reason) == ([0, 2], StopReason.TOKEN_BUDGET)


def test_an_order_that_is_too_short_is_told():
    found = from_order(np.array([2, 0]), np.arange(4.0), Request(np.ones((4, 1)), 3))
    assert (found.order.tolist(), found.stop_reason) == ([2, 0], StopReason.EXHAUSTED)
    assert found.scores.tolist() == [2.0, 0.0]
    request = Request(np.ones((4, 1)), 3)
    found = from_order(np.array([2, 0]), np.arange(4.0), request, StopReason.THRESHOLD)
    assert found.stop_reason is StopReason.THRESHOLD
