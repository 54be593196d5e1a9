"""The factor in partitions: the picks of one machine, whatever their number, and losses mended."""

import numpy as np
import pytest
from tests.greedy.cases import assert_same, random_case, random_unit
from tests.greedy.local_cluster import LocalCluster

from spanset.base.unit_rows import unit_rows
from spanset.greedy import kept_columns, mixed
from spanset.greedy.blocked import blocked_greedy
from spanset.greedy.budget import TokenBudget
from spanset.greedy.quotas import Quotas
from spanset.greedy.selection import StopReason
from spanset.greedy.textbook import reference_greedy
from spanset.kernels.rbf import RBF


@pytest.fixture(params=[False, True], ids=["float64", "mixed"])
def is_mixed(request, monkeypatch):
    monkeypatch.setattr(mixed, "WITNESSES", 4)
    return request.param


@pytest.mark.parametrize("seed", range(60))
def test_picks_equal_the_loop_for_any_number_of_workers(monkeypatch, seed, is_mixed):
    monkeypatch.setattr(kept_columns, "SPENT_SHARE", 1e-9)  # every block moves columns
    case = random_case(seed)
    expected = reference_greedy(case.X, case.k, case.kernel, **case.arguments)
    for workers in (1, 2, 5):
        for block in (3, 256):
            found = blocked_greedy(
                case.X,
                case.k,
                case.kernel,
                **case.arguments,
                block=block,
                mixed=is_mixed,
                cluster=LocalCluster(workers),
            )
            assert_same(found, expected)


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_picks_of_many_rows_with_ties_and_copies(workers, is_mixed):
    rng = np.random.default_rng(0)
    X = unit_rows(np.sign(random_unit(rng, 3_000, 10)), float)
    X = np.concatenate([X, random_unit(rng, 3_000, 10)])[rng.permutation(6_000)]
    expected = blocked_greedy(X, 500, RBF())
    found = blocked_greedy(X, 500, RBF(), mixed=is_mixed, cluster=LocalCluster(workers))
    assert found.order.tolist() == expected.order.tolist()
    assert found.ties == expected.ties > 0
    np.testing.assert_allclose(found.gains, expected.gains, atol=1e-9)


def test_quotas_and_budgets_hold_over_all_partitions(is_mixed):
    rng = np.random.default_rng(1)
    X = random_unit(rng, 900, 12)
    groups = rng.integers(0, 3, 900)
    quotas = Quotas(groups, np.array([60, 0, 0]), np.array([70, 30, 100]), 150, ("a", "b", "c"))
    budget = TokenBudget(rng.integers(1, 40, 900), 2_500)
    for limits in ({"quotas": quotas}, {"budget": budget}, {"quotas": quotas, "budget": budget}):
        expected = blocked_greedy(X, 150, RBF(), block=16, **limits)
        found = blocked_greedy(
            X, 150, RBF(), block=16, mixed=is_mixed, cluster=LocalCluster(4), **limits
        )
        assert found.order.tolist() == expected.order.tolist()
        assert found.stop_reason is expected.stop_reason


@pytest.mark.parametrize("seed", range(10))
def test_workers_that_are_lost_change_nothing(seed, is_mixed):
    rng = np.random.default_rng(seed)
    X, q = random_unit(rng, 1_200, 12), rng.normal(size=1_200)
    X[::7] = X[0]
    options = {"log_quality": q, "quality_weight": 0.2, "given": X[5:25] + 0.01, "block": 24}
    options["mixed"] = is_mixed
    calm = LocalCluster(3)
    expected = blocked_greedy(X, 200, RBF(), cluster=calm, **options)
    deaths = rng.choice(np.arange(1, calm.calls), 20, replace=False)
    stormy = LocalCluster(3, deaths)
    found = blocked_greedy(X, 200, RBF(), cluster=stormy, **options)
    assert stormy.crews[-1].replaced == 20
    assert_same(found, expected)
    if not is_mixed:
        assert found.gains.tobytes() == expected.gains.tobytes()


def test_what_moves_in_a_block_does_not_depend_on_the_number_of_rows():
    cluster = LocalCluster(2)
    X = random_unit(np.random.default_rng(2), 100_000, 8)
    blocked_greedy(X, 150, RBF(), cluster=cluster, block=32)
    # 8 x 32 candidates at most, with their columns; a number a row of a half would be 50,000.
    assert max(count for _, count in cluster.moved) < 256 * (150 + 8)


def test_a_factor_grows_in_its_partitions_where_a_budget_lasts_longer_than_was_thought():
    rng = np.random.default_rng(1)
    X, counts = random_unit(rng, 900, 16), np.full(900, 1_000)
    counts[blocked_greedy(X, 300, RBF()).order] = 1
    budget = TokenBudget(counts, 300)
    expected = blocked_greedy(X, 900, RBF(), budget=budget)
    assert_same(blocked_greedy(X, 900, RBF(), budget=budget, cluster=LocalCluster(3)), expected)


def test_what_float32_cannot_do_is_done_in_float64_by_another_crew():
    X, cluster, notes = random_unit(np.random.default_rng(2), 500, 12), LocalCluster(2), []
    expected = blocked_greedy(X, 300, RBF(5_000.0))
    found = blocked_greedy(X, 300, RBF(5_000.0), mixed=True, cluster=cluster, on_note=notes.append)
    assert_same(found, expected)
    assert "float64 throughout" in notes[0]


def test_an_interruption_leaves_the_picks_made():
    X, asked = random_unit(np.random.default_rng(3), 2_000, 12), iter(range(10**6))
    found = blocked_greedy(
        X, 400, RBF(), cluster=LocalCluster(2), cancelled=lambda: next(asked) > 12
    )
    assert found.stop_reason is StopReason.INTERRUPTED
    assert 0 < len(found) < 400
    assert found.order.tolist() == blocked_greedy(X, len(found), RBF()).order.tolist()


def test_partitions_share_a_machines_memory(monkeypatch, tmp_path):
    """A factor that fits alone goes into a file where two of them do not."""
    from spanset.base import memory
    from spanset.greedy import footprint
    from spanset.greedy.factor_rows import RowsInFile

    made, grow = [], RowsInFile.grow
    monkeypatch.setattr(RowsInFile, "grow", lambda *a: (made.append(a[0]), grow(*a))[1])
    monkeypatch.setattr(footprint, "CHUNK", 1)
    monkeypatch.setattr(memory, "available_bytes", lambda: 800_000)
    X = random_unit(np.random.default_rng(4), 600, 8)  # a half: 480,000 bytes of factor
    expected = blocked_greedy(X, 200, RBF())
    for neighbours, files in ((1, 0), (2, 2)):
        cluster = LocalCluster(2, scratch=tmp_path, neighbours=neighbours)
        assert_same(blocked_greedy(X, 200, RBF(), cluster=cluster), expected)
        assert len(made) == files
