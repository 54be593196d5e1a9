"""Invariants that every method keeps, and what sets each apart."""

import numpy as np
import pytest

from spanset.base.errors import UsageError
from spanset.base.unit_rows import unit_rows
from spanset.greedy.budget import TokenBudget
from spanset.greedy.selection import StopReason
from spanset.selectors.methods import METHODS, check_method, method_named
from spanset.selectors.request import Request


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
        found = method_named(method).choose(request_of(120))
        assert len(set(found.order.tolist())) == len(found) == 120
        assert found.stop_reason is StopReason.REACHED_K
        assert len(found.gains) == len(found.scores) == 120

    def test_the_order_is_nested(self, method, request_of):
        long, short = (method_named(method).choose(request_of(k)).order for k in (200, 50))
        assert long[:50].tolist() == short.tolist()

    def test_the_same_seed_gives_the_same_picks(self, method, request_of):
        one, two = (method_named(method).choose(request_of(60, seed=5)).order for _ in range(2))
        assert one.tolist() == two.tolist()

    def test_a_token_budget_is_kept_and_used_up(self, method, request_of):
        counts = np.random.default_rng(1).integers(1, 50, 300)
        budget = TokenBudget(counts, 700)
        found = method_named(method).choose(request_of(budget.most_rows, budget=budget))
        longer = method_named(method).choose(request_of(len(found) + 1)).order
        assert counts[found.order].sum() <= 700 < counts[longer].sum()
        assert found.stop_reason is StopReason.TOKEN_BUDGET


def test_random_picks_depend_on_the_seed(request_of):
    one, two = (method_named("random").choose(request_of(60, seed=seed)).order for seed in (0, 1))
    assert one.tolist() != two.tolist()


def test_top_sorts_by_quality(request_of):
    request = request_of(40)
    assert (
        method_named("top").choose(request).order.tolist()
        == np.argsort(-request.log_quality)[:40].tolist()
    )


def test_a_method_is_refused_that_has_nothing_to_choose_by():
    with pytest.raises(UsageError, match="top sorts by quality"):
        check_method("top", has_given=False, has_quality=False)
    assert check_method("top", has_given=False, has_quality=True) is METHODS["top"]


@pytest.mark.parametrize("method", ["random", "top"])
def test_a_method_is_refused_that_does_not_look_at_given_rows(method):
    with pytest.raises(UsageError, match=f"{method} does not look at given rows"):
        check_method(method, has_given=True, has_quality=True)


def test_an_unknown_method_is_refused():
    with pytest.raises(UsageError, match="best"):
        method_named("best")


def test_top_takes_the_first_of_equals():
    request = Request(np.eye(4), 4, np.array([1.0, 2.0, 2.0, 1.0]))
    found = method_named("top").choose(request)
    assert found.order.tolist() == [1, 2, 0, 3]
    assert found.scores.tolist() == [2.0, 2.0, 1.0, 1.0]
