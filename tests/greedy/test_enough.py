"""Where rows add little: the first pick around which the median gain is below the share."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanset.greedy.enough import FIRST, WINDOW, Enough, Reached


def by_loop(gains, share):
    """Picks before the first in the middle of a window that adds little; None without."""
    if len(gains) < FIRST + WINDOW:
        return None
    half = WINDOW // 2
    for pick in range(half, len(gains) - half):
        if np.median(gains[pick - half : pick + half + 1]) < share * np.mean(gains[:FIRST]):
            return pick
    return None


@given(st.integers(0, 10_000), st.integers(0, 600), st.floats(0.01, 0.99))
def test_the_point_is_that_of_the_loop(seed, n, share):
    rng = np.random.default_rng(seed)
    gains = np.exp(-np.arange(n) / rng.uniform(50, 500)) * rng.uniform(0.9, 1.1, n)
    assert Enough(share).kept(gains) == by_loop(gains, share)


@given(st.integers(0, 10_000), st.floats(0.01, 0.99))
def test_where_gains_fall_it_is_the_first_pick_below_the_share(seed, share):
    gains = np.sort(np.random.default_rng(seed).uniform(size=400))[::-1]
    low = np.flatnonzero(gains < share * gains[:FIRST].mean())
    low = low[low < len(gains) - WINDOW // 2]  # the last few have no window around them
    assert Enough(share).kept(gains) == (low[0] if len(low) else None)


def test_a_step_down_is_found_where_it_is():
    gains = np.repeat([1.0, 0.0], [300, 300])
    assert Enough(0.5).kept(gains) == 300
    assert Enough(0.01).kept(gains) == 300
    assert Enough(0.5).kept(gains.tolist()) == 300


@pytest.mark.parametrize("gains", [[], np.ones(1000), np.linspace(1.0, 2.0, 1000)])
def test_gains_that_do_not_fall_end_nothing(gains):
    assert Enough(0.9).kept(gains) is None


def test_a_few_outliers_end_nothing():
    gains = np.ones(500)
    gains[300 : 300 + WINDOW // 2] = 0.0
    assert Enough(0.98).kept(gains) is None
    gains[300 : 300 + WINDOW] = 0.0
    assert Enough(0.98).kept(gains) is not None


def test_too_few_picks_say_nothing():
    gains = np.repeat([1.0, 0.0], [FIRST, WINDOW])
    assert Enough(0.5).kept(gains[:-1]) is None
    assert Enough(0.5).kept(gains) == FIRST


def test_what_was_reached_is_told_by_hand():
    """Gains of 1 a hundred times, then of 0.25: half as many picks have 100 of 125."""
    found = Reached.by(np.repeat([1.0, 0.25], 100), candidates=1000)
    assert (found.picks, found.first, found.last) == (200, 1.0, 0.25)
    assert found.half == pytest.approx(100 / 125)
    assert found.more == 400
    assert found.more_at_most == pytest.approx(1 + 200 * 0.25 / 125)
    assert found.curve[-1] == (200, 0.25, 1.0)
    assert Reached.by(np.ones(10), candidates=12).more == 12
