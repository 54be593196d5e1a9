"""k-center: the textbook's farthest-first loop, and within twice the least radius."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.greedy.cases import random_unit
from tests.selectors.exact_rows import exact_rows

from spanset.greedy.budget import TokenBudget
from spanset.greedy.selection import StopReason
from spanset.selectors import kcenter
from spanset.selectors.kcenter import select_kcenter
from spanset.selectors.request import Request


def farthest_first(X, k, given):
    """One row at a time, in float64; ties to the lowest index, rows at distance 0 never."""
    X = X.astype(np.float64)
    picks, distances = [], []
    if given is None:
        picks, distances = [int(np.argmax(X @ X.mean(axis=0)))], [np.nan]
        nearest = X @ X[picks[0]]
    else:
        nearest = (X @ given.T.astype(np.float64)).max(axis=1)
    while len(picks) < k and nearest.min() < 1.0:
        row = int(np.argmin(nearest))
        picks.append(row)
        distances.append(np.sqrt(2.0 - 2.0 * nearest[row]))
        nearest = np.maximum(nearest, X @ X[row])
    return picks, distances


def radius(X, centres):
    """Largest distance of a row to its nearest centre."""
    return max(np.linalg.norm(centres - row, axis=1).min() for row in X)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1, 2, 8, 32, 128]), st.booleans(), st.booleans())
def test_ties_and_copies_are_decided_as_in_the_loop(seed, n, copies, has_given):
    rng = np.random.default_rng(seed)
    X = exact_rows(rng, n, copies=copies)
    before = exact_rows(rng, int(rng.integers(1, 5))) if has_given else None
    if has_given and seed % 2:
        before = np.concatenate([before, X[:1]])
    k = int(rng.integers(1, n + 1))
    found = select_kcenter(Request(X, k, given=before))
    picks, distances = farthest_first(X, k, before)
    assert found.order.tolist() == picks
    np.testing.assert_allclose(found.scores, distances, atol=1e-7)
    is_short = len(picks) < k
    assert found.stop_reason is (StopReason.EXHAUSTED if is_short else StopReason.REACHED_K)


@pytest.mark.parametrize("has_given", [False, True])
@pytest.mark.parametrize("copies", [False, True])
def test_rows_beyond_the_candidates_of_a_block_are_not_overlooked(has_given, copies):
    rng = np.random.default_rng(3)
    X = exact_rows(rng, 4096, copies=copies)
    before = X[5:8] if has_given else None
    found = select_kcenter(Request(X, 700, given=before))
    assert found.order.tolist() == farthest_first(X, 700, before)[0]


@pytest.mark.parametrize("sizes", [(2, 1, 3), (7, 4, 16), (64, 200, 5)])
def test_sizes_of_blocks_change_nothing(sizes, monkeypatch):
    rng = np.random.default_rng(1)
    X = exact_rows(rng, 256)
    whole = select_kcenter(Request(X, 100)).order
    for name, size in zip(("CANDIDATES", "PICKS", "ROWS"), sizes, strict=True):
        monkeypatch.setattr(kcenter, name, size)
    assert select_kcenter(Request(X, 100)).order.tolist() == whole.tolist()


@pytest.mark.parametrize("has_given", [False, True])
def test_every_pick_of_real_numbers_is_farthest(has_given):
    rng = np.random.default_rng(2)
    X = random_unit(rng, 3000, 24)
    before = random_unit(rng, 5, 24) if has_given else None
    found = select_kcenter(Request(X, 300, given=before))
    picks = found.order.tolist()
    nearest = X @ X[picks[0]] if before is None else (X @ before.T).max(axis=1)
    for place in range(before is None, 300):  # but for roundings to 2^-18
        assert nearest[picks[place]] <= nearest.min() + 8e-6
        distance = np.sqrt(2.0 - 2.0 * nearest[picks[place]])
        assert found.scores[place] == pytest.approx(distance, abs=8e-6)
        nearest = np.maximum(nearest, X @ X[picks[place]])
    assert (np.diff(found.scores[1:]) <= 8e-6).all()


@pytest.mark.parametrize("seed", range(12))
def test_the_radius_is_at_most_twice_the_least(seed):
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(4, 11)), int(rng.integers(1, 4))
    X = random_unit(rng, n, int(rng.integers(2, 4)))
    before = random_unit(rng, 2, X.shape[1]) if seed % 2 else None
    fixed = np.zeros((0, X.shape[1])) if before is None else before
    found = select_kcenter(Request(X, k, given=before))
    ours = radius(X, np.concatenate([fixed, X[found.order]]))
    subsets = (np.concatenate([fixed, X[list(some)]]) for some in combinations(range(n), k))
    assert ours <= 2.0 * min(radius(X, centres) for centres in subsets) + 1e-6


def test_the_first_pick_is_the_most_central_row():
    X = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0], [0.8, -0.6]])  # the mean is (0.65, 0.25)
    assert select_kcenter(Request(X, 1)).order.tolist() == [1]


def test_an_outlier_comes_early_and_what_is_given_is_not_repeated():
    rng = np.random.default_rng(0)
    X = random_unit(rng, 200, 3) * 0.1 + np.array([1.0, 0.0, 0.0])
    X[77] = [-1.0, 0.0, 0.0]
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    assert select_kcenter(Request(X, 2)).order[1] == 77
    assert 77 not in select_kcenter(Request(X, 150, given=X[77:78])).order


def test_copies_alone_end_the_run_with_its_reason():
    X = np.repeat(np.eye(3), 4, axis=0)
    found = select_kcenter(Request(X, 7))
    assert found.order.tolist() == [0, 4, 8]
    assert found.stop_reason is StopReason.EXHAUSTED
    found = select_kcenter(Request(X, 7, given=np.eye(3)))
    assert len(found) == 0
    assert found.stop_reason is StopReason.EXHAUSTED


@pytest.mark.parametrize("d", [64, 384, 1024])
def test_copies_are_known_whatever_the_last_bits_of_their_cosines(d):
    """In 384 columns float32 has some rows at 0.999999 with themselves."""
    X = np.repeat(random_unit(np.random.default_rng(0), 256, d), 2, axis=0)
    found = select_kcenter(Request(X, 512))
    assert sorted(found.order.tolist()) == list(range(0, 512, 2))
    assert len(select_kcenter(Request(X, 512, given=X[1::2]))) == 0


def test_an_interruption_and_a_budget_are_told():
    X = exact_rows(np.random.default_rng(0), 64)
    found = select_kcenter(Request(X, 20, cancelled=lambda: True))
    assert found.stop_reason is StopReason.INTERRUPTED
    budget = TokenBudget(np.full(64, 3), 10)
    found = select_kcenter(Request(X, 20, budget=budget))
    assert (len(found), found.stop_reason) == (3, StopReason.TOKEN_BUDGET)
