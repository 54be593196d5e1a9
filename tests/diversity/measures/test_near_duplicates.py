"""Share of near duplicates, against a full comparison."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from spanset.base.unit_rows import unit_rows
from spanset.diversity import sample as sampling
from spanset.diversity.measures.near_duplicates import NearDuplicates, near_duplicate_share
from spanset.diversity.sample import Sample

THREE = np.eye(2, dtype=np.float32)[[0, 0, 1]]


def planted(n, repeated, seed=0):
    """n rows of which `repeated` have a near copy among the others."""
    rng = np.random.default_rng(seed)
    X = unit_rows(rng.normal(size=(n - repeated // 2, 64)), np.float32)
    near = X[: repeated // 2] + 0.01 * rng.normal(size=(repeated // 2, 64)).astype(np.float32)
    return np.concatenate([X, unit_rows(near, np.float32)])


def measured(X, **options):
    return NearDuplicates()(Sample(X, X, **options))


@pytest.fixture(params=[near_duplicate_share, measured])
def share_of(request):
    """Both forms: the function, and the measure on a sample."""
    return request.param


def test_three_rows_by_hand(share_of):
    """Cosines 1, 0 and 0: two of three rows have another at 0.95 or more."""
    assert share_of(THREE) == (pytest.approx(2 / 3), 0.0)


def test_planted_copies_are_counted_over_several_blocks(share_of):
    assert share_of(planted(1_500, 300)) == (pytest.approx(0.2), 0.0)


def test_a_large_set_is_estimated_within_its_stated_error(share_of, monkeypatch):
    monkeypatch.setattr(sampling, "EXACT_UP_TO", 1_000)
    monkeypatch.setattr(sampling, "LOOKED_AT", 800)
    share, error = share_of(planted(4_000, 1_200))
    assert error == pytest.approx(np.sqrt(0.3 * 0.7 / 800), rel=0.1)
    assert abs(share - 0.3) < 4 * error


def test_one_row_repeats_nothing(share_of):
    assert share_of(np.eye(1, dtype=np.float32)) == (0.0, 0.0)


def test_two_rows_repeat_each_other_or_not(share_of):
    assert share_of(THREE[:2]) == (1.0, 0.0)
    assert share_of(THREE[1:]) == (0.0, 0.0)


def test_equal_rows_are_all_repeats(share_of):
    assert share_of(np.repeat(planted(1, 0), 40, axis=0)) == (1.0, 0.0)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("threshold", [0.5, 0.8, 0.95])
def test_every_threshold_agrees_with_scikit_learn(threshold, seed):
    rng = np.random.default_rng(seed)
    X = unit_rows(rng.normal(size=(700, 5)), np.float32)
    X[600:] = X[:100]
    search = NearestNeighbors(n_neighbors=1, metric="cosine", algorithm="brute")
    distances = search.fit(X.astype(np.float64)).kneighbors()[0][:, 0]
    expected = (1 - distances >= threshold).mean()
    assert NearDuplicates(threshold)(Sample(X, X)).value == pytest.approx(expected)
    assert near_duplicate_share(X, threshold=threshold)[0] == pytest.approx(expected)


def test_half_the_rows_replaced_by_copies_raises_the_share(share_of):
    X = planted(60, 0)
    assert share_of(np.concatenate([X[:30], X[:30]]))[0] > share_of(X)[0]


def test_names_state_another_threshold():
    names = [NearDuplicates(threshold).name for threshold in (0.95, 0.9)]
    assert names == ["near-duplicates", "near-duplicates:0.9"]
