"""Every measure of several data sets, on draws of equal size.

At a fixed n a larger pool offers more to choose from, so only pools of equal size compare: the same
number of rows is drawn from each data set, several times, and every measure is taken of every draw;
the value is the mean, its spread the standard deviation over draws. The draw of a data set depends
on its rows, the pool and the seed, not on what it is compared with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.errors import UsageError
from spanset.base.stages import SILENT, Watcher
from spanset.base.unit_rows import of_rows
from spanset.diversity.estimate import Estimate, Measure
from spanset.diversity.headroom import Room, headroom
from spanset.diversity.ldd import LDD, Extent, VolumeMeasure, ldd_curve, shown_points
from spanset.diversity.measurement import Curve, Headroom, MeasuredSet, Measurement
from spanset.diversity.only_drawn import DrawnPools, draw_order
from spanset.diversity.reference import DataReference
from spanset.diversity.sample import EXACT_UP_TO, Sample
from spanset.diversity.volume import Volume

if TYPE_CHECKING:
    from spanset.data.dataset import Dataset

POOL_SHARE = 0.8  # of the smallest data set: below 1, so that draws differ
LARGEST_POOL = 50_000
LARGEST_N = 10_000

# Steps of the seed from draw to draw of one call: neighbouring seeds of the user's share none.
SEED_STEP = 1_000_003


@dataclass(frozen=True)
class MeasuredData:
    """A data set to measure.

    Attributes
    ----------
    name : str
        For tables and figures.
    X : (N, d) float32
        Unit rows.
    data : Dataset, optional
        The rows; None where features are all there is.
    lengths : (N,) float64, optional
        Lengths of the rows, where these count.
    draws : mapping of int to (m,) int64, optional
        Where only rows that are drawn have features: each draw by its seed.
    total : int, optional
        Rows of the data set then; N where all are there.
    """

    name: str
    X: npt.NDArray[np.floating[Any]]
    data: Dataset | None = None
    lengths: FloatArray | None = None
    draws: Mapping[int, IntArray] | None = None
    total: int | None = None

    def __len__(self) -> int:
        return len(self.X) if self.total is None else self.total

    def drawn(self, pool: int, seed: int) -> IntArray:
        """Positions of a draw of so many rows, ascending."""
        return drawn(len(self.X), pool, seed) if self.draws is None else self.draws[seed]


@dataclass(frozen=True)
class MeasuringProgress:
    """Measurements made, of how many, and which is next."""

    made: int
    wanted: int
    line: str

    @property
    def work_done(self) -> float:
        """Share of the measurements."""
        return self.made / self.wanted


def matched_pool(sizes: Sequence[int], pool: int | None) -> int:
    """Rows of a draw: as asked, else 80 % of the smallest data set, at most 50,000.

    Raises
    ------
    UsageError
        A pool that the smallest data set cannot fill.
    """
    smallest = min(sizes)
    if pool is None:
        return max(1, min(int(POOL_SHARE * smallest), LARGEST_POOL))
    if not 1 <= pool <= smallest:
        raise UsageError(
            f"a pool of {pool:,} rows cannot be drawn",
            where="--pool",
            why=f"the smallest data set has {smallest:,} usable rows",
            fix=f"give 1 to {smallest}",
        )
    return pool


def volume_rows(n: int | None, pool: int, of: str = "the pool") -> int:
    """Rows that log determinants are taken of: as asked, else the pool, at most 10,000.

    `of` names the rows in the error.

    Raises
    ------
    UsageError
        More than the pool.
    """
    if n is None:
        return min(pool, LARGEST_N)
    if not 1 <= n <= pool:
        raise UsageError(
            f"n is {n:,}, {of} has {pool:,} rows",
            where="-n",
            why="by default a pool is 80 % of the smallest data set: draws have to differ"
            if of == "the pool"
            else "",
            fix=f"give 1 to {pool}" + ", or a larger --pool" * (of == "the pool"),
        )
    return n


def draw_seeds(seed: int, draws: int) -> list[int]:
    """A seed for every draw."""
    return [seed + SEED_STEP * draw for draw in range(draws)]


def drawn_pools(
    sizes: Sequence[Sized], measures: Sequence[Measure], pool: int | None, draws: int, seed: int
) -> DrawnPools | None:
    """The draws of these data sets; None where a measure looks at all of their rows.

    Raises
    ------
    UsageError
        As `matched_pool`.
    """
    if any(isinstance(one, Extent) for one in measures):
        return None
    return DrawnPools(matched_pool(list(map(len, sizes)), pool), draw_seeds(seed, draws))


def drawn(N: int, count: int, seed: int, stream: int = 0) -> IntArray:
    """Random rows of N, ascending; draws that stand on one another take streams of their own."""
    return np.sort(draw_order(N, seed, stream)[:count])


def measure_sets(
    sets: Sequence[MeasuredData],
    measures: Sequence[Measure],
    volume: Volume,
    *,
    pool: int,
    draws: int = 3,
    seed: int = 0,
    watcher: Watcher = SILENT,
) -> list[MeasuredSet]:
    """Take every measure of every data set.

    Parameters
    ----------
    sets : sequence of MeasuredData
        Data sets with features of one dimension.
    measures : sequence of Measure
        What to measure; those that need rows are left out for sets without.
    volume : Volume
        How log determinants are computed.
    pool : int
        Rows drawn from each data set.
    draws : int
        Times that this is done.
    seed : int
        Of all draws and references.
    watcher : Watcher
        Told of progress.

    Notes
    -----
    A measure that averages over pairs looks at all rows of a draw up to 20,000, else at 2,000 of
    them beside all others, and states the standard error of that.
    """
    matched = [one for one in measures if not isinstance(one, Extent)]
    whole = [one for one in measures if isinstance(one, Extent)]
    if isinstance(volume.against, DataReference):
        most = max(len(one.X) for one in sets) if whole else pool
        volume.against.require(most, sets[0].X.shape[1])
    results = [_Results(one.name, len(one)) for one in sets]
    steps = Steps(watcher, len(sets) * (draws * len(matched) + len(whole)))
    seeds = draw_seeds(seed, draws)
    for draw, own_seed in enumerate(seeds):
        for result, sample in zip(results, _samples(sets, volume, pool, own_seed), strict=True):
            for measure in matched:
                steps.next(f"{result.name}: {measure.name}, draw {draw + 1} of {draws}")
                if sample.data is not None or not measure.needs_rows:
                    result.take(measure, sample)
            # Headroom compares with points on the unit sphere: no peers of other lengths.
            if sample.lengths is None and any(isinstance(measure, LDD) for measure in matched):
                result.headrooms.append(headroom(sample, volume))
    for measure in whole:
        for result, one in zip(results, sets, strict=True):
            steps.next(f"{result.name}: {measure.name}")
            for estimate in measure.of_seeds(one.X, volume, seeds, one.lengths):
                result.add(measure, estimate)
    return [result.measured(pool, volume.n) for result in results]


class Steps:
    """Tells the watcher of each measurement before it is made."""

    def __init__(self, watcher: Watcher, wanted: int) -> None:
        self.watcher, self.wanted, self.made = watcher, max(1, wanted), 0

    def next(self, line: str) -> None:
        """The next one, in words."""
        self.watcher.progress(MeasuringProgress(self.made, self.wanted, line))
        self.made += 1


def _samples(
    sets: Sequence[MeasuredData], volume: Volume, pool: int, seed: int
) -> Iterator[Sample]:
    """One draw of every data set, one at a time, with the population that they all make up."""
    draws = [one.drawn(pool, seed) for one in sets]
    share = min(pool, max(1, EXACT_UP_TO // len(sets)))
    parts = [
        one.X[rows[drawn(pool, share, seed, 1)]].astype(np.float32, copy=False)
        for one, rows in zip(sets, draws, strict=True)
    ]
    population = np.concatenate(parts)
    shared: dict[object, Any] = {}
    for one, rows in zip(sets, draws, strict=True):
        X = one.X[rows].astype(np.float32, copy=False)
        data = None if one.data is None else one.data[rows]
        yield Sample(X, population, data, volume, seed, shared, of_rows(one.lengths, rows))


class _Results:
    """What was measured of one data set so far."""

    def __init__(self, name: str, rows: int) -> None:
        self.name, self.rows = name, rows
        self.estimates: dict[str, tuple[Measure, list[Estimate]]] = {}
        self.curves: dict[str, list[FloatArray]] = {}
        self.headrooms: list[Room] = []

    def take(self, measure: Measure, sample: Sample) -> None:
        """Measure one more draw."""
        self.add(measure, measure(sample))
        if isinstance(measure, LDD):
            curve = ldd_curve(sample.gains, sample.reference, measure.floor)
            self.curves.setdefault(measure.name, []).append(curve)

    def add(self, measure: Measure, estimate: Estimate) -> None:
        """One more draw's value."""
        self.estimates.setdefault(measure.name, (measure, []))[1].append(estimate)

    def measured(self, pool: int, n: int) -> MeasuredSet:
        """All of it."""
        measurements = {}
        for name, (measure, estimates) in self.estimates.items():
            errors = np.array([estimate.standard_error for estimate in estimates])
            is_whole = isinstance(measure, Extent)
            measurements[name] = Measurement(
                name,
                measure.unit,
                measure.better,
                np.array([estimate.value for estimate in estimates]),
                float(np.sqrt(np.mean(errors**2))),
                self.rows if is_whole else pool,
                n if isinstance(measure, VolumeMeasure) else None,
                None if is_whole or not isinstance(measure, LDD) else mean_curve(self.curves[name]),
                1.0 if is_whole else pool / self.rows,
            )
        return MeasuredSet(self.name, self.rows, measurements, self._headroom())

    def _headroom(self) -> Headroom | None:
        if not self.headrooms:
            return None
        k, *sizes = zip(*self.headrooms, strict=True)
        return Headroom(k[0], *map(np.array, sizes))


def mean_curve(curves: Sequence[FloatArray]) -> Curve:
    """Mean and spread of curves over 1, ..., n, at the points that are shown."""
    values = np.stack(curves)
    n = shown_points(values.shape[1])
    values = values[:, n - 1]
    deviation = values.std(axis=0, ddof=1) if len(values) > 1 else np.zeros(len(n))
    return Curve(n, values.mean(axis=0), deviation)
