"""Predicting where the features are: what `predict` says, on tensors that stay."""

import numpy as np
import pytest
from tests.greedy.cases import random_unit

from spanset.base.unit_rows import unit_rows
from spanset.greedy.prediction import predict
from spanset.greedy.rules import make_rules
from spanset.kernels.rbf import RBF

torch = pytest.importorskip("torch", reason="torch is not installed")

from spanset.greedy.torch_prediction import (  # noqa: E402 (it imports torch)
    DevicePrediction,
    DeviceRules,
)

CPU = torch.device("cpu")


def case(seed, m, *, quality=None, corners=False):
    """Candidates with some picks before them: kernel, residuals, rules, row numbers."""
    rng = np.random.default_rng(seed)
    X = random_unit(rng, m + 40, 12)
    X = unit_rows(np.sign(X), float) if corners else X
    rows = np.sort(rng.choice(len(X), m, replace=False))
    log_quality = None if quality is None else rng.normal(size=len(X))
    rules = make_rules(RBF(2.0), X, log_quality, quality or 0.0).of(rows)
    kernel = RBF(2.0).block(X[rows], X[rows])
    return kernel, kernel.diagonal() * rng.uniform(0.5, 1.0, m), rules, rows


def both(predicting, kernel, residual, rules, rows, steps):
    expected = predict(kernel, residual, rows, rules, steps)
    on_device = DeviceRules.of(rules, np.arange(len(rows)), CPU)
    found = predicting(torch.from_numpy(kernel), torch.from_numpy(residual), on_device, steps)
    return found, expected


def assert_equal(found, expected):
    assert found.positions.tolist() == expected.positions.tolist()
    for name in ("gains", "scores", "gaps", "lower"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), atol=1e-11)


@pytest.mark.parametrize("quality", [None, 0.3, 1.0])
@pytest.mark.parametrize("corners", [False, True])
def test_the_same_object_predicts_again_and_again(quality, corners):
    """Other candidates, more and fewer of them, other numbers of steps: nothing is left over."""
    predicting = DevicePrediction(90, CPU)
    for seed, (m, steps) in enumerate([(90, 9), (31, 20), (90, 64), (8, 8), (57, 33), (90, 90)]):
        assert_equal(*both(predicting, *case(seed, m, quality=quality, corners=corners), steps))


def test_what_candidates_before_left_does_not_grow():
    """Gains of 1e-7: each step divides by their roots."""
    predicting = DevicePrediction(90, CPU)
    both(predicting, *case(0, 90), 90)
    rng = np.random.default_rng(0)
    X = unit_rows(random_unit(rng, 1, 12) + 1e-4 * rng.normal(size=(60, 12)), float)
    rules, rows = make_rules(RBF(2.0), X, None, 0.0), np.arange(60)
    kernel = RBF(2.0).block(X, X)
    found, expected = both(predicting, kernel, kernel.diagonal().copy(), rules, rows, 12)
    assert expected.gains[-1] < 1e-6
    assert found.positions.tolist() == expected.positions.tolist()
    left = predicting._loops[16, None]._F.numpy()[: len(found.positions), 60:]
    assert np.abs(left).max() == 0.0


def test_of_too_few_candidates_all_are_picked():
    found, expected = both(DevicePrediction(50, CPU), *case(0, 5), 40)
    assert len(found.positions) == 5
    assert_equal(found, expected)


def test_spent_candidates_are_not_predicted():
    kernel, residual, rules, rows = case(1, 30)
    residual[::2] = 0.0
    found, expected = both(DevicePrediction(50, CPU), kernel, residual, rules, rows, 30)
    assert len(found.positions) == len(expected.positions) <= 15
    assert_equal(found, expected)


def test_few_lengths_of_the_loop_are_kept():
    """Each is recorded on a card: as many as there are powers of two."""
    predicting = DevicePrediction(64, CPU)
    for steps in range(1, 65):
        both(predicting, *case(2, 64), steps)
    assert len(predicting._loops) == 4
