"""What more rows would add: beside the engine and random rows, and where it bends."""

from __future__ import annotations

import numpy as np
import pytest

from spanset.base.unit_rows import unit_rows
from spanset.greedy.textbook import reference_greedy
from spanset.kernels.rbf import RBF
from spanset.report.looked_at import size_curve
from spanset.report.looked_at.next_steps import suggested_size
from spanset.report.looked_at.size_curve import SizeCurve


def families(n, count, spread=0.15, d=8, seed=0):
    """Rows of so many families."""
    rng = np.random.default_rng(seed)
    middles = rng.normal(size=(count, d))
    own = middles[rng.integers(count, size=n)] + spread * rng.normal(size=(n, d))
    return unit_rows(own, np.float64)


def test_gains_are_those_of_the_textbook_loop():
    X = families(150, 40)
    curve = SizeCurve.of(X, RBF(0.25))
    wanted = reference_greedy(X, 150, RBF(0.25))
    assert curve.picks.gains == pytest.approx(wanted.gains[: len(curve.picks)], rel=1e-3, abs=1e-5)


def test_points_say_what_the_gains_say():
    curve = SizeCurve.of(families(400, 60), RBF(0.25))
    picked, random = curve.picks.gains, curve.compared.random[0]
    points = list(curve.points())
    assert [one.rows for one in points] == sorted({one.rows for one in points})
    assert points[-1].rows == len(curve.picks)
    for one in points:
        total = picked[: one.rows].sum()
        if one.as_random is None:
            assert random.sum() < total
        else:
            assert random[: one.as_random].sum() >= total > random[: one.as_random - 1].sum()
            assert one.as_random >= one.rows, "random rows never add more than picks"


def test_where_it_bends_is_suggested():
    curve = SizeCurve.of(families(600, 150, spread=0.05, d=30), RBF(0.25))
    assert curve.enough is not None
    size = suggested_size(curve)
    assert size is not None
    assert 0.9 * curve.enough <= int(size) <= curve.enough


def test_where_it_does_not_bend_the_choice_goes_on(monkeypatch):
    monkeypatch.setattr(size_curve, "PICKS", 200)
    X = unit_rows(np.random.default_rng(0).normal(size=(600, 64)), np.float64)
    curve = SizeCurve.of(X, RBF(0.25))
    assert len(curve.picks) == 200
    assert curve.enough is None
    assert suggested_size(curve) == "auto"


def test_of_many_rows_some_are_drawn(monkeypatch):
    monkeypatch.setattr(size_curve, "ROWS", 80)
    X = families(300, 40)
    assert SizeCurve.of(X, RBF(0.25)).rows == 80
    again = SizeCurve.of(X, RBF(0.25))
    assert again.picks.order.tolist() == SizeCurve.of(X, RBF(0.25)).picks.order.tolist()


@pytest.mark.parametrize("n", [1, 2, 3, 60])
def test_few_rows_say_nothing(n):
    curve = SizeCurve.of(families(n, 10), RBF(0.25))
    assert not curve.says_something
    assert suggested_size(curve) is None


def test_a_kernel_too_sharp_for_float32_is_computed_in_float64():
    curve = SizeCurve.of(families(150, 30), RBF(500.0))
    assert np.isfinite(curve.picks.gains).all()
