"""Two rounds of greedy: the exact choice where a part holds all, near it elsewhere."""

import numpy as np
import pytest
from tests.greedy.cases import random_unit
from tests.greedy.local_cluster import LocalCluster

from spanset.base.unit_rows import unit_rows
from spanset.greedy.blocked import blocked_greedy
from spanset.greedy.budget import TokenBudget
from spanset.greedy.partitioned import FOUND, PARTS, parts_in, rounds_of, two_rounds
from spanset.greedy.replay import replay
from spanset.greedy.selection import StopReason
from spanset.kernels.inner import Linear
from spanset.kernels.rbf import RBF


def clustered(n, seed=0):
    rng = np.random.default_rng(seed)
    centres = random_unit(rng, 40, 16)
    return unit_rows(centres[rng.integers(0, 40, n)] + 0.3 * rng.normal(size=(n, 16)), float)


def by_hand(X, k, parts, share, seed=0, **options):
    """The slow obvious version: a loop over parts, and one over their picks."""
    found = []
    for part in np.array_split(np.random.default_rng(seed).permutation(len(X)), parts):
        rows = np.sort(part)
        found += rows[
            blocked_greedy(X[rows], min(share, len(rows)), RBF(), **options).order
        ].tolist()
    rows = np.sort(found)
    picks = blocked_greedy(X[rows], k, RBF(), **options)
    return rows[picks.order], picks


@pytest.mark.parametrize(("parts", "share"), [(2, 100), (4, 100), (7, 58), (16, 25)])
def test_it_is_greedy_in_parts_and_then_among_their_picks(parts, share):
    X = clustered(2_000)
    order, picks = by_hand(X, 100, parts, share)
    found = two_rounds(X, 100, RBF(), parts=parts)
    assert found.order.tolist() == order.tolist()
    np.testing.assert_array_equal(found.gains, picks.gains)
    assert found.candidates == 2_000
    # Gains and scores are those of the picks in their order, given one another.
    np.testing.assert_allclose(replay(X[found.order], RBF()), found.gains, atol=1e-9)


def test_where_parts_find_all_their_rows_it_is_exact():
    X = clustered(300)
    found, expected = two_rounds(X, 100, RBF(), parts=4), blocked_greedy(X, 100, RBF())
    assert found.order.tolist() == expected.order.tolist()
    assert found.stop_reason is expected.stop_reason


def test_it_is_far_nearer_to_the_exact_volume_than_random_rows_are():
    X = clustered(4_000)
    exact = blocked_greedy(X, 200, RBF()).log_det
    random = float(np.log(replay(X[:200], RBF()).clip(1e-9)).sum())
    for parts in (4, 16):
        lost = exact - two_rounds(X, 200, RBF(), parts=parts).log_det
        assert abs(lost) < 0.15 * (exact - random)


def test_quality_given_rows_and_a_budget_are_heeded_in_both_rounds():
    X, rng = clustered(2_000), np.random.default_rng(1)
    options = {"log_quality": rng.normal(size=2_000), "quality_weight": 0.3, "given": X[:50]}
    found = two_rounds(X, 100, RBF(), **options)
    exact = blocked_greedy(X, 100, RBF(), **options)
    assert not set(found.order.tolist()) & set(range(50))
    assert found.scores.sum() > exact.scores.sum() - 0.5
    counts = rng.integers(1, 30, 2_000)
    budget = TokenBudget(counts, 500)
    found = two_rounds(X, 2_000, RBF(), budget=budget)
    assert found.stop_reason is StopReason.TOKEN_BUDGET
    assert 470 < counts[found.order].sum() <= 500


def test_rows_are_dealt_by_the_seed():
    X = clustered(2_000)
    one, same, other = (two_rounds(X, 100, RBF(), seed=seed).order for seed in (0, 0, 1))
    assert one.tolist() == same.tolist()
    assert one.tolist() != other.tolist()


@pytest.mark.parametrize("kernel", [RBF(), Linear()], ids=["rbf", "linear"])
def test_parts_that_find_the_same_rows_look_again(kernel):
    """Every part holds a copy of each of 30 rows that all parts prefer."""
    rng = np.random.default_rng(2)
    special, others = random_unit(rng, 30, 40), random_unit(rng, 400, 40)
    X = np.concatenate([np.repeat(special, 40, axis=0), others])
    quality = np.concatenate([np.full(1_200, 5.0), np.zeros(400)])
    k = 120 if kernel == RBF() else 40
    options = {"log_quality": quality, "quality_weight": 0.9}
    found = two_rounds(X, k, kernel, **options)
    assert len(found) == k
    assert len(np.unique(X[found.order], axis=0)) == k
    expected = blocked_greedy(X, k, kernel, **options)
    assert set(found.order[:30] // 40) == set(expected.order[:30] // 40) == set(range(30))


def test_copies_alone_end_it_with_the_reason():
    X = np.repeat(random_unit(np.random.default_rng(3), 50, 8), 20, axis=0)
    found = two_rounds(X, 200, RBF())
    assert len(found) == 50
    assert found.stop_reason is StopReason.EXHAUSTED


@pytest.mark.parametrize("asked", [1, 40])
def test_an_interruption_ends_it(asked):
    calls = iter(range(10**6))
    X = clustered(2_000)
    found = two_rounds(X, 300, RBF(), cancelled=lambda: next(calls) > asked)
    assert found.stop_reason is StopReason.INTERRUPTED
    assert len(found.order) == len(found.gains) == len(found.scores) == 0


def test_progress_goes_through_all_parts_and_the_second_round():
    told = []
    two_rounds(clustered(1_000), 64, RBF(), parts=3, on_progress=told.append)
    done = [progress.work_done for progress in told]
    assert done == sorted(done)
    assert done[-1] == pytest.approx(1.0)
    assert [told[0].where, told[-1].where] == ["part 1 of 3", "second round"]
    assert told[0].line.startswith("part 1 of 3: ")


def test_the_runs_of_two_rounds():
    assert rounds_of(1_000_000, 10_000, 1) == [(1, 1_000_000, 10_000)]
    assert rounds_of(1_000_000, 10_000, 16) == [(16, 62_500, 2_500), (1, 40_000, 10_000)]
    assert rounds_of(1_000, 400, 2) == [(2, 500, 400), (1, 800, 400)]
    assert rounds_of(100, 90, 16) == [(16, 7, 7), (1, 100, 90)]
    assert (parts_in(1, None), parts_in(2, None), parts_in(2, 5)) == (1, PARTS, 5)
    assert FOUND * 10_000 == 40_000


@pytest.mark.parametrize("workers", [1, 3])
def test_workers_that_choose_from_parts_change_nothing(workers):
    X, rng, told = clustered(1_000), np.random.default_rng(5), []
    options = {"log_quality": rng.normal(size=1_000), "quality_weight": 0.2, "given": X[:5]}
    for more in ({}, options):
        expected = two_rounds(X, 64, RBF(), parts=4, **more)
        cluster = LocalCluster(workers)
        found = two_rounds(X, 64, RBF(), parts=4, cluster=cluster, on_progress=told.append, **more)
        for name in ("order", "gains", "scores"):
            assert getattr(found, name).tobytes() == getattr(expected, name).tobytes()
        assert found.smallest_margin == expected.smallest_margin
    assert told[0].where == "1 of 4 parts"
    done = [progress.work_done for progress in told[: len(told) // 2]]
    assert done == sorted(done)


def test_an_interruption_of_workers_leaves_no_picks():
    asked = iter(range(100))
    found = two_rounds(
        clustered(1_000), 64, RBF(), cluster=LocalCluster(2), cancelled=lambda: next(asked) > 5
    )
    assert found.stop_reason is StopReason.INTERRUPTED
    assert not len(found)
