"""Predict and verify against the textbook loop, pick for pick, and the invariants of the choice."""

import itertools
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.greedy.cases import assert_same, random_case, random_unit

from spanset.base.unit_rows import unit_rows
from spanset.greedy import prediction as prediction_module
from spanset.greedy import verification as verification_module
from spanset.greedy.blocked import blocked_greedy
from spanset.greedy.budget import TokenBudget
from spanset.greedy.replay import replay
from spanset.greedy.selection import StopReason
from spanset.greedy.textbook import reference_greedy
from spanset.kernels.rbf import RBF


@pytest.mark.parametrize("seed", range(120))
def test_picks_equal_the_textbook_loop(greedy, seed):
    case = random_case(seed)
    expected = reference_greedy(case.X, case.k, case.kernel, **case.arguments)
    threads = (1, 2) if greedy.keywords["device"] == "cpu" else (1,)  # a device has its own
    for block, workers in itertools.product((1, 2, 3, 7, 256), threads):
        found = greedy(case.X, case.k, case.kernel, **case.arguments, block=block, workers=workers)
        assert_same(found, expected)


@pytest.mark.parametrize("block", range(1, 20))
def test_picks_do_not_depend_on_the_block_size(greedy, block):
    rng = np.random.default_rng(5)
    X = random_unit(rng, 300, 12)
    expected = reference_greedy(X, 200, RBF())
    assert_same(greedy(X, 200, RBF(), block=block), expected)


@pytest.mark.parametrize("quality_weight", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_picks_equal_the_loop_on_clustered_rows_over_several_chunks(greedy, quality_weight):
    """10,000 rows are three chunks of columns; clusters make predictions fail and recover."""
    rng = np.random.default_rng(1)
    centres = random_unit(rng, 40, 16)
    X = unit_rows(centres[rng.integers(0, 40, 10_000)] + 0.1 * rng.normal(size=(10_000, 16)), float)
    q = rng.normal(size=10_000) if quality_weight else None
    expected = reference_greedy(X, 300, RBF(), log_quality=q, quality_weight=quality_weight)
    found = greedy(X, 300, RBF(), log_quality=q, quality_weight=quality_weight, block=64)
    assert_same(found, expected)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_bytes_do_not_depend_on_the_workers(dtype):
    rng = np.random.default_rng(2)
    X = unit_rows(rng.normal(size=(9_000, 24)), dtype)
    q = rng.normal(size=9_000)
    one, two = (
        blocked_greedy(X, 400, RBF(), log_quality=q, quality_weight=0.2, workers=workers)
        for workers in (1, 2)
    )
    for name in ("order", "gains", "scores"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes(), name


def test_copies_have_the_same_residual_wherever_they_stand(greedy):
    """The same row at many places of several chunks: after its pick no copy may be alive."""
    rng = np.random.default_rng(3)
    X = random_unit(rng, 9_001, 20)
    places = [0, 1, 63, 64, 4095, 4096, 5000, 8191, 8192, 8999, 9000]
    X[places] = X[0]
    found = greedy(X, 500, RBF())
    assert np.isin(found.order, places).sum() == 1


def test_without_verification_the_picks_are_wrong(greedy, monkeypatch):
    """Negative control: the tests above can fail."""
    rng = np.random.default_rng(4)
    X = random_unit(rng, 3_000, 16)
    expected = reference_greedy(X, 200, RBF()).order.tolist()
    nothing = np.zeros(0, dtype=np.int64)
    monkeypatch.setattr(verification_module.Outsiders, "near", lambda *_: nothing)
    assert greedy(X, 200, RBF(), block=32).order.tolist() != expected


def test_without_rounding_tied_rows_are_picked_in_another_order(greedy, monkeypatch):
    """Negative control: rotated unit vectors are tied but for their last bits."""
    rng = np.random.default_rng(6)
    rotation = np.linalg.qr(rng.normal(size=(64, 64)))[0]
    X = unit_rows(rotation, float)
    assert greedy(X, 64, RBF()).order.tolist() == list(range(64))
    monkeypatch.setattr("spanset.greedy.rules.ROUNDING", 2.0**-60)
    assert greedy(X, 64, RBF()).order.tolist() != list(range(64))


def test_gains_never_increase_without_quality(greedy):
    X = random_unit(np.random.default_rng(7), 2_000, 10)
    gains = greedy(X, 1_000, RBF()).gains
    assert (np.diff(gains) <= 1e-12).all()


def test_the_sum_of_log_gains_is_the_log_determinant_of_the_picks(greedy):
    X = random_unit(np.random.default_rng(8), 500, 30)
    found = greedy(X, 200, RBF(), quality_weight=0.3, log_quality=np.arange(500) / 100.0)
    points = X[found.order]
    expected = np.linalg.slogdet(RBF().block(points, points))[1]
    assert found.log_det == pytest.approx(expected, abs=1e-8)


def test_the_order_is_nested(greedy):
    X = random_unit(np.random.default_rng(9), 700, 12)
    long, short = (greedy(X, k, RBF()).order for k in (300, 120))
    assert long[:120].tolist() == short.tolist()


def test_permuting_the_rows_permutes_the_picks(greedy):
    rng = np.random.default_rng(10)
    X = random_unit(rng, 400, 12)
    q = rng.normal(size=400)  # distinct qualities fix the first pick, which is a tie without them
    permutation = rng.permutation(400)
    plain = greedy(X, 150, RBF(), log_quality=q, quality_weight=0.2).order
    permuted = greedy(
        X[permutation], 150, RBF(), log_quality=q[permutation], quality_weight=0.2
    ).order
    assert permutation[permuted].tolist() == plain.tolist()


def test_lambda_one_sorts_by_quality_with_ties_to_the_lowest_index(greedy):
    X = random_unit(np.random.default_rng(11), 300, 40)
    q = np.random.default_rng(12).integers(0, 20, 300).astype(float)
    found = greedy(X, 300, RBF(), log_quality=q, quality_weight=1.0)
    assert found.order.tolist() == np.argsort(-q, kind="stable").tolist()


def test_given_rows_are_not_picked_again(greedy):
    X = random_unit(np.random.default_rng(13), 200, 8)
    found = greedy(X, 200, RBF(), given=X[50:120])
    assert found.stop_reason is StopReason.EXHAUSTED
    assert not set(found.order) & set(range(50, 120))


def test_given_rows_condition_like_picks(greedy):
    """Gains after 30 given rows are those of a run that was made to pick these first."""
    X = random_unit(np.random.default_rng(14), 300, 10)
    found = greedy(X[30:], 40, RBF(), given=X[:30], block=16)
    both = np.concatenate([X[:30], X[30:][found.order]])
    np.testing.assert_allclose(found.gains, replay(both, RBF())[30:], atol=1e-10)


def test_a_token_budget_takes_the_longest_prefix_that_fits(greedy):
    rng = np.random.default_rng(15)
    X, counts = random_unit(rng, 600, 10), rng.integers(1, 200, 600)
    full = greedy(X, 600, RBF()).order
    for limit in (200, 3_000, 20_000):
        budget = TokenBudget(counts, limit)
        found = greedy(X, budget.most_rows, RBF(), budget=budget, block=32)
        sums = np.cumsum(counts[full])
        assert found.order.tolist() == full[: int((sums <= limit).sum())].tolist()
        assert found.stop_reason is StopReason.TOKEN_BUDGET


def test_room_grows_when_the_picks_are_shorter_than_the_mean(greedy):
    X = random_unit(np.random.default_rng(16), 400, 10)
    order = greedy(X, 400, RBF()).order
    counts = np.full(400, 1_000)
    counts[order[:200]] = 1  # the first picks cost nothing: twenty times more fit than expected
    budget = TokenBudget(counts, 10_000)
    found = greedy(X, budget.most_rows, RBF(), budget=budget, block=8)
    assert found.order.tolist() == order[:209].tolist()


def test_an_interrupt_keeps_the_picks_made_so_far(greedy):
    X = random_unit(np.random.default_rng(17), 2_000, 10)
    asked = threading.Event()

    def stop_after_the_first_hundred(progress):
        if progress.picked >= 100:
            asked.set()

    found = greedy(
        X, 1_000, RBF(), on_progress=stop_after_the_first_hundred, cancelled=asked.is_set
    )
    assert found.stop_reason is StopReason.INTERRUPTED
    assert 100 <= len(found) < 1_000
    assert found.order.tolist() == greedy(X, len(found), RBF()).order.tolist()


def test_an_interrupt_before_the_first_pick_returns_no_picks(greedy):
    X = random_unit(np.random.default_rng(18), 50, 4)
    found = greedy(X, 10, RBF(), given=X[:5], cancelled=lambda: True)
    assert found.stop_reason is StopReason.INTERRUPTED
    assert len(found) == 0


def test_float32_spends_copies_too(greedy):
    X = unit_rows(random_unit(np.random.default_rng(19), 300, 16), np.float32)
    found = greedy(np.concatenate([X, X]), 600, RBF())
    assert sorted(found.order % 300) == list(range(300))
    assert found.stop_reason is StopReason.EXHAUSTED


def test_float32_reaches_nearly_the_same_volume(greedy):
    X = random_unit(np.random.default_rng(20), 3_000, 32)
    double = greedy(X, 1_000, RBF()).log_det
    single = greedy(X.astype(np.float32), 1_000, RBF()).log_det
    assert single == pytest.approx(double, rel=1e-4)


def test_candidates_are_the_best_with_ties_to_the_lowest_index():
    scores = np.array([1.0, 3.0, -np.inf, 3.0, 2.0, 3.0, -np.inf])
    best = prediction_module.best_candidates
    assert best(scores, 2).tolist() == [1, 3]
    assert best(scores, 4).tolist() == [1, 3, 4, 5]
    assert best(scores, 50).tolist() == [0, 1, 3, 4, 5]
    assert best(np.full(3, -np.inf), 2).tolist() == []


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 40),
    st.integers(1, 5),
    st.integers(1, 12),
    st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]),
    st.randoms(use_true_random=False),
)
def test_picks_equal_the_loop_on_small_integer_rows(greedy, n, d, block, quality_weight, random):
    """Rows on a small integer grid: as many copies, ties and zero-distance pairs as can be."""
    grid = np.array([[random.randint(-1, 1) for _ in range(d)] for _ in range(n)], dtype=float)
    grid[(grid == 0).all(axis=1), 0] = 1.0
    X = unit_rows(grid, float)
    q = np.array([random.choice([0.0, 1.0, 2.0]) for _ in range(n)]) if quality_weight else None
    arguments = {"log_quality": q, "quality_weight": quality_weight}
    expected = reference_greedy(X, n, RBF(), **arguments)
    found = greedy(X, n, RBF(), **arguments, block=block)
    assert found.order.tolist() == expected.order.tolist()
