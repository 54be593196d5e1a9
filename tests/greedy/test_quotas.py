"""Quotas: the picks stay greedy over what is still allowed, and hold what they must."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanset.base.unit_rows import unit_rows
from spanset.greedy.blocked import blocked_greedy
from spanset.greedy.quotas import Quotas
from spanset.greedy.selection import StopReason
from spanset.greedy.textbook import reference_greedy
from spanset.kernels.rbf import RBF


def by_hand(X, k, kernel, groups, least, most, log_quality, weight):
    """Greedy over every row that leaves the quotas within reach: determinants, no factor."""
    picks = []
    similar = kernel.block(X, X)
    while len(picks) < k:
        best, best_score = None, -np.inf
        for row in range(len(X)):
            if row in picks:
                continue
            counts = np.bincount(groups[[*picks, row]], minlength=len(least))
            owed = np.maximum(least - counts, 0).sum()
            if (counts > most).any() or owed > k - len(picks) - 1:
                continue
            rest = similar[np.ix_(picks, picks)]
            explained = (
                similar[row, picks] @ np.linalg.solve(rest, similar[picks, row]) if picks else 0.0
            )
            score = weight * log_quality[row] + (1 - weight) * np.log(1.0 - explained)
            if score > best_score + 1e-9:
                best, best_score = row, score
        picks.append(best)
    return picks


@st.composite
def cases(draw):
    seed = draw(st.integers(0, 10_000))
    rng = np.random.default_rng(seed)
    v, n = draw(st.integers(1, 4)), draw(st.integers(12, 40))
    groups = rng.integers(0, v, n)
    there = np.bincount(groups, minlength=v)
    k = int(rng.integers(1, n // 2 + 1))
    most = np.array([rng.integers(0, there[g] + 1) for g in range(v)])
    while most.sum() < k:
        most = np.minimum(most + 1, there)
    least = np.zeros(v, np.int64)
    for _ in range(int(rng.integers(0, k + 1))):
        group = rng.integers(0, v)
        least[group] += least[group] < most[group]
    X = unit_rows(rng.normal(size=(n, 6)), float)
    return X, k, groups, least, most, rng.normal(size=n), float(rng.choice([0.0, 0.3, 0.9]))


@settings(max_examples=60, deadline=None)
@given(cases(), st.sampled_from([1, 3, 256]))
def test_both_engines_pick_what_determinants_say(case, block):
    X, k, groups, least, most, quality, weight = case
    quotas, kernel = Quotas(groups, least, most, k), RBF(1.0)
    expected = by_hand(X, k, kernel, groups, least, most, quality, weight)
    how = {"log_quality": quality, "quality_weight": weight, "quotas": quotas}
    assert reference_greedy(X, k, kernel, **how).order.tolist() == expected
    found = blocked_greedy(X, k, kernel, block=block, **how)
    assert found.order.tolist() == expected
    counts = np.bincount(groups[found.order], minlength=len(least))
    assert (counts >= least).all()
    assert (counts <= most).all()


@pytest.mark.parametrize("device", ["cpu", "torch:cpu"])
def test_many_rows_agree_with_the_loop_on_every_device(device):
    rng = np.random.default_rng(1)
    X = unit_rows(rng.normal(size=(900, 12)), float)
    groups = rng.choice(5, 900, p=[0.6, 0.2, 0.1, 0.06, 0.04])
    quotas = Quotas(groups, np.array([0, 0, 60, 30, 20]), np.array([60, 300, 80, 54, 36]), 300)
    one = reference_greedy(X, 300, RBF(), quotas=quotas)
    two = blocked_greedy(X, 300, RBF(), quotas=quotas, block=64, device=device)
    assert one.order.tolist() == two.order.tolist()
    assert one.smallest_margin == pytest.approx(two.smallest_margin, rel=1e-6)
    counts = np.bincount(groups[two.order])
    assert counts[0] == 60
    assert counts[3] >= 30
    assert two.order.tolist() != blocked_greedy(X, 300, RBF()).order.tolist()


def test_a_group_of_copies_that_must_be_picked_ends_the_run_with_its_reason():
    rng = np.random.default_rng(2)
    X = unit_rows(rng.normal(size=(40, 8)), float)
    X[30:] = X[30]
    groups = (np.arange(40) >= 30).astype(np.int64)
    quotas = Quotas(groups, np.array([0, 5]), np.array([40, 40]), 10, ("some", "copies"))
    for engine in (reference_greedy, blocked_greedy):
        found = engine(X, 10, RBF(), quotas=quotas)
        assert found.stop_reason is StopReason.SHARES
        assert len(found) == 6  # five of the others, and one of ten copies
        assert quotas.ledger(found.order).lacking == ["copies"]


def test_quotas_of_the_rest_count_what_is_picked():
    quotas = Quotas(np.array([0, 0, 1, 1]), np.array([1, 1]), np.array([2, 1]), 3)
    rest = quotas.of(np.array([1, 3]), np.array([0, 2]))
    assert (rest.least.tolist(), rest.most.tolist(), rest.k) == ([0, 0], [1, 0], 1)
    assert rest.groups.tolist() == [0, 1]
