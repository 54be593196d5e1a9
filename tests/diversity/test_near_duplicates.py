"""Share of near duplicates, against a full comparison."""

import numpy as np
import pytest

from spanset.diversity import near_duplicates
from spanset.diversity.near_duplicates import near_duplicate_share
from spanset.features import unit_rows


def planted(n, repeated, seed=0):
    """n rows of which `repeated` have a near copy among the others."""
    rng = np.random.default_rng(seed)
    X = unit_rows(rng.normal(size=(n - repeated // 2, 64)), np.float32)
    near = X[: repeated // 2] + 0.01 * rng.normal(size=(repeated // 2, 64)).astype(np.float32)
    return np.concatenate([X, unit_rows(near, np.float32)])


def test_three_rows_by_hand():
    """Cosines 1, 0 and 0: two of three rows have another at 0.95 or more."""
    share, error = near_duplicate_share(np.eye(2)[[0, 0, 1]])
    assert (share, error) == (pytest.approx(2 / 3), 0.0)


def test_planted_copies_are_counted_over_several_blocks():
    share, error = near_duplicate_share(planted(1_500, 300))
    assert (share, error) == (pytest.approx(0.2), 0.0)


def test_a_large_set_is_estimated_within_its_stated_error(monkeypatch):
    monkeypatch.setattr(near_duplicates, "EXACT_UP_TO", 1_000)
    monkeypatch.setattr(near_duplicates, "SAMPLE", 800)
    share, error = near_duplicate_share(planted(4_000, 1_200))
    assert error == pytest.approx(np.sqrt(0.3 * 0.7 / 800), rel=0.1)
    assert abs(share - 0.3) < 4 * error


def test_one_row_repeats_nothing():
    assert near_duplicate_share(np.eye(1)) == (0.0, 0.0)
