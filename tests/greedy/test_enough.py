"""Where rows add little: the first window of picks whose mean gain is below the share."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanset.greedy.enough import FIRST, WINDOW, Enough


def by_loop(gains, share):
    """The first window after which, beside the first picks, little is added; None without."""
    if len(gains) < FIRST + WINDOW:
        return None
    for start in range(len(gains) - WINDOW + 1):
        if np.mean(gains[start : start + WINDOW]) < share * np.mean(gains[:FIRST]):
            return start
    return None


@given(st.integers(0, 10_000), st.integers(0, 600), st.floats(0.01, 0.99))
def test_the_point_is_that_of_the_loop(seed, n, share):
    rng = np.random.default_rng(seed)
    gains = np.exp(-np.arange(n) / rng.uniform(50, 500)) * rng.uniform(0.9, 1.1, n)
    assert Enough(share).kept(gains) == by_loop(gains, share)


def test_a_step_down_is_found_where_most_of_the_window_is_past_it():
    """Gains of 1, then of 0: below a half when fewer than 50 of the window's 100 are 1."""
    gains = np.repeat([1.0, 0.0], [300, 300])
    assert Enough(0.5).kept(gains) == 251
    assert Enough(0.01).kept(gains) == 300
    assert Enough(0.5).kept(gains.tolist()) == 251


@pytest.mark.parametrize("gains", [[], np.ones(1000), np.linspace(1.0, 2.0, 1000)])
def test_gains_that_do_not_fall_end_nothing(gains):
    assert Enough(0.9).kept(gains) is None


def test_one_outlier_ends_nothing():
    gains = np.ones(500)
    gains[300] = 0.0
    assert Enough(0.98).kept(gains) is None


def test_too_few_picks_say_nothing():
    gains = np.repeat([1.0, 0.0], 100)
    assert Enough(0.5).kept(gains[:-1]) is None
    assert Enough(0.5).kept(gains) == 51
