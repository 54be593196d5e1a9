"""The gamma of the rbf kernel at which a number of picks is told apart.

A pick counts while its gain is at least e^-7, below which measures take a row for a copy. The
number of such picks grows with gamma, so that a bisection on log gamma finds it. Both ends are
derived: at the lower one even the two rows farthest apart repeat each other; at the upper one all
distinct rows together are nearly independent, or rounding would begin to count as a distance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.errors import UsageError
from spanset.greedy import Progress, blocked_greedy
from spanset.greedy.rules import LARGEST_SHARE, PRODUCT_ERROR
from spanset.kernels import RBF
from spanset.results import FloatArray
from spanset.stages import SILENT, Watcher

LEAST_GAIN = float(np.exp(-7.0))  # as the floor of log determinants (diversity/ldd.py)
TOLERANCE = 0.05  # of the number of picks
RESOLUTION = 1e-3  # of log gamma: where the count still misses then, it jumps
STEP = 1024  # rows compared with all others at once


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
        `RESOLUTION`. Time of about ten greedy runs of so many picks.

        Raises
        ------
        UsageError
            More picks than rows that any gamma tells apart.
        """
        n = len(self.X)
        if picks > n:
            raise self._out_of_reach(picks, n, f"there are {n:,} rows to look at")
        low, high = self._bounds()
        below, above = 1, self.count(high, picks)
        if above < (1.0 - TOLERANCE) * picks:
            why = f"of {n:,} rows looked at only {above:,} are told apart, the others are copies"
            raise self._out_of_reach(picks, above, why)
        if _fits(below, picks):
            high, above = low, below
        while np.log(high / low) > RESOLUTION:
            middle = float(np.sqrt(low * high))
            count = self.count(middle, picks)
            if count < picks and not _fits(count, picks):
                low, below = middle, count
                continue
            high, above = middle, count
            if _fits(count, picks):
                break
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
        """A gamma at which one pick counts, and one at which all do that ever can.

        With D the largest distance, at most twice the largest length, the second pick's gain is at
        most 1 - exp(-2 gamma D^2). With s the smallest distance of two distinct rows, no row of the
        kernel has off-diagonal entries of more than (n - 1) exp(-gamma s^2) in all, and by
        Gershgorin no gain is smaller than 1 less that. Beyond the third bound what rounding leaves
        of a copy may count as a gain (`rules.spent_shares`).
        """
        n, d = self.X.shape
        squares = np.einsum("ij,ij->i", self.X, self.X)
        longest = float(squares.max())
        error = 2.0 * PRODUCT_ERROR * np.sqrt(d) * np.finfo(self.X.dtype).eps
        steepest = LARGEST_SHARE / (2.0 * error * longest)
        low = -np.log1p(-LEAST_GAIN) / (8.0 * longest)
        nearest = self._smallest_square(squares, 2.0 * error)
        # A hair inside of both, so that rounding puts neither on the wrong side.
        if not np.isfinite(nearest):
            return low * 0.99, low * 0.99
        high = np.log((n - 1) / (1.0 - LEAST_GAIN)) / nearest
        return low * 0.99, max(low, min(1.01 * high, 0.99 * steepest))

    def _smallest_square(self, squares: FloatArray, error: float) -> float:
        """Smallest squared distance of rows that differ by more than rounding; else infinity."""
        smallest = np.inf
        for start in range(0, len(self.X), STEP):
            stop = start + STEP
            both = squares[start:stop, None] + squares
            between = both - 2.0 * (self.X[start:stop] @ self.X.T)
            smallest = min(smallest, between.min(initial=np.inf, where=between > error * both))
        return float(smallest)

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
