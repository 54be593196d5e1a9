"""Rows of one data set that repeat a row of another: against the slow definition."""

import numpy as np
import pytest

import spanset
from spanset.base.unit_rows import unit_rows
from spanset.diversity import repeats as module
from spanset.diversity.matched import MeasuredData
from spanset.diversity.repeats import repeats_between


def points(rows, seed, d=8):
    X = np.random.default_rng(seed).standard_normal((rows, d))
    return unit_rows(X, np.float32)


def test_counts_and_shares_are_those_of_the_slow_definition():
    a, b, c = points(40, 0), points(30, 1), points(20, 2)
    b[:5] = a[10:15]  # the same
    b[5:9] = unit_rows(a[20:24] + 0.05 * points(4, 3), np.float32)  # nearly
    c[0] = b[5]
    sets = [MeasuredData(name, X) for name, X in (("a", a), ("b", b), ("c", c))]
    found = repeats_between(sets)
    for i, one in enumerate(sets):
        for j, other in enumerate(sets):
            cosines = one.X.astype(float) @ other.X.T.astype(float)
            same = (one.X[:, None] == other.X[None]).all(axis=2).any(axis=1)
            near = (cosines.max(axis=1) >= 0.95) | same
            assert found.exact[i, j] == (0 if i == j else same.sum())
            assert found.near[i, j] == pytest.approx(0.0 if i == j else near.mean())
    assert found.exact[0, 1] == 5
    assert found.near[1, 0] >= 9 / 30
    assert (found.error == 0).all()
    assert found.any


def test_rows_that_repeat_within_a_set_do_not_count():
    a = np.repeat(points(5, 0), 4, axis=0)
    found = repeats_between([MeasuredData("a", a), MeasuredData("b", -a)])
    assert not found.any


def test_one_set_alone_has_none():
    assert repeats_between([MeasuredData("a", points(5, 0))]) is None


def test_the_same_conversation_counts_whatever_its_features_are():
    rows = [{"instruction": f"Name a river {n}", "output": "The Rhine."} for n in range(6)]
    one, other = spanset.read(rows), spanset.read(rows[:3])
    sets = [MeasuredData("a", points(6, 0), one), MeasuredData("b", points(3, 1), other)]
    found = repeats_between(sets, threshold=0.9999)
    assert found.exact.tolist() == [[0, 3], [3, 0]]
    assert found.near.tolist() == [[0.0, 0.5], [1.0, 0.0]]


def test_of_many_rows_some_are_looked_at_and_the_error_is_stated(monkeypatch):
    monkeypatch.setattr(module, "PAIRS", 0)
    monkeypatch.setattr(module, "FEWEST", 100)
    a, b = points(4_000, 0), points(50, 1)
    a[::4] = b[0]
    found = repeats_between([MeasuredData("a", a), MeasuredData("b", b)], seed=3)
    share, error = found.near[0, 1], found.error[0, 1]
    assert error == pytest.approx(np.sqrt(share * (1 - share) / 100))
    assert abs(share - 0.25) < 4 * error
    assert share != 0.25 or error > 0
    assert found.exact[0, 1] == 1_000, "exact repeats are counted in all rows"
    assert found.error[1, 0] == 0, "all of the smaller set were looked at"
    again = repeats_between([MeasuredData("a", a), MeasuredData("b", b)], seed=3)
    assert again.near.tobytes() == found.near.tobytes()
