"""The interval keeps its promise: random rows under another name are not told apart."""

from __future__ import annotations

import numpy as np
import pytest

from spanset.trials.differences import Difference, difference
from spanset.trials.evaluation import SetScores
from spanset.trials.verdict import NOT_TOLD_APART, verdict

DRAW, ORDER = 0.03, 0.01  # spread between draws, and between orders of the same rows


def trained(rng, items, weights, draw, sets=1):
    """A training: every item's loss moves with the draw, with the order, and a little by itself."""
    found = []
    for place in range(sets):
        shift = draw + rng.normal(0, ORDER)
        nats = (items[place] + shift + rng.normal(0, 0.05, len(weights[place]))) * weights[place]
        found.append(SetScores(nats, weights[place]))
    return found


def trial(rng, better=0.0, seeds=3, draws=5, items=60, sets=2):
    """A choice that is another random draw, `better` in nats, beside its control."""
    weights = [rng.integers(5, 200, items).astype(float) for _ in range(sets)]
    losses = [rng.normal(3, 0.8, items) for _ in range(sets)]
    own = rng.normal(0, DRAW) - better
    choice = [trained(rng, losses, weights, own, sets) for _ in range(seeds)]
    control = [trained(rng, losses, weights, rng.normal(0, DRAW), sets) for _ in range(draws)]
    return difference(choice, control)


@pytest.mark.parametrize(("seeds", "draws"), [(1, 5), (3, 5), (5, 3), (3, 2)])
def test_random_rows_under_another_name_are_told_apart_in_one_of_twenty(seeds, draws):
    rng = np.random.default_rng(0)
    told = [trial(rng, seeds=seeds, draws=draws).sign != 0 for _ in range(1000)]
    assert 0.02 < np.mean(told) < 0.075


def test_the_means_alone_would_be_told_apart_far_too_often():
    """Why the 1 stands in the variance: trainings of one set say nothing of other sets."""
    rng = np.random.default_rng(1)
    found = [trial(rng, seeds=5, draws=5) for _ in range(300)]
    narrow = [abs(one.mean) > (one.high - one.low) / 2 / np.sqrt(1 + 1 / 5) * np.sqrt(1 / 5 + 1 / 5)
              for one in found]  # fmt: skip
    assert np.mean(narrow) > 0.12


def test_a_better_choice_is_told():
    rng = np.random.default_rng(2)
    found = [trial(rng, better=0.2) for _ in range(100)]
    assert np.mean([one.sign == -1 for one in found]) > 0.95


def test_the_spread_over_items_is_that_of_a_bootstrap():
    rng = np.random.default_rng(3)
    weights = rng.integers(5, 200, 80).astype(float)
    items = rng.normal(3, 1, 80)
    choice = [SetScores((items + rng.normal(0, 0.4, 80)) * weights, weights) for _ in range(3)]
    # Draws that differ in nothing: what is left are the items.
    control = [SetScores(items * weights, weights)] * 4
    found = difference([[one] for one in choice], [[one] for one in control])
    means = []
    for _ in range(4000):
        some = rng.integers(0, 80, 80)
        ours = np.mean([one.values[some].sum() for one in choice]) / weights[some].sum()
        means.append(ours - control[0].values[some].sum() / weights[some].sum())
    half = (found.high - found.low) / 2
    assert half == pytest.approx(1.99 * np.std(means), rel=0.06)
    assert found.mean == pytest.approx(np.mean(means), abs=0.01)


def test_sets_count_alike_whatever_their_size():
    small, large = SetScores(np.array([2.0]), np.ones(1)), SetScores(np.full(99, 6.0), np.ones(99))
    zero = [[SetScores(np.zeros(1), np.ones(1)), SetScores(np.zeros(99), np.ones(99))]] * 2
    assert difference([[small, large]], zero).mean == pytest.approx(4.0)


def test_one_draw_has_no_interval_and_equal_draws_a_point():
    one = [[SetScores(np.array([1.0, 2.0]), np.ones(2))]]
    found = difference(one, one)
    assert (found.mean, found.low, found.high, found.sign) == (0.0, -np.inf, np.inf, 0)
    assert difference(one, one * 3) == Difference(0.0, 0.0, 0.0)


def at(low, high):
    return Difference((low + high) / 2, low, high)


@pytest.mark.parametrize(
    ("rows", "tokens", "said"),
    [
        (at(-2, -1), at(-2, -1), "better"),
        (at(1, 2), at(1, 2), "worse"),
        (at(-1, 1), at(-1, 1), NOT_TOLD_APART),
        (at(-2, -1), at(-1, 1), "better by more tokens alone"),
        (at(-2, -1), at(1, 2), "worse than as many tokens of random rows"),
        (at(1, 2), at(-1, 1), "worse by fewer tokens alone"),
        (at(1, 2), at(-2, -1), "better for its tokens, but too few"),
        (at(-1, 1), at(-2, -1), "better for its tokens"),
    ],
)
def test_words_say_what_both_differences_say(rows, tokens, said):
    assert verdict(rows, tokens, "loss") == said
    other = [Difference(-one.mean, -one.high, -one.low) for one in (rows, tokens)]
    assert verdict(*other, "accuracy") == said, "of accuracy more is better"
