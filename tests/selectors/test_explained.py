"""Why rows were picked or left out, against residuals solved from scratch and the textbook loop."""

import numpy as np
import pytest
from tests.greedy.cases import random_unit
from tests.selectors.finished_choices import finished_choice, independent, residual_of

from spanset.base.errors import DataError, SpansetError
from spanset.greedy import shares as shares_module
from spanset.greedy.textbook import reference_greedy
from spanset.kernels.rbf import RBF
from spanset.selectors.choosing import Candidates, Choosing
from spanset.selectors.explained import Explained
from spanset.selectors.finished_choice import FinishedChoice
from spanset.selectors.reasons import first_weights

SEEDS = range(28)
SPENT = 1e-10


def by_hand(case, choice):
    """Given rows, then picks, in their order; and which is which."""
    order = independent(case.given, case.kernel)
    given = case.X[:0] if case.given is None else case.given[order]
    return np.concatenate([given, case.X[choice.picks]]), order


@pytest.fixture(params=SEEDS)
def finished(request):
    case, choice = finished_choice(request.param)
    if not len(choice.picks):
        pytest.skip("all rows repeat given ones")
    return case, choice, Explained.of(choice)


def test_gains_are_those_of_the_loop(finished):
    case, _, explained = finished
    expected = reference_greedy(case.X, case.k, case.kernel, **case.arguments)
    np.testing.assert_allclose(explained.gains(), expected.gains, atol=1e-8)


def test_what_every_pick_took_and_what_is_left_agree_with_residuals_solved_from_scratch(finished):
    case, choice, explained = finished
    points, order = by_hand(case, choice)
    left_out = choice.left_out()
    if not len(left_out):
        pytest.skip("every row is picked")
    prefixes = range(len(points) + 1)
    residuals = np.array(
        [[residual_of(case.X[i], points[:s], case.kernel) for s in prefixes] for i in left_out]
    )
    taken = residuals[:, :-1] - residuals[:, 1:]
    typical = taken.mean(axis=0)
    rows = explained.left_out(left_out)
    for number, reason in enumerate(rows):
        left = residuals[number, -1]
        assert reason.left == pytest.approx(left, abs=1e-7)
        assert reason.typical_left == pytest.approx(np.median(residuals[:, -1]), abs=1e-7)
        for found, values in ((reason.most, taken), (reason.own, taken - typical)):
            place = found.rank - 1 + len(order)
            if not found.rank:
                place = order.tolist().index(found.row)
            else:
                assert choice.picks[found.rank - 1] == found.row
            assert values[number, place] == pytest.approx(values[number].max(), abs=1e-7)
            assert found.share == pytest.approx(taken[number, place], abs=1e-7)
            assert found.typical == pytest.approx(typical[place], abs=1e-7)


def test_spent_rows_name_the_first_row_that_alone_takes_all_of_them(finished):
    case, choice, explained = finished
    points, order = by_hand(case, choice)
    left_out = choice.left_out()
    for row, reason in zip(left_out, explained.left_out(left_out), strict=True):
        copies = [s for s, point in enumerate(points) if np.abs(point - case.X[row]).max() < 1e-12]
        assert (reason.copy_of is not None) == bool(copies)
        if copies:
            assert reason.spent
            assert reason.left == 0.0
            place = copies[0]
            rank = max(0, place - len(order) + 1)
            expected = choice.picks[rank - 1] if rank else order[place]
            assert (reason.copy_of.row, reason.copy_of.rank) == (expected, rank)


def test_the_score_at_the_last_pick_is_the_loops_and_none_is_higher(finished):
    case, choice, explained = finished
    points, _ = by_hand(case, choice)
    left_out = choice.left_out()
    weight = case.quality_weight
    for row, reason in zip(left_out, explained.left_out(left_out), strict=True):
        left = residual_of(case.X[row], points[:-1], case.kernel)
        assert reason.last_score == choice.scores[-1]
        if reason.score is None:
            assert left < 2 * SPENT
            continue
        log_q = 0.0 if case.log_quality is None else case.log_quality[row]
        assert reason.score == pytest.approx(weight * log_q + (1 - weight) * np.log(left), abs=1e-5)
        assert reason.score <= reason.last_score + 1e-6


def test_a_picks_lead_is_over_the_median_quality_and_gain_of_the_rows_that_waited(finished):
    case, choice, explained = finished
    points, order = by_hand(case, choice)
    weight, ranks = case.quality_weight, range(1, len(choice.picks) + 1)
    gains = explained.gains()
    for rank, reason in zip(ranks, explained.picked(ranks), strict=True):
        assert reason.gain == pytest.approx(gains[rank - 1])
        assert reason.median_gain == pytest.approx(np.median(gains))
        assert (reason.lead is None) == (weight == 0.0)
        if reason.lead is None:
            continue
        waiting = np.setdiff1d(np.arange(len(case.X)), choice.picks[: rank - 1])
        before = points[: len(order) + rank - 1]
        left = [residual_of(case.X[i], before, case.kernel) for i in waiting]
        floor = np.exp(-7.0)
        typical = np.median(np.log(np.maximum(left, floor)))
        row = choice.picks[rank - 1]
        log_q = case.log_quality
        quality = weight * (log_q[row] - np.median(log_q[waiting]))
        assert reason.lead.quality == pytest.approx(quality, abs=1e-9)
        own = np.log(max(gains[rank - 1], floor))
        assert reason.lead.diversity == pytest.approx((1 - weight) * (own - typical), abs=1e-5)


def test_the_rank_of_a_row_left_out_is_that_of_a_longer_run(finished):
    case, choice, explained = finished
    k, n = len(choice.picks), len(case.X)
    longer = reference_greedy(case.X, min(2 * k, n), case.kernel, **case.arguments).order.tolist()
    left_out = choice.left_out()
    found = explained.ranks_if_continued(left_out, min(2 * k, n) - k) if k < n else []
    expected = [longer.index(row) + 1 if row in longer else None for row in left_out.tolist()]
    assert found == expected[: len(found)]


@pytest.mark.parametrize("seed", [seed for seed in SEEDS if seed % 3 != 1])
def test_the_first_lambda_is_the_nearest_at_which_a_run_of_the_loop_picks_the_row(seed):
    case, choice = finished_choice(seed)
    if case.log_quality is None or not len(choice.picks):
        pytest.skip("nothing to weigh")
    grid = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    picks = {
        weight: set(
            reference_greedy(
                case.X,
                case.k,
                case.kernel,
                log_quality=case.log_quality,
                quality_weight=weight,
                given=case.given,
            ).order.tolist()
        )
        for weight in grid
    }
    left_out = choice.left_out()
    own = case.quality_weight
    for row, found in zip(left_out, first_weights(choice, left_out, grid), strict=True):
        near = [weight for weight in grid if int(row) in picks[weight] and weight != own]
        if not near:
            assert found is None
            continue
        distance = min(abs(weight - own) for weight in near)
        assert found in near
        assert abs(found - own) == pytest.approx(distance)


def test_a_run_in_float32_is_explained_to_its_precision():
    case, choice = finished_choice(2)
    single = FinishedChoice(
        Candidates(case.X.astype(np.float32), "array", None, case.log_quality, case.given),
        Choosing("dpp", case.quality_weight, "rbf", case.kernel.gamma, dtype="float32"),
        choice.picks,
        choice.scores,
        case.kernel,
        case.k,
    )
    rows = choice.left_out()
    pairs = zip(
        Explained.of(choice).left_out(rows), Explained.of(single).left_out(rows), strict=True
    )
    for exact, about in pairs:
        assert about.left == pytest.approx(exact.left, abs=1e-4)


def large_choice(n=2600, k=30):
    X = random_unit(np.random.default_rng(0), n, 6)
    log_quality = np.random.default_rng(1).normal(size=n)
    picked = reference_greedy(X, k, RBF(), log_quality=log_quality, quality_weight=0.3)
    candidates = Candidates(X, "array", None, log_quality)
    return FinishedChoice(candidates, Choosing("dpp", 0.3), picked.order, picked.scores, RBF(), k)


def test_of_many_rows_some_are_drawn_for_what_is_typical():
    """Two thousand of 2,600 rows: the median of the drawn ones is close to that of all."""
    choice = large_choice()
    explained = Explained.of(choice)
    (reason,) = explained.picked([20])
    waiting = np.setdiff1d(np.arange(len(choice)), choice.picks[:19])
    log_q = choice.candidates.log_quality
    exact = 0.3 * (log_q[choice.picks[19]] - np.median(log_q[waiting]))
    assert reason.lead.quality == pytest.approx(exact, abs=0.02)
    assert explained.picked([20]) == [reason], "the draw is by the seed"


def test_picks_that_repeat_each_other_are_refused():
    _, choice = finished_choice(1)
    picks = np.concatenate([choice.picks, choice.picks[:1]])
    twice = FinishedChoice(
        choice.candidates, choice.how, picks, choice.scores, choice.kernel, len(picks)
    )
    with pytest.raises(DataError, match="repeat each other"):
        Explained.of(twice)


def test_more_picks_than_memory_holds_are_refused_with_a_number_that_fits(monkeypatch):
    choice = large_choice(100)
    monkeypatch.setattr(shares_module, "available_bytes", lambda: 2.5 * 8 * 2**2)
    with pytest.raises(SpansetError, match=r"GiB of memory.*\n.*picks x picks.*\n.*-k 2"):
        Explained.of(choice)
