"""Mean and nearest cosine distances, against scipy and scikit-learn."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from sklearn.neighbors import NearestNeighbors

from spanset.base.errors import UsageError
from spanset.base.unit_rows import unit_rows
from spanset.diversity import sample as sampling
from spanset.diversity.measures.distances import MeanDistance, NearestDistance
from spanset.diversity.sample import Sample

# Two copies and a row at a right angle.
THREE = np.eye(2, dtype=np.float32)[[0, 0, 1]]


def rows(m, d, seed=0, copies=0):
    X = unit_rows(np.random.default_rng(seed).normal(size=(m, d)), np.float32)
    X[m - copies :] = X[:copies]
    return X


def scikit_learn(X, k):
    """Distance of every row to its k-th other: the row itself, or a copy, comes first."""
    search = NearestNeighbors(n_neighbors=k + 1, metric="cosine", algorithm="brute")
    return search.fit(X.astype(np.float64)).kneighbors()[0][:, k - 1]


def test_mean_distance_of_three_rows_by_hand():
    """Distances 0, 1 and 1."""
    assert MeanDistance()(Sample(THREE, THREE)) == (pytest.approx(2 / 3), 0.0)


def test_nearest_distances_of_three_rows_by_hand():
    """Nearest 0, 0 and 1; second nearest 1, 1 and 1."""
    assert NearestDistance()(Sample(THREE, THREE)) == (pytest.approx(1 / 3), 0.0)
    assert NearestDistance(2)(Sample(THREE, THREE)) == (pytest.approx(1.0), 0.0)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("shape", [(2, 3), (50, 4), (700, 20)])
def test_mean_distance_equals_that_of_all_pairs(shape, seed):
    X = rows(shape[0], shape[1], seed, copies=shape[0] // 4 * (seed % 2))
    expected = pdist(X.astype(np.float64), "cosine").mean()
    assert MeanDistance()(Sample(X, X)).value == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("k", [1, 2, 10])
def test_nearest_distance_equals_scikit_learn(k, seed):
    X = rows(600, 8, seed, copies=70 * seed)
    expected = scikit_learn(X, k).mean()
    assert NearestDistance(k)(Sample(X, X)).value == pytest.approx(expected, abs=1e-6)


def test_a_large_sample_is_estimated_within_its_stated_error(monkeypatch):
    X = rows(1_500, 6, copies=400)
    exact = scikit_learn(X, 3)
    monkeypatch.setattr(sampling, "EXACT_UP_TO", 1_000)
    monkeypatch.setattr(sampling, "LOOKED_AT", 400)
    value, error = NearestDistance(3)(Sample(X, X, seed=1))
    assert error == pytest.approx(exact.std() / np.sqrt(400), rel=0.2)
    assert 0.0 < abs(value - exact.mean()) < 4 * error
    assert MeanDistance()(Sample(X, X)).standard_error == 0.0


def test_copying_every_row_never_raises_the_mean_distance():
    """It holds for any rows: the sum of cosines of all pairs is at most their number."""
    for seed in range(10):
        X = rows(30, 3, seed)
        twice = np.concatenate([X, X])
        whole = MeanDistance()(Sample(X, X)).value
        assert MeanDistance()(Sample(twice, twice)).value < whole


def test_a_third_of_the_rows_replaced_by_copies_lowers_the_nearest_distance():
    for seed in range(10):
        X, copied = rows(60, 8, seed), rows(60, 8, seed, copies=20)
        whole = NearestDistance()(Sample(X, X)).value
        assert NearestDistance()(Sample(copied, copied)).value < whole


def test_k_copies_of_every_row_leave_no_distance_to_the_kth():
    X = rows(20, 8)
    for k in (1, 5):
        copied = np.tile(X, (k + 1, 1))
        assert NearestDistance(k)(Sample(copied, copied)).value == pytest.approx(0.0, abs=1e-6)
        assert NearestDistance(k + 1)(Sample(copied, copied)).value > 0.1


def test_too_few_rows_have_no_distance():
    one, two = rows(1, 5), rows(2, 5)
    assert np.isnan(MeanDistance()(Sample(one, one)).value)
    assert np.isnan(NearestDistance()(Sample(one, one)).value)
    assert np.isnan(NearestDistance(2)(Sample(two, two)).value)
    assert np.isfinite(NearestDistance(1)(Sample(two, two)).value)


def test_equal_rows_are_at_distance_zero_and_never_below():
    for seed in range(10):
        X = np.repeat(rows(1, 37, seed), 20, axis=0)
        for measure in (MeanDistance(), NearestDistance(), NearestDistance(10)):
            assert 0.0 <= measure(Sample(X, X)).value < 1e-6


def test_names_state_the_neighbour():
    assert [NearestDistance(k).name for k in (1, 5)] == ["knn", "knn:5"]


@pytest.mark.parametrize("k", [0, -1, 11])
def test_a_neighbour_that_is_not_kept_is_refused(k):
    with pytest.raises(UsageError, match="knn"):
        NearestDistance(k)
