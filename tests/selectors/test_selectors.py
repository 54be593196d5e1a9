"""Invariants that every method keeps, and what sets each apart."""

import numpy as np
import pytest

from spanset.base.errors import UsageError
from spanset.base.unit_rows import unit_rows
from spanset.greedy.budget import TokenBudget
from spanset.greedy.quotas import Quotas
from spanset.greedy.selection import StopReason
from spanset.selectors.methods import METHODS, OPTIONS, check_method, method_named, taking
from spanset.selectors.request import Request


@pytest.fixture
def request_of():
    rng = np.random.default_rng(0)
    X, q = unit_rows(rng.normal(size=(300, 16)), float), rng.normal(size=300)
    target = unit_rows(rng.normal(size=(20, 16)), float)

    def make(k, **changes):
        return Request(X, k, q, 0.1, target=target, **changes)

    return make


def methods_that(holds):
    return [name for name, method in METHODS.items() if holds(method)]


@pytest.mark.parametrize("method", METHODS)
class TestEveryMethod:
    def test_picks_are_unique_and_as_many_as_wanted(self, method, request_of):
        found = method_named(method).choose(request_of(120))
        assert len(set(found.order.tolist())) == len(found) == 120
        assert found.stop_reason is StopReason.REACHED_K
        assert len(found.gains) == len(found.scores) == 120
        assert found.order.dtype == np.int64
        assert found.gains.dtype == found.scores.dtype == np.float64
        assert found.candidates == 300

    @pytest.mark.parametrize("k", [1, 300])
    def test_one_row_and_all_rows_can_be_picked(self, method, request_of, k):
        found = method_named(method).choose(request_of(k))
        assert sorted(set(found.order.tolist())) == sorted(found.order.tolist())
        assert len(found) == k

    def test_the_same_seed_gives_the_same_picks(self, method, request_of):
        one, two = (method_named(method).choose(request_of(60, seed=5)).order for _ in range(2))
        assert one.tolist() == two.tolist()

    def test_what_is_asked_is_not_changed(self, method, request_of):
        request = request_of(60)
        before = [part.copy() for part in (request.features, request.log_quality, request.target)]
        method_named(method).choose(request)
        after = (request.features, request.log_quality, request.target)
        assert all(np.array_equal(x, y) for x, y in zip(before, after, strict=True))

    def test_rows_of_both_precisions_are_taken(self, method, request_of):
        request = request_of(40)
        single = Request(request.features.astype(np.float32), 40, request.log_quality, 0.1)
        single = Request(**{**vars(single), "target": request.target.astype(np.float32)})
        one, two = (method_named(method).choose(each).order for each in (request, single))
        assert len(np.intersect1d(one, two)) >= 38  # but for near-ties

    def test_a_token_budget_is_kept_and_used_up(self, method, request_of):
        counts = np.random.default_rng(1).integers(1, 50, 300)
        budget = TokenBudget(counts, 700)
        k = budget.most_rows
        found = method_named(method).choose(request_of(k, budget=budget))
        unbounded = method_named(method).choose(request_of(k)).order
        assert found.order.tolist() == unbounded[: len(found)].tolist()
        assert counts[found.order].sum() <= 700 < counts[unbounded[: len(found) + 1]].sum()
        assert found.stop_reason is StopReason.TOKEN_BUDGET


@pytest.mark.parametrize("method", methods_that(lambda method: method.is_nested))
def test_the_order_is_nested(method, request_of):
    long, short = (method_named(method).choose(request_of(k)).order for k in (200, 50))
    assert long[:50].tolist() == short.tolist()


def test_kmeans_alone_is_not_nested():
    assert methods_that(lambda method: not method.is_nested) == ["kmeans"]


@pytest.mark.parametrize("method", methods_that(lambda method: "shares" in method.takes))
def test_shares_are_kept(method, request_of):
    groups = np.random.default_rng(2).integers(0, 3, 300)
    quotas = Quotas(groups, np.array([0, 10, 45]), np.array([12, 60, 60]), 80, ("a", "b", "c"))
    found = method_named(method).choose(request_of(80, quotas=quotas))
    counts = np.bincount(groups[found.order])
    assert len(set(found.order.tolist())) == 80
    assert (counts >= quotas.least).all()
    assert (counts <= quotas.most).all()
    assert found.stop_reason is StopReason.REACHED_K


@pytest.mark.parametrize("method", methods_that(lambda method: "given" in method.takes))
def test_copies_of_given_rows_are_not_picked(method, request_of):
    given = request_of(1).features[20:140]
    found = method_named(method).choose(request_of(300, given=given))
    assert not set(found.order.tolist()) & set(range(20, 140))
    assert len(found) == 180
    by_threshold = method in ("dedup", "deita")
    reason = StopReason.THRESHOLD if by_threshold else StopReason.EXHAUSTED
    assert found.stop_reason is reason


def test_random_picks_depend_on_the_seed(request_of):
    one, two = (method_named("random").choose(request_of(60, seed=seed)).order for seed in (0, 1))
    assert one.tolist() != two.tolist()


def test_top_sorts_by_quality(request_of):
    request = request_of(40)
    assert (
        method_named("top").choose(request).order.tolist()
        == np.argsort(-request.log_quality)[:40].tolist()
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("option", OPTIONS)
def test_a_method_is_refused_with_an_option_that_it_ignores(method, option):
    own = METHODS[method]
    options = own.needs | {option}
    if option in own.takes or option == "quality":  # tables show the quality
        assert check_method(method, options) is own
        return
    with pytest.raises(UsageError, match=f"{method} does not take {OPTIONS[option]}") as error:
        check_method(method, options)
    assert taking(option) in error.value.fix


@pytest.mark.parametrize("method", METHODS)
def test_a_method_is_refused_without_what_it_needs(method):
    own = METHODS[method]
    assert check_method(method, own.needs) is own
    for option in own.needs:
        with pytest.raises(UsageError, match=f"{method} needs {OPTIONS[option]}"):
            check_method(method, own.needs - {option})


def test_options_are_known_by_one_name():
    for method in METHODS.values():
        assert method.needs <= method.takes <= set(OPTIONS)
    assert methods_that(lambda method: method.needs) == ["top", "deita", "target"]
    assert methods_that(lambda method: method.may_lack_k) == ["dedup"]
    assert methods_that(lambda method: method.holds_factor) == ["dpp"]


def test_an_unknown_method_is_refused():
    with pytest.raises(UsageError, match="best"):
        method_named("best")


def test_top_takes_the_first_of_equals():
    request = Request(np.eye(4), 4, np.array([1.0, 2.0, 2.0, 1.0]))
    found = method_named("top").choose(request)
    assert found.order.tolist() == [1, 2, 0, 3]
    assert found.scores.tolist() == [2.0, 2.0, 1.0, 1.0]
