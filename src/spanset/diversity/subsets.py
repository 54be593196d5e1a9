"""The volume of chosen subsets beside what their pool and a uniform reference can reach.

The reference has as many points as the pool that a subset was chosen from, and n is the number of
rows chosen: the values of several methods on one pool compare, and LDD of the greedy choice is the
least of them but for what greedy choice misses. Wang et al. (2024), table of selected subsets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.errors import UsageError
from spanset.base.stages import SILENT, Watcher
from spanset.base.unit_rows import kernel_rows, of_rows
from spanset.diversity.estimate import Measure
from spanset.diversity.ldd import LDD, Extent, VolumeMeasure, ldd_curve
from spanset.diversity.matched import Steps, draw_seeds, mean_curve
from spanset.diversity.measurement import MeasuredSet, Measurement
from spanset.diversity.reference import DataReference
from spanset.diversity.volume import Volume
from spanset.greedy.replay import replay

RANDOM = "random rows"


def measure_subsets(
    X: npt.NDArray[np.floating[Any]],
    subsets: Mapping[str, IntArray],
    measures: Sequence[Measure],
    volume: Volume,
    *,
    draws: int = 3,
    seed: int = 0,
    watcher: Watcher = SILENT,
    lengths: FloatArray | None = None,
) -> list[MeasuredSet]:
    """Volumes of subsets of X (N, d), and of random ones of n rows.

    Parameters
    ----------
    subsets : mapping of str to (s,) int64
        Name to positions in X, in the order that the gains are taken in (best first).
    measures : sequence of Measure
        Those of volume are taken; n is the volume's, at most the shortest subset.
    draws : int
        References, and random subsets.
    lengths : (N,) float64, optional
        Lengths of the rows, where these count.

    Raises
    ------
    UsageError
        No measure of volume among them, or n above a subset.
    """
    taken = [m for m in measures if isinstance(m, VolumeMeasure) and not isinstance(m, Extent)]
    if not taken:
        raise UsageError(
            "subsets are measured by their volume, and no such measure is asked for",
            where="--metrics",
            fix="add ldd, equivalent-size or floor-share",
        )
    n = volume.n
    if isinstance(volume.against, DataReference):
        volume.against.require(len(X), X.shape[1])
    seeds = draw_seeds(seed, draws)
    steps = Steps(watcher, len(subsets) + 2 * draws)
    references = []
    for number, one in enumerate(seeds, start=1):
        steps.next(f"reference {number} of {draws}")
        references.append(volume.reference_gains(len(X), X.shape[1], one))
    results = []
    for name, rows in subsets.items():
        steps.next(name)
        gains = [_replayed(X, lengths, rows[:n], volume)] * draws
        results.append(_measured(name, len(rows), gains, references, taken, len(X)))
    gains = []
    for one in seeds:
        steps.next(RANDOM)
        rows = np.random.default_rng([one, 0]).permutation(len(X))[:n]
        gains.append(_replayed(X, lengths, rows, volume))
    results.append(_measured(RANDOM, n, gains, references, taken, len(X)))
    return results


def _replayed(
    X: npt.NDArray[np.floating[Any]],
    lengths: FloatArray | None,
    rows: IntArray,
    volume: Volume,
) -> FloatArray:
    return replay(kernel_rows(X[rows], of_rows(lengths, rows), volume.dtype), volume.kernel)


def _measured(
    name: str,
    rows: int,
    gains: Sequence[FloatArray],
    references: Sequence[FloatArray],
    measures: Sequence[VolumeMeasure],
    pool: int,
) -> MeasuredSet:
    """One subset beside every reference."""
    pairs = list(zip(gains, references, strict=True))
    measurements = {}
    for measure in measures:
        values = np.array([measure.of(*pair) for pair in pairs])
        curve = None
        if isinstance(measure, LDD):
            curve = mean_curve([ldd_curve(*pair, measure.floor) for pair in pairs])
        measurements[measure.name] = Measurement(
            measure.name, measure.unit, measure.better, values, 0.0, pool, len(gains[0]), curve
        )
    return MeasuredSet(name, rows, measurements)
