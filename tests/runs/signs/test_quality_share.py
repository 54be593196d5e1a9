"""Qualities that drown diversity, or are not heard."""

import numpy as np
import pytest
from tests.runs.finished_cases import case_of, clusters, found, names, without_gains

from spanset.greedy.blocked import blocked_greedy
from spanset.runs.diagnosis import diagnose
from spanset.runs.signs.quality_share import top_overlap

X = clusters()
RNG = np.random.default_rng(4)
HEAVY = RNG.standard_cauchy(len(X))
NARROW = np.log(RNG.normal(100.0, 1.0, len(X)))
PLAIN = RNG.normal(size=len(X))


def test_a_heavy_tail_at_a_large_lambda_drowns_diversity():
    sign = found(case_of(X, log_quality=HEAVY, weight=0.9), "quality-alone")
    assert sign.numbers["top_overlap"] > 0.9
    assert 0.0 < sign.numbers["balanced_lambda"] < 0.5
    assert f"--lambda {sign.numbers['balanced_lambda']:.2g}" in sign.fix


def test_the_lambda_that_is_advised_is_silent_and_weighs_both():
    advised = found(case_of(X, log_quality=HEAVY, weight=0.9), "quality-alone").numbers
    case = case_of(X, log_quality=HEAVY, weight=advised["balanced_lambda"])
    assert names(case) == []
    assert 0.1 < top_overlap(case) < 0.9


def test_the_usual_lambda_with_a_usual_quality_is_silent():
    assert names(case_of(X, log_quality=PLAIN, weight=0.1)) == []


def test_rows_that_span_no_more_than_random_ones_are_told_below_full_overlap():
    to_one_side = 3.0 * X[:, 0].astype(float) + 0.3 * PLAIN  # the best rows are neighbours
    case = case_of(X, log_quality=to_one_side, weight=0.7)
    assert 0.5 < top_overlap(case) < 0.9
    sign = found(case, "quality-alone")
    assert "no more than random rows" in sign.what
    assert sign.numbers["picked_log_det_per_row"] < sign.numbers["random_log_det_per_row"]


def test_a_quality_that_hardly_differs_is_not_heard():
    sign = found(case_of(X, log_quality=NARROW, weight=0.1), "quality-unheard")
    assert sign.numbers["ratio"] < 0.05
    assert sign.numbers["balanced_lambda"] > 0.5
    case = case_of(X, log_quality=NARROW, weight=sign.numbers["balanced_lambda"])
    assert names(case) == []
    assert top_overlap(case) > 0.2


def test_few_good_rows_among_equal_ones_are_heard():
    log_quality = np.where(np.arange(len(X)) % 10 == 0, 1.0, 0.0)
    assert "quality-unheard" not in names(case_of(X, log_quality=log_quality, weight=0.5))


def test_given_rows_count_where_lambda_is_advised():
    given = X[:500].astype(float)
    picks = blocked_greedy(
        X[500:].astype(float),
        200,
        case_of(X).kernel,
        given=given,
        log_quality=NARROW[500:],
        quality_weight=0.1,
    )
    case = case_of(X[500:], picks=picks, log_quality=NARROW[500:], weight=0.1, given=given)
    alone = case_of(X[500:], picks=picks, log_quality=NARROW[500:], weight=0.1)
    advised = [found(one, "quality-unheard").numbers["balanced_lambda"] for one in (case, alone)]
    assert advised[0] != advised[1]


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_a_quality_that_is_to_do_nothing_or_all_is_not_spoken_of(weight):
    assert names(case_of(X, log_quality=HEAVY, weight=weight)) == []


def test_methods_that_do_not_weigh_quality_are_not_told_of_it():
    order = np.argsort(-HEAVY)[:200]
    picks = without_gains(order, len(X), HEAVY[order])
    assert names(case_of(X, picks=picks, log_quality=HEAVY, weight=0.1)) == []


def test_most_of_a_pool_overlaps_with_its_best_rows_by_arithmetic():
    assert "quality-alone" not in names(case_of(X[:300], 200, log_quality=HEAVY[:300], weight=0.9))


@pytest.mark.parametrize("largest", [1e308, 1e-300])
def test_qualities_of_any_size_are_compared(largest):
    for log_quality in (PLAIN / np.abs(PLAIN).max() * largest, np.eye(1, len(X))[0] * largest):
        for weight in (0.1, 0.9):
            for sign in diagnose(case_of(X, log_quality=log_quality, weight=weight)):
                assert np.isfinite(list(sign.numbers.values())).all()


def test_copies_among_the_picks_of_a_quality_do_not_break_it():
    copies = np.repeat(X[:400], 5, axis=0) + 1e-4 * RNG.normal(size=(2000, 64))
    copies = (copies / np.linalg.norm(copies, axis=1, keepdims=True)).astype(np.float32)
    together = np.repeat(HEAVY[:400], 5)
    assert "quality-alone" in names(case_of(copies, log_quality=together, weight=0.95))
