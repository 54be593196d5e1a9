"""What kcenter, deita, dedup and target say of rows, against slow ways on small cases."""

from __future__ import annotations

import numpy as np
import pytest
from tests.greedy.cases import random_unit

from spanset.selectors.choosing import Candidates, Choosing, choose_rows
from spanset.selectors.finished_choice import FinishedChoice
from spanset.selectors.other_reasons import (
    dedup_reasons,
    deita_reasons,
    facility_reasons,
    kcenter_reasons,
    target_reasons,
)

SEEDS = range(8)
NEAR = 5e-6  # cosines are on a grid of 3.8e-6


def finished(method, X, k, *, threshold=None, **candidates):
    """The choice of a method, and the cosines of all rows."""
    found = Candidates(X, **candidates)
    how = Choosing(method, threshold=threshold)
    picks, kernel = choose_rows(found, k, how)
    return FinishedChoice(found, how, picks.order, picks.scores, kernel, k), X @ X.T


def case(seed, n=40, d=4):
    """Rows with a copy, given rows that one of them repeats, and qualities with ties."""
    rng = np.random.default_rng(seed)
    X = random_unit(rng, n, d)
    X[7] = X[3]
    given = np.concatenate([random_unit(rng, 2, d), X[5:6]]) if seed % 2 else None
    return rng, X, given, rng.integers(0, 12, n).astype(float)


@pytest.mark.parametrize("seed", SEEDS)
def test_distances_are_to_the_picks_before_and_of_rows_left_out_to_all(seed):
    _, X, given, _ = case(seed)
    keep = np.array([9, 2]) if seed % 3 == 0 else np.zeros(0, np.int64)
    choice, cosines = finished("kcenter", X, 12, given=given, kept=keep)
    found = kcenter_reasons(choice, np.arange(len(X)))
    for row, one in enumerate(found):
        rank = int(choice.ranks()[row])
        before = choice.picks[: rank - 1] if rank else choice.picks
        near = list(cosines[row, before]) + ([] if given is None else list(X[row] @ given.T))
        if (rank and row in keep) or not near:
            assert one.distance is None
            continue
        expected = np.sqrt(max(0.0, 2 - 2 * max(near)))
        assert one.distance == pytest.approx(expected, abs=4e-3 if expected < 1e-2 else 1e-4)
        assert one.last == pytest.approx(choice.scores[-1])
        if rank == 0:
            assert one.distance <= one.last + 1e-9, "none is farther than the last pick was"


@pytest.mark.parametrize("seed", SEEDS)
def test_coverage_is_what_a_row_adds_to_the_mean_of_the_highest_similarities(seed):
    _, X, given, _ = case(seed)
    keep = np.array([9, 2]) if seed % 3 == 0 else np.zeros(0, np.int64)
    choice, _ = finished("facility", X, 9, given=given, kept=keep)
    rest = np.setdiff1d(np.arange(len(X)), keep)

    def similar(rows):
        return choice.kernel.block(rows, X[rest]).max(axis=0, initial=0.0)

    ranks = choice.ranks()
    start = np.zeros(len(rest)) if given is None else similar(given)
    for row, one in enumerate(facility_reasons(choice, np.arange(len(X)))):
        if row in keep:
            assert one.added is None
            continue
        before = choice.picks[: ranks[row] - 1] if ranks[row] else choice.picks
        before = np.union1d(before, keep)
        cover = np.maximum(start, similar(X[before])) if len(before) else start
        more = np.maximum(similar(X[[row]]) - cover, 0.0).mean()
        assert one.added == pytest.approx(more, abs=2e-5)
        assert one.last == pytest.approx(choice.scores[-1])
        if not ranks[row]:
            assert one.added <= one.last + 1e-6, "none would add more than the last pick did"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("threshold", [None, 0.5])
def test_a_row_is_too_near_to_the_first_better_pick_or_behind_the_last(seed, threshold):
    _, X, given, quality = case(seed)
    choice, cosines = finished("deita", X, 9, threshold=threshold, log_quality=quality, given=given)
    bar = 0.9 if threshold is None else threshold
    order = sorted(range(len(X)), key=lambda row: (-quality[row], row))
    ranks = choice.ranks()
    last = max(order.index(row) for row in choice.picks) + 1
    kinds = set()
    for row, one in enumerate(deita_reasons(choice, np.arange(len(X)))):
        assert (one.place, one.last_place, one.rows) == (order.index(row) + 1, last, len(X))
        assert one.threshold == bar
        if ranks[row]:
            assert one.other is None
            continue
        better = [pick for pick in choice.picks if order.index(pick) < order.index(row)]
        near = [pick for pick in better if cosines[row, pick] >= bar - NEAR]
        of_given = [] if given is None else np.flatnonzero(X[row] @ given.T >= bar - NEAR).tolist()
        if near:
            assert (one.other.row, one.other.rank) == (near[0], ranks[near[0]])
            assert one.other.cosine == pytest.approx(cosines[row, near[0]], abs=NEAR)
        elif of_given:
            assert (one.other.row, one.other.rank) == (of_given[0], 0)
        else:
            assert one.other is None
            assert one.place > last
        kinds.add("near" if one.other else "behind")
    assert kinds >= ({"near", "behind"} if threshold is None else {"near"})


@pytest.mark.parametrize("seed", SEEDS)
def test_a_repeat_names_the_row_that_stays_for_it(seed):
    _, X, given, quality = case(seed)
    own = {"given": given, "log_quality": quality if seed % 3 else None}
    choice, cosines = finished("dedup", X, len(X), threshold=0.8, **own)
    ranks = choice.ranks()
    assert 0 < len(choice.picks) < len(X)
    for row, one in enumerate(dedup_reasons(choice, np.arange(len(X)))):
        assert one.threshold == 0.8
        assert (one.other is None) == bool(ranks[row])
        if one.other is None:
            continue
        assert one.other.cosine >= 0.8
        if one.other.rank:
            assert ranks[one.other.row] == one.other.rank
            assert one.other.cosine == pytest.approx(cosines[row, one.other.row], abs=NEAR)
        else:
            assert one.other.cosine == pytest.approx(float((X[row] @ given.T).max()), abs=NEAR)


def test_of_a_deduplication_cut_short_a_row_that_stays_repeats_nothing():
    _, X, _, _ = case(0)
    choice, _ = finished("dedup", X, 5, threshold=0.999)
    picked, copy, behind = dedup_reasons(choice, np.array([3, 7, 20]))
    assert picked.other is None
    assert (copy.other.row, copy.other.rank) == (3, 4)
    assert behind.other is None


@pytest.mark.parametrize("seed", SEEDS)
def test_each_pick_is_told_with_the_target_row_that_took_it_and_its_round(seed):
    rng, X, _, _ = case(seed)
    target = random_unit(rng, 3, X.shape[1])
    keep = np.array([9, 2]) if seed % 2 else np.zeros(0, np.int64)
    choice, _ = finished("target", X, 11, target=target, kept=keep)
    cosines = X @ target.T
    taken, by = set(keep.tolist()), {}
    for turn in range(11 - len(keep)):
        left = [row for row in range(len(X)) if row not in taken]
        row = max(left, key=lambda one: (round(cosines[one, turn % 3], 5), -one))
        by[row] = (turn % 3, turn // 3 + 1)
        taken.add(row)
    assert choice.picks.tolist() == [*keep, *by]
    for row, one in enumerate(target_reasons(choice, np.arange(len(X)))):
        if row in by:
            assert (one.target_row, one.turn, one.other) == (*by[row], None)
        else:
            assert one.target_row == cosines[row].argmax()
            assert one.turn is None
        assert one.cosine == pytest.approx(cosines[row, one.target_row], abs=NEAR)
        own = [pick for pick, (number, _) in by.items() if number == one.target_row]
        assert one.took == len(own)
        if row not in taken:
            assert (one.other.row, one.other.rank) == (own[-1], choice.ranks()[own[-1]])
            assert one.other.cosine == pytest.approx(cosines[own[-1], one.target_row], abs=NEAR)
            assert one.other.cosine >= one.cosine - NEAR, "it took what is nearer"


def test_more_target_rows_than_picks_leave_some_that_took_none():
    X = np.eye(4)
    target = np.array([[1.0, 0, 0, 0], [0, 1, 0.1, 0], [0, 0, 0, 1]])
    choice, _ = finished("target", X, 2, target=target)
    (left,) = target_reasons(choice, np.array([3]))
    assert (left.target_row, left.took, left.other, left.turn) == (2, 0, None, None)
