"""Pools of which picks span hardly more than random rows."""

import numpy as np
import pytest
from tests.runs.finished_cases import case_of, clusters, found, names, uniform, without_gains

from spanset.diversity.verdict import NO_HEADROOM


def test_uniform_points_leave_no_room():
    sign = found(case_of(uniform()), "no-room")
    assert 1.0 < sign.numbers["ratio"] < NO_HEADROOM


def test_a_cross_polytope_leaves_no_room():
    X = np.concatenate([np.eye(1000), -np.eye(1000)]).astype(np.float32)
    assert names(case_of(X)) == ["no-room"]


def test_rows_in_clusters_leave_room():
    assert names(case_of(clusters(spread=0.6))) == []


def test_most_of_a_pool_is_like_random_rows_by_arithmetic():
    X = clusters(300)
    case = case_of(X, 290)
    sizes = [case.log_det_per_row(name) for name in ("picked", "random")]
    assert np.exp(sizes[0] - sizes[1]) < NO_HEADROOM
    assert names(case) == []


def test_a_quality_that_is_weighed_takes_volume_for_its_own_sake():
    log_quality = np.random.default_rng(0).normal(size=2000)
    for weight in (0.1, 1.0):
        assert "no-room" not in names(case_of(uniform(), log_quality=log_quality, weight=weight))


@pytest.mark.parametrize("method", ["other", "without random rows"])
def test_nothing_is_compared_where_there_is_nothing_to_compare(method):
    X = uniform()
    if method == "other":
        assert names(case_of(X, picks=without_gains(np.arange(200), 2000))) == []
    else:
        case = case_of(X)
        object.__setattr__(case, "summaries", case.summaries[:2])
        assert names(case) == []
