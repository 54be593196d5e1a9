"""Invariants that every method keeps, and what sets each apart."""

import numpy as np
import pytest

from spanset.errors import UsageError
from spanset.features import unit_rows
from spanset.greedy import TokenBudget
from spanset.results import StopReason
from spanset.selectors import METHODS, Request, selector


@pytest.fixture
def request_of():
    rng = np.random.default_rng(0)
    X, q = unit_rows(rng.normal(size=(300, 16)), float), rng.normal(size=300)

    def make(k, **changes):
        return Request(X, k, q, 0.1, **changes)

    return make


@pytest.mark.parametrize("method", METHODS)
class TestEveryMethod:
    def test_picks_are_unique_and_as_many_as_wanted(self, method, request_of):
        found = selector(method)(request_of(120))
        assert len(set(found.order.tolist())) == len(found) == 120
        assert found.stop_reason is StopReason.REACHED_K
        assert len(found.gains) == len(found.scores) == 120

    def test_the_order_is_nested(self, method, request_of):
        long, short = (selector(method)(request_of(k)).order for k in (200, 50))
        assert long[:50].tolist() == short.tolist()

    def test_the_same_seed_gives_the_same_picks(self, method, request_of):
        one, two = (selector(method)(request_of(60, seed=5)).order for _ in range(2))
        assert one.tolist() == two.tolist()

    def test_a_token_budget_is_kept_and_used_up(self, method, request_of):
        counts = np.random.default_rng(1).integers(1, 50, 300)
        budget = TokenBudget(counts, 700)
        found = selector(method)(request_of(budget.most_rows, budget=budget))
        longer = selector(method)(request_of(len(found) + 1)).order
        assert counts[found.order].sum() <= 700 < counts[longer].sum()
        assert found.stop_reason is StopReason.TOKEN_BUDGET


def test_random_picks_depend_on_the_seed(request_of):
    one, two = (selector("random")(request_of(60, seed=seed)).order for seed in (0, 1))
    assert one.tolist() != two.tolist()


def test_top_sorts_by_quality(request_of):
    request = request_of(40)
    assert selector("top")(request).order.tolist() == np.argsort(-request.log_quality)[:40].tolist()


def test_top_without_quality_is_refused():
    with pytest.raises(UsageError, match="top"):
        selector("top")(Request(np.eye(3), 2))


def test_an_unknown_method_is_refused():
    with pytest.raises(UsageError, match="best"):
        selector("best")
