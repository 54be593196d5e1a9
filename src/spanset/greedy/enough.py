"""Where to stop: the first pick after which rows add little.

What a row adds is its gain, averaged over a window of picks: with a quality, gains do not fall from
pick to pick, only on the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spanset.base.array_types import FloatArray

LEAST_GAIN = 0.2  # share of what the first rows add, below which a row adds little
WINDOW = 100  # picks that a gain is averaged over: one alone may be an outlier
FIRST = 100  # picks that further ones are compared with


@dataclass(frozen=True)
class Enough:
    """Stop where a row adds less than a share of what the first rows add.

    Attributes
    ----------
    share : float
        In (0, 1).
    """

    share: float

    def kept(self, gains: Sequence[float] | FloatArray) -> int | None:
        """Picks before that point; None where it is not reached."""
        values = np.asarray(gains, np.float64)
        if len(values) < FIRST + WINDOW:
            return None
        sums = np.concatenate([[0.0], np.cumsum(values)])
        means = (sums[WINDOW:] - sums[:-WINDOW]) / WINDOW
        below = np.flatnonzero(means < self.share * values[:FIRST].mean())
        return int(below[0]) if len(below) else None


@dataclass(frozen=True)
class Reached:
    """What picks add together, and what others would.

    Attributes
    ----------
    picks : int
        Picks.
    first, last : float
        Mean gain of the first and of the last `WINDOW` picks.
    half : float
        Share of the sum of gains that half as many picks have.
    more : int
        Twice as many picks, or all rows where these are fewer.
    more_at_most : float
        Sum of gains of so many beside that of these, at most: where gains fall from pick to pick,
        none of the others adds more than the last.
    curve : tuple of (int, float, float)
        Picks; mean gain of the `WINDOW` up to there; share of the sum of gains.
    """

    picks: int
    first: float
    last: float
    half: float
    more: int
    more_at_most: float
    curve: tuple[tuple[int, float, float], ...]

    @classmethod
    def by(cls, gains: FloatArray, candidates: int) -> Reached:
        """By the gains of the picks (k,), at least one, of so many candidates."""
        k = len(gains)
        more = min(2 * k, candidates)
        sums = np.concatenate([[0.0], np.cumsum(gains)])

        def mean(end: int) -> float:
            start = max(0, end - WINDOW)
            return float((sums[end] - sums[start]) / (end - start))

        points = sorted({max(1, round(k * part)) for part in (0.02, 0.05, 0.1, 0.25, 0.5, 1.0)})
        return cls(
            k,
            mean(min(FIRST, k)),
            mean(k),
            float(sums[k // 2] / sums[k]),
            more,
            float(1.0 + (more - k) * mean(k) / sums[k]),
            tuple((at, mean(at), float(sums[at] / sums[k])) for at in points),
        )
