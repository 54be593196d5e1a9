"""Ticks and places on an axis."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanset.report.page.scales import Scale, powers, round_values, tick_label

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)


@given(NUMBERS, st.floats(1e-3, 1e6))
def test_ticks_are_round_inside_and_neither_few_nor_many(low, width):
    high = low + width
    ticks = np.array(round_values(low, high))
    assert 2 <= len(ticks) <= 11
    slack = 1e-6 * max(abs(low), abs(high), width)
    assert ticks.min() >= low - slack
    assert ticks.max() <= high + slack
    steps = np.diff(ticks)
    assert np.allclose(steps, steps[0], rtol=1e-3)
    mantissa = steps[0] / 10 ** np.floor(np.log10(steps[0]) + 1e-6)
    assert min(abs(mantissa - one) for one in (1, 2, 5, 10)) < 0.01


def test_a_logarithmic_axis_has_powers_and_a_short_one_more():
    assert powers(0.002, 30) == pytest.approx([0.01, 0.1, 1, 10])
    assert powers(0.18, 1.0) == pytest.approx([0.2, 0.5, 1.0])
    assert powers(3.1, 3.2) == [3.1, 3.2]
    assert powers(3.0, 3.0) == [3.0]


def test_places_run_from_start_to_end():
    scale = Scale(10, 1000, 0, 100, is_log=True)
    assert [scale(one) for one in (10, 100, 1000)] == pytest.approx([0, 50, 100])
    assert Scale(5, 5, 0, 100)(5) == 50


@pytest.mark.parametrize(
    ("value", "label"),
    [(0, "0"), (12000, "12,000"), (0.25, "0.25"), (1e-6, "1e-06"), (3e8, "3e+08")],
)
def test_numbers_are_short(value, label):
    assert tick_label(value) == label
