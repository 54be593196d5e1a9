"""LDD: by hand, against determinants, and the claims that it stands on."""

import numpy as np
import pytest

from spanset.base.errors import UsageError
from spanset.base.unit_rows import unit_rows
from spanset.diversity.ldd import (
    LDD,
    LOG_FLOOR,
    EquivalentSize,
    Extent,
    FloorShare,
    equivalent_size,
    floor_share,
    ldd_curve,
    shown_points,
)
from spanset.diversity.matched import MeasuredData, measure_sets
from spanset.diversity.reference import SphereReference, sphere
from spanset.diversity.sample import Sample
from spanset.diversity.volume import Volume
from spanset.greedy.textbook import reference_greedy
from spanset.kernels.rbf import RBF

KERNEL = RBF(0.25)


def volume(n, dtype="float64"):
    return Volume(n, KERNEL, SphereReference(), dtype)


def test_three_rows_by_hand():
    """Two orthogonal rows and a copy, gamma = 0.25: k = e^-0.5 between the two.

    Gains 1, 1 - e^-1 and 0. Against a reference of gains 1, 0.9, 0.8.
    """
    X = np.eye(2)[[0, 1, 0]]
    gains = volume(3).gains(X)
    np.testing.assert_allclose(gains, [1.0, 1.0 - np.exp(-1.0), 0.0], atol=1e-12)
    reference = np.array([1.0, 0.9, 0.8])
    second = np.log(1.0 - np.exp(-1.0))
    curve = ldd_curve(gains, reference)
    of_reference = np.log(0.9) + np.log(0.8)
    expected = [0.0, (np.log(0.9) - second) / 2, (of_reference - second + 7.0) / 3]
    np.testing.assert_allclose(curve, expected)
    dropped = ldd_curve(gains, reference, "drop")
    np.testing.assert_allclose(dropped, [0.0, expected[1], expected[1]])
    assert floor_share(gains) == pytest.approx(1 / 3)
    # 1 + 0.632 lies between 1 and 1.9.
    assert equivalent_size(gains, reference) == 2


@pytest.mark.parametrize("seed", range(5))
def test_the_sum_of_logs_is_the_log_determinant_of_the_picks(seed):
    rng = np.random.default_rng(seed)
    X = unit_rows(rng.normal(size=(80, 6)), np.float64)
    other = unit_rows(rng.normal(size=(80, 6)), np.float64)
    picked, of_reference = (reference_greedy(Y, 12, KERNEL) for Y in (X, other))
    dets = [
        np.linalg.slogdet(KERNEL.block(Y[p.order], Y[p.order]))[1]
        for Y, p in ((X, picked), (other, of_reference))
    ]
    curve = ldd_curve(volume(12).gains(X), volume(12).gains(other))
    assert curve[-1] == pytest.approx((dets[1] - dets[0]) / 12, abs=1e-8)


def test_uniform_points_score_zero_within_the_spread_of_seeds():
    values = []
    for seed in range(8):
        gains = volume(300).gains(sphere(400, 32, 1_000 + seed))
        reference = volume(300).reference_gains(400, 32, seed)
        values.append(ldd_curve(gains, reference)[-1])
    deviation = np.std(values, ddof=1)
    assert abs(np.mean(values)) < 3 * deviation / np.sqrt(8)
    assert deviation < 0.01


def test_copies_of_half_the_rows_raise_it_by_more_than_three_deviations():
    X = sphere(600, 32, 99)
    halved = np.concatenate([X[:300], X[:300]])
    sets = [MeasuredData("whole", X), MeasuredData("halved", halved)]
    whole, copied = measure_sets(sets, [LDD()], volume(400), pool=480, draws=3)
    a, b = (one.measurements["ldd"] for one in (whole, copied))
    assert b.value - a.value > 3 * max(a.deviation, b.deviation)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_at_n_of_all_rows_one_copy_more_costs_exactly_the_floor(dtype):
    """log det L falls by seven nats when a row is added that repeats another."""
    X = sphere(100, 24, 3)
    before = volume(100, dtype).gains(X)
    after = volume(101, dtype).gains(np.concatenate([X, X[40:41]]))
    logs = [np.log(np.maximum(gains, np.exp(LOG_FLOOR))).sum() for gains in (before, after)]
    assert logs[1] - logs[0] == pytest.approx(LOG_FLOOR, abs=1e-9 if dtype == "float64" else 1e-3)


def test_without_the_floor_copies_would_go_unpunished():
    """A negative control: `drop` scores a set whose half is copies as if it had no copies."""
    X = sphere(200, 24, 4)
    halved = np.concatenate([X[:100], X[:100]])
    reference = volume(200).reference_gains(200, 24, 0)
    dropped = ldd_curve(volume(200).gains(halved), reference, "drop")[-1]
    alone = ldd_curve(volume(100).gains(X[:100]), reference[:100])[-1]
    assert dropped == pytest.approx(alone, abs=1e-9)
    assert ldd_curve(volume(200).gains(halved), reference)[-1] > dropped + 2


def test_picks_after_the_rank_is_exhausted_count_as_the_floor():
    X = np.eye(3)[np.zeros(10, int)]
    gains = volume(10).gains(X)
    assert gains.tolist() == [1.0] + [0.0] * 9
    reference = np.ones(10)
    assert ldd_curve(gains, reference)[-1] == pytest.approx(6.3)
    assert floor_share(gains) == pytest.approx(0.9)
    assert equivalent_size(gains, reference) == 1


def test_equivalent_sizes_of_uniform_rows_of_copies_and_of_clusters():
    """300 rows in 64 dimensions: nearly all, nearly half, hardly more than the ten centres."""
    rng = np.random.default_rng(0)
    uniform = sphere(300, 64, 50)
    clusters = np.repeat(rng.normal(size=(10, 64)), 30, axis=0) + 0.1 * rng.normal(size=(300, 64))
    sets = {
        "uniform": (uniform, 285, 300),
        "half copies": (np.concatenate([uniform[:150]] * 2), 130, 150),
        "clusters": (unit_rows(clusters, np.float64), 10, 30),
    }
    for name, (X, least, most) in sets.items():
        sizes = [
            equivalent_size(volume(300).gains(X), volume(300).reference_gains(300, 64, seed))
            for seed in range(3)
        ]
        assert least <= np.mean(sizes) <= most, f"{name}: {sizes}"


def test_a_volume_above_the_reference_has_its_length_as_equivalent_size():
    assert equivalent_size(np.ones(4), np.array([1.0, 0.5, 0.4, 0.3])) == 4


def test_a_cross_polytope_is_more_spread_out_than_random_points():
    X = np.concatenate([np.eye(16), -np.eye(16)])
    gains, reference = volume(32).gains(X), volume(32).reference_gains(32, 16, 0)
    assert ldd_curve(gains, reference)[-1] < -0.05


def test_the_curve_at_any_n_is_the_value_at_that_n():
    X, other = sphere(120, 16, 1), sphere(120, 16, 2)
    curve = ldd_curve(volume(90).gains(X), volume(90).gains(other))
    for n in (1, 17, 90):
        short = ldd_curve(volume(n).gains(X), volume(n).gains(other))
        assert short[-1] == pytest.approx(curve[n - 1], abs=1e-12)


def test_measures_of_a_sample_are_the_functions_of_its_gains():
    X = sphere(60, 8, 5)
    sample = Sample(X, X, volume=volume(40), seed=2)
    reference = volume(40).reference_gains(60, 8, 2)
    assert LDD()(sample).value == ldd_curve(sample.gains, reference)[-1]
    assert LDD("drop")(sample).value == ldd_curve(sample.gains, reference, "drop")[-1]
    assert EquivalentSize()(sample).value == equivalent_size(sample.gains, reference)
    assert FloorShare()(sample).value == floor_share(sample.gains)
    assert [LDD().name, LDD("drop").name, Extent().name] == ["ldd", "ldd:drop", "extent"]


def test_another_floor_is_refused():
    with pytest.raises(UsageError, match="use clamp or drop"):
        ldd_curve(np.ones(1), np.ones(1), "none")  # type: ignore[arg-type]


def test_points_of_a_curve_begin_with_one_and_end_with_n():
    for n in (1, 2, 3, 50, 10_000):
        points = shown_points(n)
        assert (points[0], points[-1]) == (1, n)
        assert (np.diff(points) > 0).all()
        assert len(points) <= 160
