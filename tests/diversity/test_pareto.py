"""Trade-offs of two goals: the front and its knee, against brute force and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanset.diversity.pareto import knee, pareto_front

POINTS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=10)


def is_beaten(point: tuple[float, float], by: tuple[float, float]) -> bool:
    """Whether another point is as good in both goals, and better in one."""
    return by != point and by[0] >= point[0] and by[1] <= point[1]


@given(POINTS)
def test_the_front_is_what_no_other_point_beats(points):
    gains, losses = np.array(points, float).T
    front = pareto_front(gains, losses).tolist()
    unbeaten = {one for one in points if not any(is_beaten(one, other) for other in points)}
    assert {points[place] for place in front} == unbeaten
    assert len(front) == len(unbeaten), "of equals there is one"
    assert all(points.index(points[place]) == place for place in front), "the first of equals"
    assert np.all(np.diff(gains[front]) > 0)
    assert np.all(np.diff(losses[front]) > 0)


def test_points_that_are_no_numbers_are_left_out():
    front = pareto_front(np.array([np.nan, 1.0, 2.0]), np.array([0.0, 0.5, np.inf]))
    assert front.tolist() == [1]
    assert pareto_front(np.array([np.nan]), np.array([1.0])).tolist() == []


def test_the_knee_is_farthest_below_the_line_between_the_ends():
    """(0, 0), (6, 2), (9, 5), (10, 10): in shares of the way 0.6 - 0.2, 0.9 - 0.5 tie: the first.

    Then (8, 2) is 0.8 - 0.2.
    """
    gains, losses = np.array([0.0, 6, 9, 10]), np.array([0.0, 2, 5, 10])
    assert knee(gains, losses, pareto_front(gains, losses)) in (1, 2)
    gains[1] = 8
    assert knee(gains, losses, pareto_front(gains, losses)) == 1


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_units_do_not_count(scale):
    gains, losses = scale * np.array([3.0, 10, 11]), np.array([-1.0, 0, 9]) / scale
    assert knee(gains, losses, pareto_front(gains, losses)) == 1


def test_a_line_and_a_bend_the_other_way_and_two_points_have_no_knee():
    x = np.linspace(0, 1, 5)
    assert knee(x, x, pareto_front(x, x)) is None
    assert knee(x, np.sqrt(x), pareto_front(x, np.sqrt(x))) is None
    assert knee(x[:2], x[:2], pareto_front(x[:2], x[:2])) is None
