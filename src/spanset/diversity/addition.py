"""What new data add to the data that one has.

residual         of a row: what is left of it after projecting out the current rows; 1 unlike them
                 all, 0 a copy. The sum over a file's rows is what the current rows do not span.
equivalent size  how many uniform points more both together span than the current rows do.

Residuals count every row by itself: a file that repeats one new row a thousand times has a large
sum. The equivalent size is computed from greedy gains, where repetition adds nothing. Both stand
beside more of the same: rows held out of the current data, measured like a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.diversity.ldd import LOG_FLOOR, equivalent_size
from spanset.diversity.measuring import LARGEST_POOL, MeasuredData, MeasuringProgress
from spanset.diversity.volume import Volume
from spanset.features.rows import unit_rows
from spanset.greedy import Conditioning, blocked_greedy, residuals
from spanset.results import FloatArray, StopReason
from spanset.stages import SILENT, Watcher

HELD_OUT = 5  # one current row in so many stands for more of the same
MORE_OF_THE_SAME = "more of the same"


@dataclass(frozen=True)
class Addition:
    """What one file adds.

    Attributes
    ----------
    name : str
        The file; `MORE_OF_THE_SAME` for rows held out of the current data.
    rows : int
        Its rows.
    residual_sum : float
        Sum of its rows' residuals given the current rows, each at most 1.
    repeated : float
        Fraction of its rows whose residual is below e^-7: the current data span them.
    equivalent : int
        Uniform points that it adds to what the current rows span.
    after_those_above : int or None
        The same after the files that add more; None for rows held out.
    """

    name: str
    rows: int
    residual_sum: float
    repeated: float
    equivalent: int
    after_those_above: int | None

    @property
    def mean_residual(self) -> float:
        """Residual of a row, on average."""
        return self.residual_sum / self.rows


@dataclass(frozen=True)
class Additions:
    """Files by what they add, the most first, beside more of the same.

    Attributes
    ----------
    files : tuple of Addition
        Ranked by equivalent size.
    same : Addition or None
        Rows held out of the current data; None where there are too few.
    current_rows, current_equivalent : int
        Current rows compared with, and the uniform points that they span.
    spanning : int
        Current rows that are projected out: the first of their greedy order.
    """

    files: tuple[Addition, ...]
    same: Addition | None
    current_rows: int
    current_equivalent: int
    spanning: int


def additions(
    current: npt.NDArray[np.floating[Any]],
    files: Sequence[MeasuredData],
    volume: Volume,
    *,
    seed: int = 0,
    watcher: Watcher = SILENT,
) -> Additions:
    """Rank files by what they add to the current data.

    Parameters
    ----------
    current : (N, d)
        Unit rows of the data there are; of more than 62,500, a random part.
    files : sequence of MeasuredData
        New data.
    volume : Volume
        How volumes are computed. Its n bounds the current rows that are projected out, and the
        picks from each file: the first of greedy orders, which span the most.
    seed : int
        Of the rows that are held out, and of the reference.

    Notes
    -----
    Time O((N + M) n (n + d)) for M new rows, as matrix products; memory (N + n) n numbers.
    """
    kept, held_out = _split(len(current), seed)
    here = _Here(unit_rows(current[kept], volume.dtype), volume)
    known = here.gains.sum()
    candidates = list(files)
    if len(held_out):
        candidates.append(MeasuredData(MORE_OF_THE_SAME, current[held_out]))
    total = len(kept) + max(len(one.X) for one in candidates)
    longest = len(here.gains) + max(min(len(one.X), volume.n) for one in candidates)
    reference = here.reference(total, longest, seed)
    before = equivalent_size(here.gains, reference)

    def added(known: float, gains: FloatArray) -> int:
        span = np.array([known + gains.sum()])
        return equivalent_size(span, reference) - equivalent_size(np.array([known]), reference)

    alone: list[Addition] = []
    for number, one in enumerate(candidates):
        watcher.progress(MeasuringProgress(number, 2 * len(candidates), one.name))
        X = unit_rows(one.X, volume.dtype)
        left = residuals(
            X, here.conditioning, volume.kernel, workers=volume.workers, device=volume.device
        )
        repeated = float((left < np.exp(LOG_FLOOR)).mean())
        gains, _ = here.picked(X)
        alone.append(
            Addition(one.name, len(X), float(left.sum()), repeated, added(known, gains), None)
        )
    ranked = sorted(range(len(files)), key=lambda number: -alone[number].equivalent)
    placed = []
    for place, number in enumerate(ranked):
        step = MeasuringProgress(len(candidates) + place, 2 * len(candidates), files[number].name)
        watcher.progress(step)
        one, X = alone[number], unit_rows(files[number].X, volume.dtype)
        gains, picks = here.picked(X)
        after = added(known, gains)
        placed.append(replace(one, after_those_above=after))
        here.add(X[picks])
        known += gains.sum()
    same = alone[-1] if len(held_out) else None
    return Additions(tuple(placed), same, len(kept), before, len(here.gains))


class _Here:
    """The rows there are: gains of their greedy order, and the conditioning on its picks."""

    def __init__(self, X: npt.NDArray[np.floating[Any]], volume: Volume) -> None:
        self.volume = volume
        self.conditioning = Conditioning(X[:0], np.zeros((0, 0)))
        self.gains, picks = self.picked(X)
        self.conditioning = Conditioning.on(X[picks], volume.kernel)

    def picked(self, X: npt.NDArray[np.floating[Any]]) -> tuple[FloatArray, npt.NDArray[np.int64]]:
        """Gains and picks of at most n rows of X after those that are here."""
        volume = self.volume
        selection = blocked_greedy(
            X,
            min(volume.n, len(X)),
            volume.kernel,
            given=self.conditioning,
            workers=volume.workers,
            device=volume.device,
            cancelled=volume.cancelled,
        )
        if selection.stop_reason is StopReason.INTERRUPTED:
            raise KeyboardInterrupt
        return selection.gains, selection.order

    def add(self, points: npt.NDArray[np.floating[Any]]) -> None:
        """Count these picks as here."""
        self.conditioning = self.conditioning.extended(points, self.volume.kernel)

    def reference(self, m: int, n: int, seed: int) -> FloatArray:
        """Gains of n of m points of the reference."""
        m = max(n, min(m, LARGEST_POOL))
        volume = replace(self.volume, n=n)
        return volume.reference_gains(m, self.conditioning.points.shape[1], seed)


def _split(N: int, seed: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows to compare with, and rows held out; ascending."""
    rows = np.random.default_rng([seed, 3]).permutation(N)
    held_out = min(N // HELD_OUT, LARGEST_POOL // HELD_OUT)
    kept = rows[held_out : held_out + LARGEST_POOL]
    return np.sort(kept), np.sort(rows[:held_out])
