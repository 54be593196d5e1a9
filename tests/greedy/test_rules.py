"""Scores, ties, spent rows and budgets: what every engine decides by."""

import numpy as np
import pytest

from spanset.base.errors import UsageError
from spanset.base.lazy_rows import LazyRows
from spanset.base.unit_rows import unit_rows
from spanset.greedy.budget import TokenBudget
from spanset.greedy.rules import ROUNDING, MarginRecord, make_rules
from spanset.kernels.rbf import RBF


def test_residuals_closer_than_the_grid_are_ties():
    rules = make_rules(RBF(), np.ones((2, 1)), None, 0.0)
    scores = rules.scores(np.array([0.5, 0.5 + ROUNDING / 8]))
    assert scores[0] == scores[1]


def test_residuals_two_grid_steps_apart_are_told_apart():
    rules = make_rules(RBF(), np.ones((2, 1)), None, 0.0)
    scores = rules.scores(np.array([1.0 - 2 * ROUNDING, 1.0]))
    assert scores[0] < scores[1]


def test_a_score_never_grows_as_the_residual_falls():
    rules = make_rules(RBF(), np.ones((1000, 1)), np.full(1000, 3.0), 0.4)
    scores = rules.scores(np.linspace(1.0, 0.0, 1000))
    assert (np.diff(scores[:-1]) <= 0).all()
    assert scores[-1] == -np.inf


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-10), ("float32", 1e-5)])
def test_rows_below_the_tolerance_are_spent_whatever_their_quality(dtype, tolerance):
    rules = make_rules(RBF(), np.ones((2, 1), dtype), np.array([100.0, 100.0]), 0.99)
    scores = rules.scores(np.array([tolerance * 0.99, tolerance * 1.01]))
    assert scores[0] == -np.inf
    assert np.isfinite(scores[1])


def test_the_score_weighs_log_quality_and_log_gain():
    rules = make_rules(RBF(), np.ones((1, 1)), np.array([2.0]), 0.25)
    expected = 0.25 * 2.0 + 0.75 * np.log(0.5)
    assert rules.scores(np.array([0.5]))[0] == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("weight", [-0.1, 1.1, float("nan")])
def test_lambda_outside_zero_to_one_is_refused(weight):
    with pytest.raises(UsageError, match="lambda"):
        make_rules(RBF(), np.ones((1, 1)), np.zeros(1), weight)


def test_lambda_without_quality_is_refused():
    with pytest.raises(UsageError, match="no quality"):
        make_rules(RBF(), np.ones((1, 1)), None, 0.1)


def test_quality_of_another_length_or_not_finite_is_refused():
    with pytest.raises(UsageError, match="shape"):
        make_rules(RBF(), np.ones((2, 1)), np.zeros(3), 0.1)
    with pytest.raises(UsageError, match="row 1"):
        make_rules(RBF(), np.ones((2, 1)), np.array([0.0, np.inf]), 0.1)


def test_margins_count_ties_apart():
    record = MarginRecord()
    record.add(np.array([0.0, 0.5, 0.0, 0.25, np.inf]))
    assert (record.smallest, record.ties) == (0.25, 2)


def test_a_budget_counts_the_shortest_rows_and_refuses_to_hold_none():
    budget = TokenBudget(np.array([5, 1, 3]), 4)
    assert budget.most_rows == 2
    assert budget.allows(np.array([1, 2, 0]), used=0) == 2
    assert budget.allows(np.array([0]), used=0) == 0
    with pytest.raises(UsageError, match="holds no row"):
        TokenBudget(np.array([5, 6]), 4)


def test_of_unit_rows_none_is_made_to_know_what_they_have_in_common():
    kept = np.random.default_rng(0).normal(size=(500, 8)).astype(np.float32)
    asked = []

    class Told(LazyRows):
        def __getitem__(self, rows):
            asked.append(len(self.kept(rows)))
            return super().__getitem__(rows)

    lazy = Told.unit(kept, np.float64)
    rules = make_rules(RBF(0.25), lazy, None, 0.0)
    assert asked == [1, 1]
    whole = make_rules(RBF(0.25), unit_rows(kept, np.float64), None, 0.0)
    for name in ("diagonal", "spent_below", "grid"):
        assert getattr(rules, name).tobytes() == getattr(whole, name).tobytes(), name
    make_rules(RBF(0.25, unit=False), lazy, None, 0.0)
    assert sum(asked) > 500
