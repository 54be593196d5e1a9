"""DEITA against the loop of its paper: best first, unless near one that is taken."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.greedy.cases import random_unit
from tests.selectors.exact_rows import exact_rows

from spanset.greedy.budget import TokenBudget
from spanset.greedy.quotas import Quotas
from spanset.greedy.selection import StopReason
from spanset.selectors import novelty
from spanset.selectors.deita import THRESHOLD, select_deita
from spanset.selectors.request import Request


def by_the_paper(request, threshold, groups=None, least=None, most=None):
    """One row at a time beside all that are taken; under quotas, those that stay within reach."""
    X = request.features.astype(np.float64)
    before = X[:0] if request.given is None else request.given.astype(np.float64)
    picks = []
    for row in np.argsort(-request.log_quality, kind="stable").tolist():
        if len(picks) == request.k:
            break
        if groups is not None:
            counts = np.bincount(groups[[*picks, row]], minlength=len(least))
            owed = np.maximum(least - counts, 0).sum()
            if (counts > most).any() or owed > request.k - len(picks) - 1:
                continue
        if (np.concatenate([before, X[picks]]) @ X[row] < threshold).all():
            picks.append(row)
    return picks


@settings(max_examples=80, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(1, 60),
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, 0.4, 0.5, 0.75, 1.0]),
    st.sampled_from([1, 7, 1024]),
)
def test_picks_are_those_of_the_loop(seed, n, copies, has_given, threshold, block):
    rng = np.random.default_rng(seed)
    X, quality = exact_rows(rng, n, copies=copies), np.round(rng.normal(size=n), 1)
    before = exact_rows(rng, 2) if has_given else None
    k = int(rng.integers(1, n + 1))
    request = Request(X, k, quality, given=before, threshold=threshold)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(novelty, "BLOCK", block)
        found = select_deita(request)
    picks = by_the_paper(request, THRESHOLD if threshold is None else threshold)
    assert found.order.tolist() == picks
    assert found.scores.tolist() == quality[picks].tolist()
    is_short = len(picks) < k
    assert found.stop_reason is (StopReason.THRESHOLD if is_short else StopReason.REACHED_K)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_a_row_that_the_shares_pass_over_bars_no_other(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 40))
    X, quality = exact_rows(rng, n), rng.normal(size=n)
    groups = rng.integers(0, 3, n)
    k = int(rng.integers(1, n // 2 + 1))
    most = np.array([max(1, k // 2), k, k])
    least = np.minimum(np.array([0, 0, k // 3]), np.bincount(groups, minlength=3))
    request = Request(X, k, quality, threshold=0.5, quotas=Quotas(groups, least, most, k))
    found = select_deita(request)
    picks = by_the_paper(request, 0.5, groups, least, most)
    assert found.order.tolist() == picks
    assert found.stop_reason is (StopReason.REACHED_K if len(picks) == k else StopReason.SHARES)


def test_many_rows_agree_with_the_loop():
    rng = np.random.default_rng(1)
    X, quality = random_unit(rng, 2500, 4), rng.normal(size=2500)
    request = Request(X, 2500, quality, threshold=0.95)
    found = select_deita(request)
    assert found.order.tolist() == by_the_paper(request, 0.95)
    assert 100 < len(found) < 1000
    cosines = X[found.order] @ X[found.order].T
    assert (cosines - np.eye(len(found))).max() < 0.95


def test_a_budget_takes_the_best_that_fit():
    request = Request(np.eye(6), 6, np.arange(6.0), budget=TokenBudget(np.full(6, 5), 12))
    found = select_deita(request)
    assert (found.order.tolist(), found.stop_reason) == ([5, 4], StopReason.TOKEN_BUDGET)
