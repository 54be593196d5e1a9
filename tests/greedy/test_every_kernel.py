"""Every engine with every kernel: against the loop, determinants, and at the end of the rank."""

import numpy as np
import pytest
from tests.greedy.cases import assert_same, random_unit

from spanset.base.unit_rows import unit_rows
from spanset.greedy.blocked import blocked_greedy
from spanset.greedy.replay import replay
from spanset.greedy.rules import spent_shares
from spanset.greedy.selection import StopReason
from spanset.greedy.textbook import reference_greedy
from spanset.kernels.arc_cosine import ArcCosine1
from spanset.kernels.choice import KERNELS, make_kernel
from spanset.kernels.inner import Cosine, Linear
from spanset.kernels.rbf import RBF

UNIT = pytest.mark.parametrize("unit", [True, False], ids=["unit", "any length"])
EVERY = pytest.mark.parametrize("name", KERNELS)


def case(seed, *, unit, n=70):
    """Rows with, by turns, copies, exact ties, qualities and given rows."""
    rng = np.random.default_rng(seed)
    d = int(rng.integers(1, 9))
    X = rng.normal(size=(n, d))
    if seed % 3 == 0:
        X = np.sign(X)  # corners of a cube: ties, and few distinct rows
    if seed % 4 == 0:
        X = X[rng.integers(0, n, n)]
    given = rng.normal(size=(int(rng.integers(1, 7)), d)) if seed % 2 else None
    if given is not None and seed % 5 == 0:
        given = np.concatenate([given, given, X[:2]])
    if unit:
        X, given = (None if Y is None else unit_rows(Y, float) for Y in (X, given))
    elif seed % 3:
        X *= np.exp(rng.normal(size=n))[rng.permutation(n), None] if seed % 4 else 3.0
    weight = float(rng.choice([0.0, 0.1, 0.5, 1.0]))
    q = rng.normal(size=n) if weight else None
    return X, {"log_quality": q, "quality_weight": weight, "given": given}


@EVERY
@UNIT
@pytest.mark.parametrize("seed", range(12))
def test_picks_and_the_reason_to_stop_equal_the_loop(greedy, name, unit, seed):
    X, arguments = case(seed, unit=unit)
    kernel = make_kernel(name, unit=unit)
    expected = reference_greedy(X, len(X), kernel, **arguments)
    for block in (3, 256):
        found = greedy(X, len(X), kernel, **arguments, block=block)
        assert found.order.tolist() == expected.order.tolist()
        assert found.stop_reason is expected.stop_reason
        np.testing.assert_allclose(found.gains, expected.gains, atol=1e-8, rtol=1e-6)


@EVERY
@UNIT
def test_log_gains_sum_to_the_log_determinant_of_the_picks(greedy, name, unit):
    X = np.random.default_rng(1).normal(size=(200, 12)) * 1.5
    X = unit_rows(X, float) if unit else X
    kernel = make_kernel(name, unit=unit)
    found = greedy(X, 11, kernel)
    points = X[found.order]
    expected = np.linalg.slogdet(kernel.block(points, points))[1]
    assert found.log_det == pytest.approx(expected, abs=1e-8)
    np.testing.assert_allclose(replay(points, kernel), found.gains, rtol=1e-8)


@EVERY
def test_a_copy_is_never_picked(greedy, name):
    """Copies and near copies in other chunks, after hundreds of picks."""
    rng = np.random.default_rng(2)
    X = rng.normal(size=(4_300, 40))
    X[4_200:] = X[:100]
    X[4_100:4_200] = X[:100] * (1 + 1e-9 * rng.normal(size=(100, 40)))
    found = greedy(unit_rows(X, float), 400, make_kernel(name))
    origin = np.where(found.order >= 4_100, found.order % 100, found.order)
    assert len(np.unique(origin)) == len(found)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("kernel", "rank"), [(Linear(), 12), (Cosine(), 13)], ids=["linear", "cos"]
)
def test_a_kernel_of_finite_rank_ends_with_it_and_says_so(greedy, kernel, rank, dtype):
    X = random_unit(np.random.default_rng(3), 500, 12)
    found = greedy(X.astype(dtype), 100, kernel)
    assert len(found) == rank
    assert found.stop_reason is StopReason.RANK_EXHAUSTED
    assert (found.gains > 1e-3).all()
    assert greedy(X.astype(dtype), rank, kernel).stop_reason is StopReason.REACHED_K


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("quality_weight", [0.0, 0.9])
def test_the_rank_of_the_rows_counts_where_it_is_less_than_the_columns(
    greedy, dtype, quality_weight
):
    """20 of 64 dimensions: what rounding leaves beyond them is no gain, whatever its quality."""
    rng = np.random.default_rng(4)
    X = unit_rows(rng.normal(size=(800, 20)) @ rng.normal(size=(20, 64)), dtype)
    q = 3 * rng.normal(size=800) if quality_weight else None
    for kernel, rank in ((Linear(), 20), (Cosine(), 21)):
        found = greedy(X, 100, kernel, log_quality=q, quality_weight=quality_weight)
        assert len(found) == rank
        assert found.stop_reason is StopReason.RANK_EXHAUSTED


def test_a_tolerance_of_copies_would_take_rounding_for_rank(greedy, monkeypatch):
    """Negative control: float32, quality first; found on sentence embeddings of rank 381."""
    rng = np.random.default_rng(4)
    X = unit_rows(rng.normal(size=(3_000, 200)) @ rng.normal(size=(200, 384)), np.float32)
    q = 3 * rng.normal(size=3_000)
    settings = {"log_quality": q, "quality_weight": 0.9}
    assert len(greedy(X, 384, Linear(), **settings)) == 200
    monkeypatch.setattr(Linear, "spent", {"float32": 1e-6})
    assert len(greedy(X, 384, Linear(), **settings)) > 200


def test_given_rows_count_towards_the_rank(greedy):
    X = random_unit(np.random.default_rng(5), 300, 10)
    given = np.concatenate([X[:4], X[:4]])  # copies among them count once
    found = greedy(X[10:], 100, Linear(), given=given)
    assert len(found) == 6
    assert found.stop_reason is StopReason.RANK_EXHAUSTED
    none = greedy(X[50:], 100, Linear(), given=X[:40])
    assert len(none) == 0
    assert none.stop_reason is StopReason.RANK_EXHAUSTED


def test_only_copies_left_is_another_reason_than_the_rank(greedy):
    X = random_unit(np.random.default_rng(6), 8, 20)
    for kernel in (RBF(), Linear(), Cosine(), ArcCosine1()):
        found = greedy(np.concatenate([X, X]), 16, kernel)
        assert len(found) == 8
        assert found.stop_reason is StopReason.EXHAUSTED


def test_an_opposite_row_is_no_copy(greedy):
    """e1, -e1 and e2: linear spans the second by the first, and does not call it a copy."""
    X = np.array([[1.0, 0, 0], [-1, 0, 0], [0, 1, 0]])
    found = greedy(X, 3, Linear())
    assert found.order.tolist() == [0, 2]
    assert found.stop_reason is StopReason.RANK_EXHAUSTED


def test_a_row_of_zeros_gains_nothing(greedy):
    X = np.array([[0.0, 0], [1, 0], [0, 2], [0, 0]])
    found = greedy(X, 4, Linear(unit=False))
    assert found.order.tolist() == [2, 1]
    assert greedy(X, 4, RBF(unit=False)).order.tolist() == [0, 2, 1]


def test_the_loop_without_a_rank_bound_ends_at_the_same_pick(monkeypatch):
    """Negative control of the bound: here the tolerance alone finds the end, too."""
    X = random_unit(np.random.default_rng(7), 300, 10)
    plain = reference_greedy(X, 50, Linear())
    monkeypatch.setattr(Linear, "rank", lambda *_: None)
    assert_same(reference_greedy(X, 50, Linear()), plain)


def test_gains_scale_with_the_square_of_the_lengths():
    X = np.random.default_rng(8).normal(size=(200, 30))
    for kernel in (Linear(unit=False), ArcCosine1(unit=False)):
        one, ten = (blocked_greedy(Y, 20, kernel) for Y in (X, 10 * X))
        assert one.order.tolist() == ten.order.tolist()
        np.testing.assert_allclose(100 * one.gains, ten.gains, rtol=1e-9)


def test_long_rows_in_float32_spend_their_copies():
    """gamma |x|^2 of 200: the standing tolerance would take copies for new rows."""
    X = (14 * random_unit(np.random.default_rng(9), 1_000, 100)).astype(np.float32)
    kernel = RBF(1.0, unit=False)
    assert (spent_shares(kernel, X) > 1e-5).all()
    found = blocked_greedy(np.concatenate([X, X]), 2_000, kernel)
    assert sorted(found.order % 1_000) == list(range(1_000))
    assert found.stop_reason is StopReason.EXHAUSTED
