"""Measures of chosen rows: against the measures themselves, by the numbers of rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import make_rows

from spanset.base.unit_rows import unit_rows
from spanset.data.reader import read
from spanset.diversity.catalogue import parse_measures
from spanset.diversity.chosen import CURVE, Judge, gain_curve
from spanset.diversity.ldd import LDD
from spanset.diversity.reference import SphereReference
from spanset.diversity.sample import Sample
from spanset.diversity.volume import Volume
from spanset.greedy.replay import replay
from spanset.kernels.rbf import RBF

N = 40
X = unit_rows(np.random.default_rng(0).normal(size=(N, 5)), np.float32)
NAMES = ("ldd", "equivalent-size", "vendi", "near-duplicates")


def judge_of(rows: np.ndarray, data, names: tuple[str, ...] = NAMES) -> Judge:
    """A judge of these rows, its reference computed anew."""
    volume = Volume(len(rows), RBF(0.25), against=SphereReference(None), dtype="float64")
    return Judge(rows, data, parse_measures(names), volume, "mine", 3)


@pytest.fixture(scope="module")
def data():
    return read(make_rows(N))


def test_volumes_are_in_the_order_of_picks_beside_as_many_points_as_the_pool(data):
    judge = judge_of(X, data)
    order = np.array([7, 3, 30, 12, 25])
    gains = replay(unit_rows(X[order], "float64"), RBF(0.25))
    reference = replace(judge.volume, n=5).reference_gains(N, 5, 3)
    assert judge.measured(order)["ldd"] == pytest.approx(LDD().of(gains, reference), abs=1e-12)


def test_other_measures_are_of_the_picks_as_a_sample_of_the_pool(data):
    judge = judge_of(X, data)
    order = np.arange(0, N, 3)
    found = judge.measured(order)
    for measure in parse_measures(("vendi", "near-duplicates")):
        expected = measure(Sample(X[order], X, data[order], seed=3)).value
        assert found[measure.name] == pytest.approx(expected)


def test_rows_go_by_their_numbers_and_those_without_features_are_left_out(data):
    part = np.array([1, 4, 5, 9, 20, 33])
    judge = judge_of(X[part], data[part])
    with_strangers = judge.measured(np.array([33, 0, 4, 39, 9]))
    assert with_strangers == judge.measured(np.array([33, 4, 9]))


def test_a_value_does_not_depend_on_what_was_measured_before(data):
    long, short = np.arange(20), np.arange(30, 36)
    first = judge_of(X, data)
    first.measured(long)
    after = first.measured(short)
    assert after["ldd"] == pytest.approx(judge_of(X, data).measured(short)["ldd"], abs=1e-6)


def test_what_is_no_number_is_none(data):
    assert judge_of(X, data).measured(np.array([3]))["near-duplicates"] in (0.0, None)
    values = judge_of(X, data, ("ldd", "coverage", "knn")).measured(np.arange(3))
    assert all(value is None or np.isfinite(value) for value in values.values())


def test_a_curve_of_gains_by_hand():
    """Sixteen gains in two steps of eight: geometric means, what is below e^-7 counts as that."""
    gains = np.concatenate([[1.0] * 4, [0.25] * 4, [1.0] * 7, [0.0]])
    found = gain_curve(gains)
    assert found["n"] == [8.0, 16.0]
    assert found["gain"] == pytest.approx([0.5, np.exp(-7 / 8)])
    assert gain_curve(gains[:3]) == {"n": [3.0], "gain": [1.0]}
    long = gain_curve(np.full(1000, 0.3))
    assert len(long["n"]) == CURVE
    assert long["n"][-1] == 1000
    assert long["gain"] == pytest.approx([0.3] * CURVE)
    assert gain_curve(gains[:0]) == {"n": [], "gain": []}
