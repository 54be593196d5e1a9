"""Measuring several data sets: draws of equal size, means, spreads, what a draw depends on."""

from dataclasses import dataclass

import numpy as np
import pytest
from tests.conftest import make_rows

import spanset
from spanset.base.errors import UsageError
from spanset.base.unit_rows import unit_rows
from spanset.diversity.estimate import Estimate
from spanset.diversity.headroom import headroom
from spanset.diversity.ldd import LDD, EquivalentSize, Extent, equivalent_size, ldd_curve
from spanset.diversity.matched import (
    SEED_STEP,
    MeasuredData,
    matched_pool,
    measure_sets,
    volume_rows,
)
from spanset.diversity.reference import SphereReference, sphere
from spanset.diversity.sample import Sample, largest
from spanset.diversity.volume import Volume
from spanset.greedy.textbook import reference_greedy
from spanset.kernels.rbf import RBF

KERNEL = RBF(0.25)


def volume(n, dtype="float64"):
    return Volume(n, KERNEL, SphereReference(), dtype)


@dataclass(frozen=True)
class Spy:
    """A measure that keeps the samples it is given."""

    seen: list
    name: str = "spy"
    unit: str = "rows"
    better: str = "higher"
    needs_rows: bool = False

    def __call__(self, sample):
        self.seen.append(sample)
        return Estimate(float(sample.X[:, 0].sum()), 0.5)


def test_pools_and_n_by_default_and_as_asked():
    assert matched_pool([1_000, 300], None) == 240
    assert matched_pool([1], None) == 1
    assert matched_pool([10**6], None) == 50_000
    assert matched_pool([1_000, 300], 300) == 300
    assert (volume_rows(None, 240), volume_rows(None, 50_000)) == (240, 10_000)
    assert volume_rows(100, 240) == 100
    for wrong in (0, 301):
        with pytest.raises(UsageError, match="300 usable rows"):
            matched_pool([1_000, 300], wrong)
    with pytest.raises(UsageError, match=r"n is 241, the pool has 240 rows"):
        volume_rows(241, 240)


def test_every_draw_has_pool_rows_and_the_mean_and_spread_are_over_draws():
    X = sphere(100, 5, 0)
    spy = Spy([])
    (one,) = measure_sets([MeasuredData("a", X)], [spy], volume(10), pool=80, draws=4, seed=3)
    assert [len(sample) for sample in spy.seen] == [80] * 4
    values = [sample.X[:, 0].sum() for sample in spy.seen]
    found = one.measurements["spy"]
    assert found.value == pytest.approx(np.mean(values))
    assert found.deviation == pytest.approx(np.std(values, ddof=1))
    assert (found.standard_error, found.pool, found.n) == (0.5, 80, None)
    assert len({sample.X.tobytes() for sample in spy.seen}) == 4
    rows = {row.tobytes() for row in X}
    for sample in spy.seen:
        drawn = {row.tobytes() for row in sample.X}
        assert len(drawn) == 80
        assert drawn <= rows


def test_the_draw_of_a_set_does_not_depend_on_the_others():
    sets = [MeasuredData(name, sphere(90 + 30 * i, 5, i)) for i, name in enumerate("abc")]
    orders = ([0], [0, 1, 2], [2, 0, 1])
    drawn = []
    for order in orders:
        spy = Spy([])
        measure_sets([sets[i] for i in order], [spy], volume(10), pool=70, draws=1)
        drawn.append(spy.seen[order.index(0)].X.tobytes())
    assert len(set(drawn)) == 1


def test_the_population_holds_equal_shares_of_all_sets(monkeypatch):
    sets = [MeasuredData(name, sphere(200, 4, i)) for i, name in enumerate("ab")]
    spy = Spy([])
    measure_sets(sets, [spy], volume(10), pool=100, draws=1)
    first, second = spy.seen
    np.testing.assert_array_equal(first.population, np.concatenate([first.X, second.X]))
    monkeypatch.setattr("spanset.diversity.matched.EXACT_UP_TO", 60)
    spy = Spy([])
    measure_sets(sets, [spy], volume(10), pool=100, draws=1)
    population = {row.tobytes() for row in spy.seen[0].population}
    shares = [len(population & {row.tobytes() for row in one.X}) for one in spy.seen]
    assert shares == [30, 30]


def test_ldd_of_a_set_is_the_textbook_loop_on_its_draws():
    X = unit_rows(sphere(60, 6, 1), np.float64)
    (one,) = measure_sets([MeasuredData("a", X)], [LDD()], volume(20), pool=48, draws=2, seed=5)
    values = []
    for draw in range(2):
        seed = 5 + SEED_STEP * draw
        rows = np.sort(np.random.default_rng([seed, 0]).permutation(60)[:48])
        gains = reference_greedy(X[rows], 20, KERNEL).gains
        reference = reference_greedy(unit_rows(sphere(48, 6, seed), np.float64), 20, KERNEL).gains
        values.append(ldd_curve(gains, reference)[-1])
    found = one.measurements["ldd"]
    np.testing.assert_allclose(found.draws, values, atol=1e-6)
    assert found.curve is not None
    assert found.curve.n[-1] == 20
    assert found.curve.mean[-1] == pytest.approx(found.value)
    assert found.curve.deviation[-1] == pytest.approx(found.deviation)


def test_the_extent_is_of_the_whole_set_beside_a_reference_as_large():
    X = unit_rows(sphere(60, 6, 1), np.float64)
    (one,) = measure_sets([MeasuredData("a", X)], [Extent()], volume(20), pool=48, draws=2)
    gains = volume(20).gains(X)
    expected = [
        ldd_curve(gains, volume(20).reference_gains(60, 6, SEED_STEP * draw))[-1]
        for draw in range(2)
    ]
    np.testing.assert_allclose(one.measurements["extent"].draws, expected)
    assert one.measurements["extent"].pool == 60


def test_a_larger_set_has_a_smaller_extent_but_the_same_ldd():
    """Why pools are matched: rows of one kind, 200 and 3,000 of them."""
    rng = np.random.default_rng(0)
    clusters = rng.normal(size=(40, 12))

    def rows(count):
        return unit_rows(
            clusters[rng.integers(0, 40, count)] + 0.5 * rng.normal(size=(count, 12)), np.float32
        )

    sets = [MeasuredData("small", rows(200)), MeasuredData("large", rows(3_000))]
    small, large = (
        one.measurements
        for one in measure_sets(sets, [LDD(), Extent()], volume(150), pool=160, draws=4)
    )
    spread = max(small["ldd"].deviation, large["ldd"].deviation)
    assert abs(small["ldd"].value - large["ldd"].value) < 3 * spread
    assert small["extent"].value - large["extent"].value > 3 * spread


def test_measures_of_text_are_left_out_where_there_are_features_only():
    data = spanset.read(make_rows(30))
    X = sphere(30, 4, 0)
    measures = [Spy([], needs_rows=True)]
    bare, rows = measure_sets(
        [MeasuredData("bare", X), MeasuredData("rows", X, data)], measures, volume(5), pool=20
    )
    assert (list(bare.measurements), list(rows.measurements)) == ([], ["spy"])


def test_rows_of_a_draw_are_those_of_its_features():
    data = spanset.read(make_rows(30))
    X = np.eye(30, dtype=np.float32)
    spy = Spy([])
    measure_sets([MeasuredData("a", X, data)], [spy], volume(5), pool=20, draws=1)
    sample = spy.seen[0]
    positions = sample.X.argmax(axis=1)
    assert sample.data.ids.tolist() == positions.tolist()
    assert sample.texts == [data.conversation(position).text for position in positions]


def test_headroom_is_picks_beside_random_rows_of_the_same_draw():
    X = unit_rows(np.repeat(sphere(50, 16, 2), 10, axis=0), np.float32)  # ten copies of each
    sample = Sample(X, X, volume=volume(100), seed=1)
    room = headroom(sample, volume(100))
    assert room.k == 50
    assert room.picked == equivalent_size(sample.gains[:50], sample.reference)
    assert room.picked > 1.3 * room.random
    (one,) = measure_sets([MeasuredData("a", X)], [EquivalentSize(), LDD()], volume(100), pool=400)
    assert one.headroom is not None
    assert one.headroom.k == 40
    assert one.headroom.ratio > 1.1


@pytest.mark.parametrize("d", [8, 32, 256])
def test_uniform_points_have_no_headroom_in_any_dimension(d):
    (one,) = measure_sets([MeasuredData("a", sphere(900, d, 1))], [LDD()], volume(80), pool=720)
    assert one.headroom is not None
    assert one.headroom.ratio == pytest.approx(1.0, abs=0.08)


def test_the_watcher_is_told_of_every_measurement():
    lines = []

    class Watcher:
        def progress(self, progress):
            lines.append((progress.work_done, progress.line))

    sets = [MeasuredData(name, sphere(20, 4, i)) for i, name in enumerate("ab")]
    measure_sets(sets, [LDD(), Extent()], volume(5), pool=16, draws=2, watcher=Watcher())
    assert [round(6 * share) for share, _ in lines] == [0, 1, 2, 3, 4, 5]
    assert lines[0][1] == "a: ldd, draw 1 of 2"


@pytest.mark.parametrize("count", [1, 3, 6])
def test_the_largest_of_each_row_fall(count):
    values = np.random.default_rng(0).normal(size=(9, 6)).astype(np.float32)
    np.testing.assert_array_equal(largest(values, count), -np.sort(-values, axis=1)[:, :count])
