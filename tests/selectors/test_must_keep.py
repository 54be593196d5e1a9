"""Rows that have to be kept come first; each method chooses the others beside them."""

import numpy as np
import pytest
from tests.greedy.cases import random_unit

from spanset.base.errors import UsageError
from spanset.greedy.blocked import blocked_greedy
from spanset.greedy.budget import TokenBudget
from spanset.greedy.quotas import Quotas
from spanset.greedy.selection import StopReason
from spanset.kernels.rbf import RBF
from spanset.selectors.methods import METHODS
from spanset.selectors.must_keep import after_kept
from spanset.selectors.request import Request

N = 120
KEEPING = [name for name, method in METHODS.items() if "keep" in method.takes]
KEPT = np.array([70, 3, 44, 101, 9])


@pytest.fixture
def asked():
    rng = np.random.default_rng(0)
    X, quality, target = random_unit(rng, N, 10), rng.normal(size=N), random_unit(rng, 7, 10)

    def make(k, **changes):
        return Request(X, k, quality, 0.1, target=target, **changes)

    return make


def of_others(request, kept, **changes):
    """What is asked of the rows that are not kept, made anew; and which they are."""
    rest = np.setdiff1d(np.arange(N), kept)
    own = Request(
        request.features[rest],
        request.k - len(kept),
        request.log_quality[rest],
        request.quality_weight,
        target=request.target,
        **changes,
    )
    return own, rest


def test_every_method_but_dedup_keeps():
    assert set(METHODS) - set(KEEPING) == {"dedup"}


@pytest.mark.parametrize("method", KEEPING)
def test_kept_rows_come_first_and_there_are_k_in_all(method, asked):
    found = after_kept(asked(30), KEPT, METHODS[method].choose)
    assert found.order[:5].tolist() == KEPT.tolist()
    assert len(set(found.order.tolist())) == len(found) == 30
    assert len(found.gains) == len(found.scores) == 30
    assert np.isnan(found.scores[:5]).all()
    assert found.candidates == N
    assert found.stop_reason is StopReason.REACHED_K


@pytest.mark.parametrize("method", KEEPING)
def test_the_others_are_chosen_as_if_the_kept_rows_were_given(method, asked):
    how = {"threshold": 0.5} if method == "deita" else {}
    request = asked(30, **how)
    found = after_kept(request, KEPT, METHODS[method].choose)
    given = request.features[KEPT] if "given" in METHODS[method].takes else None
    own, rest = of_others(request, KEPT, given=given, **how)
    alone = METHODS[method].choose(own)
    assert found.order[5:].tolist() == rest[alone.order].tolist()
    np.testing.assert_array_equal(found.scores[5:], alone.scores)
    if given is not None:  # they count
        own, _ = of_others(request, KEPT, **how)
        assert found.order[5:].tolist() != rest[METHODS[method].choose(own).order].tolist()


def test_gains_of_dpp_are_those_of_the_whole_order(asked):
    request = asked(30)
    found = after_kept(request, KEPT, METHODS["dpp"].choose)
    expected = blocked_greedy(
        request.features,
        30,
        RBF(),
        log_quality=request.log_quality,
        quality_weight=0.1,
        given=request.features[KEPT],
    )
    assert found.order[5:].tolist() == expected.order[:25].tolist()
    kernel = RBF().block(request.features[found.order], request.features[found.order])
    assert found.log_det == pytest.approx(np.linalg.slogdet(kernel).logabsdet, abs=1e-8)


def test_rows_that_are_given_count_beside_those_that_are_kept(asked):
    before = random_unit(np.random.default_rng(1), 4, 10)
    request = asked(20, given=before)
    found = after_kept(request, KEPT, METHODS["dpp"].choose)
    own, rest = of_others(request, KEPT, given=np.concatenate([before, request.features[KEPT]]))
    assert found.order[5:].tolist() == rest[METHODS["dpp"].choose(own).order].tolist()
    points = np.concatenate([before, request.features[found.order]])
    all_of_them, given = (np.linalg.slogdet(RBF().block(one, one))[1] for one in (points, before))
    assert found.log_det == pytest.approx(all_of_them - given, abs=1e-8)


@pytest.mark.parametrize("method", KEEPING)
def test_none_to_keep_changes_nothing(method, asked):
    request, choose = asked(15), METHODS[method].choose
    assert after_kept(request, KEPT[:0], choose).order.tolist() == choose(request).order.tolist()


@pytest.mark.parametrize("method", KEEPING)
def test_kept_rows_may_be_all(method, asked):
    found = after_kept(asked(5), KEPT, METHODS[method].choose)
    assert found.order.tolist() == KEPT.tolist()
    assert found.stop_reason is StopReason.REACHED_K
    found = after_kept(asked(N), np.arange(N)[::-1], METHODS[method].choose)
    assert found.order.tolist() == list(range(N))[::-1]


@pytest.mark.parametrize("method", KEEPING)
def test_kept_rows_use_tokens(method, asked):
    counts = np.random.default_rng(2).integers(1, 50, N)
    limit = int(counts[KEPT].sum()) + 200
    request = asked(N, budget=TokenBudget(counts, limit))
    found = after_kept(request, KEPT, METHODS[method].choose)
    assert found.order[:5].tolist() == KEPT.tolist()
    assert limit - 50 < counts[found.order].sum() <= limit
    assert found.stop_reason is StopReason.TOKEN_BUDGET


def test_tokens_that_the_kept_rows_use_up_end_the_run(asked):
    counts = np.full(N, 10)
    found = after_kept(asked(N, budget=TokenBudget(counts, 59)), KEPT, METHODS["dpp"].choose)
    assert found.order.tolist() == KEPT.tolist()
    assert found.stop_reason is StopReason.TOKEN_BUDGET
    assert found.candidates == N


@pytest.mark.parametrize("method", [one for one in KEEPING if "shares" in METHODS[one].takes])
def test_kept_rows_count_for_the_shares(method, asked):
    groups = np.arange(N) % 3
    quotas = Quotas(groups, np.array([10, 0, 6]), np.array([12, 3, 20]), 20, ("a", "b", "c"))
    kept = np.array([1, 4, 7, 0])  # all three that may be of b
    found = after_kept(asked(20, quotas=quotas), kept, METHODS[method].choose)
    assert found.order[:4].tolist() == kept.tolist()
    counts = np.bincount(groups[found.order])
    assert counts[1] == 3
    assert counts[0] in (10, 11, 12)
    assert counts.sum() == 20


def test_more_to_keep_than_there_is_room_for_is_refused(asked):
    choose = METHODS["random"].choose
    with pytest.raises(UsageError, match="5 rows have to be kept, k is 4"):
        after_kept(asked(4), KEPT, choose)
    with pytest.raises(UsageError, match="the rows to keep have 50 tokens"):
        after_kept(asked(20, budget=TokenBudget(np.full(N, 10), 49)), KEPT, choose)
    groups = np.arange(N) % 3
    quotas = Quotas(groups, np.zeros(3, int), np.array([20, 2, 20]), 20, ("a", "b", "c"))
    with pytest.raises(UsageError, match="than the share of 'b' allows"):
        after_kept(asked(20, quotas=quotas), np.array([1, 4, 7]), choose)
    quotas = Quotas(groups, np.array([4, 0, 0]), np.full(3, 5), 5, ("a", "b", "c"))
    with pytest.raises(UsageError, match="leave 3 picks, the shares need 4 more"):
        after_kept(asked(5, quotas=quotas), np.array([1, 4]), choose)
    with pytest.raises(UsageError, match="leave 0 picks, the shares need 4 more"):
        after_kept(asked(5, quotas=quotas), np.array([1, 4, 2, 5, 8]), choose)
