"""Facility location: greedy on the whole matrix of similarities, and what a peer picks."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.greedy.cases import random_unit
from tests.selectors.exact_rows import exact_rows

from spanset.greedy.budget import TokenBudget
from spanset.greedy.selection import StopReason
from spanset.kernels.choice import KERNELS, make_kernel
from spanset.kernels.inner import Cosine
from spanset.kernels.rbf import RBF
from spanset.selectors import facility_location
from spanset.selectors.facility_location import select_facility
from spanset.selectors.request import Request


def greedily(similar, k, cover):
    """Greedy on all similarities (N, m): picks, and what each adds to the mean of the covered."""
    picks, scores = [], []
    while len(picks) < k:
        gains = np.maximum(similar - cover, 0.0).mean(axis=1)
        if gains.max() <= 0.0:
            break
        picks.append(int(np.argmax(gains)))
        scores.append(gains.max())
        cover = np.maximum(cover, similar[picks[-1]])
    return picks, scores


def all_similarities(kernel, rows, covered):
    return kernel.block(rows.astype(np.float64), covered.astype(np.float64))


def covered_by(kernel, given, X):
    cover = np.zeros(len(X))
    return cover if given is None else np.maximum(cover, all_similarities(kernel, given, X).max(0))


def assert_greedy(found, similar, cover):
    """Every pick adds the most, but for float32's errors; scores are what is added."""
    for row, score in zip(found.order, found.scores, strict=True):
        gains = np.maximum(similar - cover, 0.0).mean(axis=1)
        assert gains[row] >= gains.max() - 1e-6
        assert score == pytest.approx(gains[row], abs=1e-6)
        cover = np.maximum(cover, similar[row])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 60), st.booleans(), st.booleans())
def test_ties_and_copies_are_decided_as_by_all_similarities(seed, n, copies, has_given):
    rng = np.random.default_rng(seed)
    X, kernel = exact_rows(rng, n, copies=copies), Cosine()
    before = exact_rows(rng, int(rng.integers(1, 4))) if has_given else None
    k = int(rng.integers(1, n + 1))
    found = select_facility(Request(X, k, given=before, kernel=kernel))
    cover = covered_by(kernel, before, X)
    picks, scores = greedily(all_similarities(kernel, X, X), k, cover)
    assert found.order.tolist() == picks
    np.testing.assert_allclose(found.scores, scores, atol=1e-6)
    is_short = len(picks) < k
    assert found.stop_reason is (StopReason.EXHAUSTED if is_short else StopReason.REACHED_K)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("has_given", [False, True])
def test_every_pick_by_every_kernel_adds_the_most(name, has_given):
    rng = np.random.default_rng(5)
    X, kernel = random_unit(rng, 400, 12), make_kernel(name)
    before = random_unit(rng, 3, 12) if has_given else None
    found = select_facility(Request(X, 60, given=before, kernel=kernel))
    assert len(found) == 60
    cover = covered_by(kernel, before, X)
    assert_greedy(found, all_similarities(kernel, X, X), cover)


@pytest.mark.parametrize("held", [1, 500, 3000])
def test_supports_that_are_evicted_are_looked_at_again(held, monkeypatch):
    rng = np.random.default_rng(6)
    X = exact_rows(rng, 300)
    request = Request(X, 80, kernel=Cosine())
    whole = select_facility(request)
    monkeypatch.setattr(facility_location, "HELD", held)
    few = select_facility(request)
    assert few.order.tolist() == whole.order.tolist()
    assert few.scores.tolist() == whole.scores.tolist()


@pytest.mark.parametrize(("name", "size"), [("AT_ONCE", 700), ("PART", 1), ("MOST", 8)])
def test_sizes_of_blocks_do_not_change_picks(name, size, monkeypatch):
    X = exact_rows(np.random.default_rng(7), 300)
    before = X[:20]
    request = Request(X, 80, kernel=Cosine(), given=before)
    whole = select_facility(request)
    monkeypatch.setattr(facility_location, name, size)
    assert select_facility(request).order.tolist() == whole.order.tolist()


@pytest.mark.parametrize("seed", range(12))
def test_the_cover_is_at_least_1_minus_1_over_e_of_the_best(seed):
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(4, 11)), int(rng.integers(2, 4))
    X, kernel = random_unit(rng, n, 2), RBF(float(rng.choice([0.25, 4.0])))
    before = random_unit(rng, 1, 2) if seed % 2 else None
    cover = covered_by(kernel, before, X)
    similar = all_similarities(kernel, X, X)

    def added(rows):
        return np.maximum(cover, similar[list(rows)].max(axis=0)).sum() - cover.sum()

    ours = added(select_facility(Request(X, k, kernel=kernel, given=before)).order)
    best = max(added(rows) for rows in combinations(range(n), k))
    assert ours >= (1.0 - 1.0 / np.e) * best - 1e-6


def test_of_many_rows_some_are_covered_and_all_can_be_picked(monkeypatch):
    rng = np.random.default_rng(8)
    X = random_unit(rng, 500, 6)
    monkeypatch.setattr(facility_location, "COVERED", 100)
    found = select_facility(Request(X, 30, seed=3))
    again = select_facility(Request(X, 30, seed=3))
    other = select_facility(Request(X, 30, seed=4))
    assert found.order.tolist() == again.order.tolist() != other.order.tolist()
    drawn = np.sort(np.random.default_rng([3, 8]).choice(500, 100, replace=False))
    assert_greedy(found, all_similarities(RBF(), X, X[drawn]), np.zeros(100))
    assert len(np.setdiff1d(found.order, drawn))


def test_dense_regions_get_more_and_an_outlier_comes_late():
    rng = np.random.default_rng(9)
    middles = np.repeat(np.eye(3), [150, 45, 1], axis=0)
    X = middles + 0.15 * rng.normal(size=(196, 3))
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    order = select_facility(Request(X, 12, kernel=RBF(10.0))).order
    assert (order[:2] < 150).sum() == 1
    assert (order < 150).sum() > ((order >= 150) & (order < 195)).sum() > 0
    assert 195 not in order[:2]


def test_copies_alone_end_the_run_with_its_reason():
    X = np.repeat(np.eye(4), 3, axis=0)
    found = select_facility(Request(X, 9))
    assert found.order.tolist() == [0, 3, 6, 9]
    assert found.stop_reason is StopReason.EXHAUSTED
    found = select_facility(Request(X, 9, given=np.eye(4)))
    assert (len(found), found.stop_reason) == (0, StopReason.EXHAUSTED)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize(("n", "times"), [(1, 2), (4, 2), (100, 2), (3, 60)])
def test_copies_are_known_whatever_the_last_bits_of_their_similarities(name, n, times):
    X = random_unit(np.random.default_rng(n), n, 1024).astype(np.float32)
    copies = np.repeat(X, times, axis=0)
    found = select_facility(Request(copies, n * times, kernel=make_kernel(name)))
    assert sorted((found.order // times).tolist()) == list(range(n))
    assert found.stop_reason is StopReason.EXHAUSTED
    request = Request(copies, n * times, kernel=make_kernel(name), given=X)
    assert len(select_facility(request)) == 0


def test_an_interruption_and_a_budget_are_told():
    X = exact_rows(np.random.default_rng(0), 64)
    found = select_facility(Request(X, 20, cancelled=lambda: True))
    assert (len(found), found.stop_reason) == (0, StopReason.INTERRUPTED)
    found = select_facility(Request(X, 20, budget=TokenBudget(np.full(64, 3), 10)))
    assert (len(found), found.stop_reason) == (3, StopReason.TOKEN_BUDGET)


def test_progress_is_reported():
    told = []
    X = random_unit(np.random.default_rng(0), 300, 6)
    select_facility(Request(X, 200, on_progress=told.append))
    assert [one.picked for one in told] == [64, 128, 192]


@pytest.mark.filterwarnings("ignore:Please import:DeprecationWarning")  # by the peer's import
def test_a_peer_picks_the_same_rows():
    peer = pytest.importorskip("submodlib", reason="submodlib-py is not installed")
    X = random_unit(np.random.default_rng(10), 400, 12)
    similar = all_similarities(RBF(), X, X)
    function = peer.FacilityLocationFunction(n=400, mode="dense", sijs=similar, separate_rep=False)
    theirs = function.maximize(
        budget=60,
        optimizer="NaiveGreedy",
        stopIfZeroGain=False,
        stopIfNegativeGain=False,
        show_progress=False,
    )
    found = select_facility(Request(X, 60))
    assert found.order.tolist() == [row for row, _ in theirs]
    np.testing.assert_allclose(400 * found.scores, [gain for _, gain in theirs], atol=1e-3)
