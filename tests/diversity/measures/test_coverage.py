"""Coverage, against scikit-learn's search and a loop over pairs."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from spanset.base.unit_rows import unit_rows
from spanset.diversity.measures.coverage import Coverage
from spanset.diversity.sample import Sample


def rows(m, d, seed=0):
    return unit_rows(np.random.default_rng(seed).normal(size=(m, d)), np.float32)


def value(X, population):
    estimate = Coverage()(Sample(X, population))
    assert estimate.standard_error == 0.0
    return estimate.value


def test_three_points_by_hand():
    """The sample is one axis. Of the population it lacks the other, and a row between the two."""
    X = np.array([[1, 0]], np.float32)
    between = [np.sqrt(0.5), np.sqrt(0.5)]
    population = np.array([[1, 0], [0, 1], between], np.float32)
    assert value(X, population) == pytest.approx((0 + np.sqrt(0.5)) / 2)


@pytest.mark.parametrize("seed", range(4))
def test_equal_to_scikit_learn_where_the_sample_holds_no_row_of_the_population(seed):
    X, population = rows(300, 7, seed), rows(1_100, 7, seed + 10)
    search = NearestNeighbors(n_neighbors=1, metric="cosine", algorithm="brute").fit(X)
    expected = 1 - search.kneighbors(population)[0].mean()
    assert value(X, population) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_equal_to_a_loop_where_rows_are_shared_and_repeated(seed):
    X, others = rows(40, 5, seed), rows(30, 5, seed + 10)
    X[30:] = X[:10]
    population = np.concatenate([X[:20], others, X[:5], others[:7]])
    covered = [
        max(float(row @ own) for own in X)
        for row in population
        if not any(np.array_equal(row, own) for own in X)
    ]
    assert len(covered) == 37
    assert value(X, population) == pytest.approx(np.mean(covered), abs=1e-6)


def test_a_zero_of_either_sign_makes_equal_rows():
    X = np.array([[1, 0.0]], np.float32)
    assert np.isnan(value(X, np.array([[1, -0.0]], np.float32)))


def test_half_the_rows_replaced_by_copies_lowers_coverage():
    """Of rows of other sets it can only fall; copies do not cover the set's own rows either."""
    for seed in range(10):
        X, others = rows(60, 8, seed), rows(200, 8, seed + 50)
        copied = np.concatenate([X[:30], X[:30]])
        assert value(copied, others) < value(X, others)
        own = np.concatenate([copied[:60], others])
        assert value(copied, own) == pytest.approx(value(copied, others))


def test_a_sample_that_holds_the_population_has_nothing_to_cover():
    for X in (rows(1, 4), rows(2, 4), np.repeat(rows(1, 4), 9, axis=0)):
        assert np.isnan(value(X, X))


def test_one_row_covers_what_it_lacks():
    X = rows(1, 4)
    assert value(X, np.concatenate([X, -X])) == pytest.approx(-1.0)


def test_what_samples_of_one_population_share_does_not_change_their_values():
    """The population's rows are looked up once for all: each sample must find them all."""
    X = unit_rows(np.random.default_rng(0).normal(size=(40, 6)), np.float32)
    shared = {}
    together = [Coverage()(Sample(part, X, shared=shared)).value for part in (X[:20], X[20:])]
    alone = [Coverage()(Sample(part, X)).value for part in (X[:20], X[20:])]
    assert together == alone
    assert np.isfinite(together).all()
