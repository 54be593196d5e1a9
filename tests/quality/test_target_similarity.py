"""How near rows are to a target: the nearest of its rows, or all of them."""

import numpy as np
import pytest
from tests.greedy.cases import random_unit

from spanset.base import cosines
from spanset.quality import target_similarity as module
from spanset.quality.target_similarity import TARGET_SCORES, target_similarity


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("small", [False, True])
def test_scores_are_the_highest_and_the_mean_cosine(dtype, small, monkeypatch):
    if small:
        monkeypatch.setattr(module, "STEP", 7)
        monkeypatch.setattr(cosines, "BLOCK", 7)
        monkeypatch.setattr(cosines, "NUMBERS", 35)  # five rows of the target at once
    rng = np.random.default_rng(0)
    X, target = random_unit(rng, 100, 12).astype(dtype), random_unit(rng, 23, 12).astype(dtype)
    products = X.astype(np.float64) @ target.T.astype(np.float64)
    expected = {"target": products.max(axis=1), "target:mean": products.mean(axis=1)}
    expected["target:max"] = expected["target"]
    for score in TARGET_SCORES:
        found = target_similarity(X, target, score)
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, expected[score], atol=8e-6)


def test_the_nearest_prefers_one_side_and_the_mean_the_middle():
    target = np.array([[1.0, 0.0], [0.0, 1.0]])
    X = np.array([[1.0, 0.0], [np.sqrt(0.5), np.sqrt(0.5)]])
    assert np.argmax(target_similarity(X, target, "target:max")) == 0
    assert np.argmax(target_similarity(X, target, "target:mean")) == 1
