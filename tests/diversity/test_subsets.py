"""Chosen subsets beside their pool."""

import numpy as np
import pytest

from spanset.base.errors import UsageError
from spanset.base.unit_rows import unit_rows
from spanset.diversity.ldd import LDD, EquivalentSize, FloorShare, ldd_curve
from spanset.diversity.matched import SEED_STEP
from spanset.diversity.measures.vendi import Vendi
from spanset.diversity.reference import SphereReference, sphere
from spanset.diversity.subsets import RANDOM, measure_subsets
from spanset.diversity.volume import Volume
from spanset.greedy.blocked import blocked_greedy
from spanset.kernels.rbf import RBF

KERNEL = RBF(0.25)
MEASURES = [LDD(), EquivalentSize(), FloorShare(), Vendi()]


def volume(n):
    return Volume(n, KERNEL, SphereReference(), "float64")


def clustered(n, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(15, 10))
    rows = centres[rng.integers(0, 15, n)] + 0.3 * rng.normal(size=(n, 10))
    return unit_rows(rows, np.float64)


def test_the_greedy_choice_has_the_ldd_of_its_pool_and_random_rows_a_higher_one():
    X = clustered(300)
    order = blocked_greedy(X, 60, KERNEL).order
    found = measure_subsets(X, {"picked": order}, MEASURES, volume(60), draws=3, seed=4)
    picked, random = found
    assert (picked.name, random.name) == ("picked", RANDOM)
    assert list(picked.measurements) == ["ldd", "equivalent-size", "floor-share"]
    expected = [
        ldd_curve(volume(60).gains(X), volume(60).reference_gains(300, 10, 4 + SEED_STEP * draw))[
            -1
        ]
        for draw in range(3)
    ]
    np.testing.assert_allclose(picked.measurements["ldd"].draws, expected, atol=1e-9)
    ours, theirs = picked.measurements["ldd"], random.measurements["ldd"]
    assert theirs.value - ours.value > 3 * theirs.deviation
    assert (ours.pool, ours.n) == (300, 60)


def test_subsets_are_cut_to_n_rows():
    X = sphere(50, 8, 0).astype(np.float64)
    long, short = np.arange(40), np.arange(20)
    first, second, _ = measure_subsets(X, {"a": long, "b": short}, [LDD()], volume(20))
    assert first.measurements["ldd"].value == second.measurements["ldd"].value
    assert (first.rows, second.rows) == (40, 20)


def test_a_repeated_row_counts_as_the_floor():
    X = sphere(50, 8, 0).astype(np.float64)
    (one, _) = measure_subsets(X, {"a": np.array([3, 3, 3, 4])}, [FloorShare()], volume(4))
    assert one.measurements["floor-share"].value == pytest.approx(0.5)


def test_other_measures_alone_are_refused():
    with pytest.raises(UsageError, match="add ldd"):
        measure_subsets(np.eye(4), {"a": np.arange(2)}, [Vendi()], volume(2))


def test_every_draw_has_random_rows_of_its_own():
    """The share at the floor has no reference: only other rows make other draws."""
    X = np.repeat(clustered(60), 2, axis=0)
    *_, random = measure_subsets(X, {"a": np.arange(20)}, [FloorShare()], volume(20), draws=8)
    shares = random.measurements["floor-share"].draws
    assert len(set(shares.tolist())) > 1
