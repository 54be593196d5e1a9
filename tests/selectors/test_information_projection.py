"""Greedy information projection against explicit projections, by least squares in float64."""

import numpy as np
import pytest
from tests.greedy.cases import random_unit
from tests.selectors.exact_rows import exact_rows

from spanset.base.unit_rows import unit_rows
from spanset.greedy.budget import TokenBudget
from spanset.greedy.selection import StopReason
from spanset.selectors import information_projection
from spanset.selectors.information_projection import EXPLAINED, select_projection
from spanset.selectors.request import Request


def spanned(rows, queries):
    """Share of the queries' energy in the span of the rows: |P Q|^2 / |Q|^2."""
    if not len(rows):
        return 0.0
    inside = rows.T @ np.linalg.lstsq(rows.T, queries.T, rcond=1e-9)[0]
    return float((inside**2).sum() / (queries**2).sum())


def queries_of(request):
    if request.target is not None:
        return request.target
    if request.log_quality is None:
        return request.features
    return request.features * np.exp(request.log_quality)[:, None]


def assert_greedy(found, request, slack=2e-6):
    """Every pick adds the most to what is spanned in its round; scores are what it adds."""
    X, queries = request.features.astype(np.float64), queries_of(request).astype(np.float64)
    start = 0
    for place, row in enumerate(found.order.tolist()):
        before = found.order[start:place]
        if spanned(X[before], queries) >= EXPLAINED:
            start, before = place, found.order[:0]
        base = spanned(X[before], queries)
        left = np.setdiff1d(np.arange(len(X)), found.order[:place])
        gains = {one: spanned(X[[*before, one]], queries) - base for one in left.tolist()}
        assert gains[row] >= max(gains.values()) - slack, f"pick {place} adds less than another"
        assert found.scores[place] == pytest.approx(gains[row], abs=2e-6), "it adds something else"


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("queries", ["target", "quality", "rows"])
def test_every_pick_adds_the_most(queries, seed):
    rng = np.random.default_rng(seed)
    X = random_unit(rng, 40, 7)
    request = Request(
        X,
        25,  # rounds of at most seven
        rng.normal(size=40) if queries != "rows" else None,
        target=random_unit(rng, 5, 7) if queries == "target" else None,
    )
    found = select_projection(request)
    assert len(set(found.order.tolist())) == 25
    assert found.stop_reason is StopReason.REACHED_K
    assert_greedy(found, request)


@pytest.mark.parametrize(
    ("noise", "slack"), [(1e-3, 5e-3), (3e-3, 1e-3), (1e-2, 1e-4), (0.1, 2e-6)]
)
def test_near_copies_are_told_from_what_adds_something(noise, slack):
    """Float32 may say too little of them, and another is picked; never too much."""
    rng = np.random.default_rng(1)
    some = random_unit(rng, 8, 24)
    X = unit_rows(np.repeat(some, 8, axis=0) + noise * rng.normal(size=(64, 24)), np.float32)
    request = Request(X, 40, target=random_unit(rng, 12, 24))
    assert_greedy(select_projection(request), request, slack)


def test_scores_of_a_round_sum_to_what_is_explained():
    rng = np.random.default_rng(2)
    X = random_unit(rng, 300, 16)
    found = select_projection(Request(X, 200))
    total, sums = 0.0, []
    for score in found.scores:
        total += score
        if total >= EXPLAINED:
            sums.append(total)
            total = 0.0
    assert len(sums) >= 200 // 16 - 1
    assert all(EXPLAINED <= one <= 1.0 + 1e-6 for one in sums)
    assert (found.scores > 0.0).all()


def test_axes_by_hand():
    """The target holds 9, 4 and 1 of three axes: they come in this order, then once more."""
    target = np.diag([3.0, 2.0, 1.0])
    X = np.tile(np.eye(3)[::-1], (2, 1))  # rows 2 and 5 are the first axis
    found = select_projection(Request(X, 6, target=target))
    assert found.order.tolist() == [2, 1, 0, 5, 4, 3]
    np.testing.assert_allclose(found.scores, 2 * [9 / 14, 4 / 14, 1 / 14], atol=1e-6)


def test_rows_that_hold_nothing_of_the_target_are_not_picked():
    found = select_projection(Request(np.eye(4), 4, target=np.eye(4)[1:3]))
    assert sorted(found.order.tolist()) == [1, 2]
    assert found.stop_reason is StopReason.NOTHING_ADDED


def test_of_copies_the_first_comes_and_the_next_in_another_round():
    rng = np.random.default_rng(3)
    X = np.repeat(exact_rows(rng, 6), 2, axis=0)
    order = select_projection(Request(X, 12)).order.tolist()
    assert sorted(order) == list(range(12))
    assert all(order.index(row) < order.index(row + 1) for row in range(0, 12, 2))


def test_a_better_row_is_looked_for_more():
    rng = np.random.default_rng(4)
    X = random_unit(rng, 50, 10)
    quality = np.zeros(50)
    quality[31] = 3.0
    assert select_projection(Request(X, 1, quality)).order.tolist() == [31]
    assert select_projection(Request(X, 1)).order.tolist() != [31]


def test_blocks_of_rows_change_nothing(monkeypatch):
    rng = np.random.default_rng(5)
    X, wanted = random_unit(rng, 200, 12).astype(np.float32), random_unit(rng, 30, 12)
    whole = select_projection(Request(X, 60, target=wanted))
    monkeypatch.setattr(information_projection, "ROWS", 17)
    few = select_projection(Request(X, 60, target=wanted))
    assert few.order.tolist() == whole.order.tolist()
    np.testing.assert_allclose(few.scores, whole.scores, atol=1e-6)


def test_an_interruption_and_a_budget_are_told():
    X = random_unit(np.random.default_rng(6), 40, 8)
    found = select_projection(Request(X, 20, cancelled=lambda: True))
    assert (len(found), found.stop_reason) == (0, StopReason.INTERRUPTED)
    found = select_projection(Request(X, 20, budget=TokenBudget(np.full(40, 3), 10)))
    assert (len(found), found.stop_reason) == (3, StopReason.TOKEN_BUDGET)
