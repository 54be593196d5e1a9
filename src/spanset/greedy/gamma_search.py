"""The gamma of the rbf kernel at which a number of picks is told apart.

A pick counts while its gain is at least e^-7, below which measures take a row for a copy. The
number of such picks grows with gamma, so that a bisection on log gamma finds it. Both ends are
derived: at the lower one even the two rows farthest apart repeat each other, at the upper one
rounding would begin to count as a distance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.errors import UsageError
from spanset.base.stages import SILENT, Watcher
from spanset.greedy.blocked import Progress, blocked_greedy
from spanset.greedy.rules import LARGEST_SHARE, rounding_shares
from spanset.kernels.rbf import RBF

LEAST_GAIN = float(np.exp(-7.0))  # as the floor of log determinants (diversity/ldd.py)
TOLERANCE = 0.05  # of the number of picks
RESOLUTION = 1e-3  # of log gamma: where the count still misses then, it jumps
FIRST_STRIDE = 4.0  # in gamma; the second is its square, and so on


@dataclass(frozen=True, eq=False)
class GammaSearch:
    """A search on some rows.

    Attributes
    ----------
    X : (n, d) float64
        Rows as the kernel sees them.
    unit : bool
        Whether they have length one.
    """

    X: npt.NDArray[np.floating[Any]]
    unit: bool = True
    workers: int = 0
    device: str = "cpu"
    watcher: Watcher = SILENT

    def find(self, picks: int) -> float:
        """Gamma at which `picks` picks, within 5 %, have a gain of at least e^-7.

        Where the number jumps over that band, the smallest gamma that reaches `picks`, to
        `RESOLUTION`. Time of about seven greedy runs of so many picks.

        Raises
        ------
        UsageError
            More picks than rows that any gamma tells apart.
        """
        n = len(self.X)
        if picks > n:
            distinct = len(np.unique(self.X, axis=0))
            why = f"{n:,} rows are looked at, {distinct:,} of them distinct"
            raise self._out_of_reach(picks, distinct, why)
        low, steepest = self._bounds()
        high, below, above = low, 1, 1
        # Strides from below: a count that misses ends early, one far above costs as many picks.
        stride = FIRST_STRIDE
        while above < picks and not _fits(above, picks):
            if high == steepest:
                why = (
                    f"of {n:,} rows looked at only {above:,} are told apart, the others are copies"
                )
                raise self._out_of_reach(picks, above, why)
            low, below = high, above
            high = min(high * stride, steepest)
            above = self.count(high, picks)
            stride *= stride
        while not _fits(above, picks) and np.log(high / low) > RESOLUTION:
            middle = float(np.sqrt(low * high))
            count = self.count(middle, picks)
            if count < picks and not _fits(count, picks):
                low, below = middle, count
            else:
                high, above = middle, count
        self.watcher.note(self._note(high, above, below, picks))
        return high

    def count(self, gamma: float, picks: int) -> int:
        """Picks with a gain of at least e^-7; counted up to just above the band around `picks`."""
        most = min(len(self.X), int(np.floor((1.0 + TOLERANCE) * picks)) + 1)
        low = False

        def look(progress: Progress) -> None:
            nonlocal low
            low = low or progress.gain < LEAST_GAIN

        found = blocked_greedy(
            self.X,
            most,
            RBF(gamma, unit=self.unit),
            workers=self.workers,
            device=self.device,
            on_progress=look,
            # Gains never increase: after one below the floor there is nothing to count.
            cancelled=lambda: low or self.watcher.cancelled(),
        )
        if self.watcher.cancelled():
            raise KeyboardInterrupt
        return int((found.gains >= LEAST_GAIN).sum())

    def _bounds(self) -> tuple[float, float]:
        """A gamma at which one pick counts, and the largest that float64 can be trusted with.

        With D the largest distance, at most twice the largest length, the second pick's gain is at
        most 1 - exp(-2 gamma D^2). At the other end, what rounding leaves of a copy is as large as
        the least gain that counts (`rules.spent_shares`): whatever is told apart at any gamma is
        told apart there.
        """
        longest = float(np.einsum("ij,ij->i", self.X, self.X).max())
        low = -np.log1p(-LEAST_GAIN) / (8.0 * longest)
        rounding = float(rounding_shares(RBF(low, unit=self.unit), self.X).max())
        # A hair inside of both, so that rounding puts neither on the wrong side.
        return float(0.99 * low), float(0.99 * low * LARGEST_SHARE / rounding)

    def _note(self, gamma: float, above: int, below: int, picks: int) -> str:
        text = (
            f"gamma {gamma:.6g}: {above:,} picks of {len(self.X):,} rows have a gain of at least "
            f"e^-7, {picks:,} are asked for"
        )
        if _fits(above, picks):
            return text
        return f"{text}; just below it only {below:,} have: the number jumps, no gamma is closer"

    def _out_of_reach(self, picks: int, largest: int, why: str) -> UsageError:
        return UsageError(
            f"no gamma gives {picks:,} picks a gain of at least e^-7",
            where="--gamma",
            why=why,
            fix=f"use auto:{largest} or less",
        )


def _fits(count: int, picks: int) -> bool:
    return abs(count - picks) <= TOLERANCE * picks
