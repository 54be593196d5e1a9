"""The textbook loop against brute force: determinants of every extension, by slogdet."""

import numpy as np
import pytest
from tests.greedy.cases import Case, random_unit

from spanset.greedy.selection import StopReason
from spanset.greedy.textbook import reference_greedy
from spanset.kernels.rbf import RBF


def brute_force_greedy(case, k):
    """At each step, the row that maximises the weighted log determinant; and the margins."""
    base = [] if case.given is None else list(case.given)
    q = case.log_quality if case.log_quality is not None else np.zeros(len(case.X))
    weight = case.quality_weight

    def log_det(rows):
        points = np.array(base + [case.X[row] for row in rows])
        return np.linalg.slogdet(case.kernel.block(points, points))[1] if len(points) else 0.0

    picks, margins = [], []
    for _ in range(k):
        now = log_det(picks)
        scores = {
            row: round(weight * q[row] + (1 - weight) * (log_det([*picks, row]) - now), 11)
            for row in range(len(case.X))
            if row not in picks
        }
        ranked = sorted(scores, key=lambda row: (-scores[row], row))
        margins.append(scores[ranked[0]] - scores[ranked[1]] if len(ranked) > 1 else np.inf)
        picks.append(ranked[0])
    return picks, margins


@pytest.mark.parametrize("quality_weight", [0.0, 0.1, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("seed", range(8))
def test_every_pick_maximises_the_determinant_by_brute_force(seed, quality_weight):
    rng = np.random.default_rng(seed)
    given = random_unit(rng, seed % 3, 5) if seed % 3 else None
    q = rng.normal(size=9) if quality_weight else None
    case = Case(random_unit(rng, 9, 5), 6, RBF([0.25, 2.5][seed % 2]), q, quality_weight, given)
    expected, margins = brute_force_greedy(case, 6)
    found = reference_greedy(case.X, 6, case.kernel, **case.arguments)
    assert all(margin == 0.0 or margin > 1e-9 for margin in margins), (
        "a tie by a hair: another seed"
    )
    assert found.order.tolist() == expected


def test_two_opposite_points_and_one_between_by_hand():
    """Points at 0, 90 and 180 degrees, gamma 0.25: k(0,90) = e^-0.5, k(0,180) = e^-1.

    First pick: all gains are 1, so index 0. Then 180 degrees (1 - e^-2 = 0.8647) beats 90 degrees
    (1 - e^-1 = 0.6321).
    """
    X = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    found = reference_greedy(X, 2, RBF(0.25))
    assert found.order.tolist() == [0, 2]
    np.testing.assert_allclose(found.gains, [1.0, 1 - np.exp(-2.0)], rtol=1e-14)
    assert found.log_det == pytest.approx(np.log(1 - np.exp(-2.0)))


def test_copies_are_spent_and_the_run_says_so():
    X = np.eye(3)[[0, 1, 0, 2, 1]]
    found = reference_greedy(X, 5, RBF())
    assert found.order.tolist() == [0, 1, 3]
    assert found.stop_reason is StopReason.EXHAUSTED


def test_a_copy_of_high_quality_does_not_come_back():
    X = np.eye(3)[[0, 0, 1, 2]]
    quality = np.log([1000.0, 999.0, 1.0, 1.0])
    found = reference_greedy(X, 4, RBF(), log_quality=quality, quality_weight=0.9)
    assert found.order.tolist() == [0, 2, 3]
