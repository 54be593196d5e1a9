"""Deduplication against its definition, a loop over all rows in the order of preference."""

from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.greedy.cases import random_unit
from tests.selectors.exact_rows import exact_rows

from spanset.base.unit_rows import unit_rows
from spanset.greedy.budget import TokenBudget
from spanset.greedy.selection import StopReason
from spanset.selectors.dedup import THRESHOLD, preference, select_dedup
from spanset.selectors.request import Request


def by_definition(request, threshold):
    """Rows that stay in order, what stands for each row, and how near that is; one by one."""
    X = request.features.astype(np.float64)
    cosines = X @ X.T
    if request.beside is not None:
        cosines = np.minimum(cosines, request.beside.astype(np.float64) @ request.beside.T)
    quality = np.zeros(len(X)) if request.log_quality is None else request.log_quality
    source = np.zeros(len(X)) if request.precedence is None else request.precedence
    order = sorted(range(len(X)), key=lambda row: (source[row], -quality[row], row))
    same = (X[:, None] == X).all(axis=2)
    if request.beside is not None:
        same &= (request.beside[:, None] == request.beside).all(axis=2)
    stays, stands_for, nearness, seen = [], np.arange(len(X)), np.ones(len(X)), []
    for row in order:
        copies = [one for one in seen if same[one, row]]
        seen.append(row)
        if request.given is not None:
            near = request.given.astype(np.float64) @ X[row]
            if near.max() >= threshold:
                stands_for[row], nearness[row] = -1 - np.argmax(near), near.max()
                continue
        if copies and copies[0] not in stays:  # what stands for the first stands for all
            stands_for[row], nearness[row] = stands_for[copies[0]], nearness[copies[0]]
            continue
        near = cosines[row, stays]
        if len(stays) and near.max() >= threshold:
            stands_for[row], nearness[row] = stays[int(np.argmax(near))], near.max()
        else:
            stays.append(row)
    return stays, stands_for, nearness


def agree(found, request, threshold):
    stays, stands_for, nearness = by_definition(request, threshold)
    assert found.order.tolist() == stays[: request.k]
    assert found.stands_for.tolist() == stands_for.tolist()
    np.testing.assert_allclose(found.nearness, nearness, atol=1e-6)
    assert found.dropped.tolist() == sorted(set(range(len(request.features))) - set(stays))
    is_short = len(stays) < request.k
    assert found.stop_reason is (StopReason.THRESHOLD if is_short else StopReason.REACHED_K)


@st.composite
def requests(draw):
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    n, copies = draw(st.integers(1, 60)), draw(st.booleans())
    X = exact_rows(rng, n, copies=copies)
    parts = draw(st.sampled_from(["row", "both"]))
    before = None
    if parts == "row" and draw(st.booleans()):
        before = np.unique(exact_rows(rng, int(rng.integers(1, 4))), axis=0)
    return Request(
        X,
        int(rng.integers(1, n + 1)),
        np.round(rng.normal(size=n)) if draw(st.booleans()) else None,
        given=before,
        beside=exact_rows(rng, n, copies=copies) if parts == "both" else None,
        precedence=rng.integers(0, 3, n) if draw(st.booleans()) else None,
        # Cosines are multiples of 1/64: at a threshold between, and at one that some have.
        threshold=draw(st.sampled_from([0.35, 0.5, 0.7, 0.75, 0.9, 1.0])),
    )


@settings(max_examples=150, deadline=None)
@given(requests())
def test_the_rows_that_stay_are_those_of_the_definition(request):
    agree(select_dedup(request), request, request.threshold)


@settings(max_examples=40, deadline=None)
@given(requests(), st.sampled_from([0.9, 0.91, 0.95, 1.0]))
def test_another_threshold_takes_no_other_look(request, threshold):
    found = select_dedup(request).at(threshold)
    agree(found, request, threshold)
    assert found.threshold == threshold
    agree(found.at(0.9), request, 0.9)


def test_a_threshold_below_the_pairs_that_are_known_is_refused():
    found = select_dedup(Request(exact_rows(np.random.default_rng(0), 20), 20, threshold=0.95))
    with pytest.raises(ValueError, match=r"known from 0.9 on, not 0.89"):
        found.at(0.89)


def test_no_row_is_dropped_for_one_that_is_dropped():
    """A chain: each row is near the next alone. Of five, every other stays."""
    angles = np.deg2rad([0, 20, 40, 60, 80])
    X = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    found = select_dedup(Request(X, 5, threshold=0.9))  # cos 20 is 0.94, cos 40 is 0.77
    assert found.order.tolist() == [0, 2, 4]
    assert found.stands_for.tolist() == [0, 0, 2, 2, 4]
    best_first = np.array([0.0, 2.0, 0.0, 1.0, 0.0])
    found = select_dedup(Request(X, 5, best_first, threshold=0.9))
    assert found.order.tolist() == [1, 3]
    assert found.stands_for.tolist() == [1, 1, 1, 3, 3]
    assert found.scores.tolist() == [2.0, 1.0]


def test_rows_unlike_each_other_all_stay():
    found = select_dedup(Request(np.eye(6), 6))
    assert found.order.tolist() == list(range(6))
    assert found.threshold == THRESHOLD
    assert not len(found.dropped)
    assert found.stop_reason is StopReason.REACHED_K


def test_of_copies_one_stays_and_a_thousand_make_no_pair():
    found = select_dedup(Request(np.tile(np.eye(2), (1000, 1)), 2000))
    assert found.order.tolist() == [0, 1]
    assert not len(found.again.pairs.pairs)
    assert found.stop_reason is StopReason.THRESHOLD


def test_sources_come_before_quality_and_quality_before_place():
    request = Request(
        np.eye(5), 5, np.array([0.0, 3.0, 1.0, 1.0, 2.0]), precedence=np.array([1, 1, 0, 0, 1])
    )
    assert preference(request).tolist() == [2, 3, 1, 4, 0]


def test_rows_like_given_ones_go_and_drop_no_others():
    angles = np.deg2rad([0, 20, 40])
    X = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    found = select_dedup(Request(X, 3, given=X[:1] * [[1.0, -1.0]], threshold=0.9))
    assert found.stands_for.tolist() == [-1, -1, 2]  # 40 degrees stays: 20 is dropped itself
    assert found.order.tolist() == [2]


def test_a_budget_cuts_the_rows_that_stay():
    request = Request(np.eye(6), 6, budget=TokenBudget(np.full(6, 4), 13))
    found = select_dedup(request)
    assert (found.order.tolist(), found.stop_reason) == ([0, 1, 2], StopReason.TOKEN_BUDGET)
    assert not len(found.dropped)  # as repeats


def test_near_copies_at_random_are_found_and_others_are_not():
    rng = np.random.default_rng(4)
    some = random_unit(rng, 300, 32)
    X = unit_rows(np.repeat(some, 2, axis=0) + 0.01 * rng.normal(size=(600, 32)), np.float32)
    found = select_dedup(Request(X, 600))
    assert found.order.tolist() == list(range(0, 600, 2))
    assert found.stands_for[1::2].tolist() == list(range(0, 600, 2))


@pytest.mark.skipif(find_spec("semhash") is None, reason="semhash is not installed")
@pytest.mark.parametrize("threshold", [0.9, 0.95])
def test_a_peer_with_an_exact_index_keeps_rows_that_stand_for_the_same(threshold):
    from semhash import SemHash
    from vicinity import Backend

    rng = np.random.default_rng(5)
    some = random_unit(rng, 200, 24)[rng.integers(0, 200, 600)]
    X = unit_rows(some + 0.05 * rng.normal(size=some.shape), np.float32)
    names = [str(row) for row in range(len(X))]
    peer = SemHash.from_embeddings(X, names, model=None, ann_backend=Backend.BASIC)
    theirs = peer.self_deduplicate(threshold)
    ours = select_dedup(Request(X, len(X), threshold=threshold))
    assert sorted(ours.order.tolist()) == sorted(int(name) for name in theirs.selected)
    for one in theirs.filtered:
        assert ours.stands_for[int(one.record)] == int(one.duplicate_of)
        assert ours.nearness[int(one.record)] == pytest.approx(one.score, abs=1e-5)
