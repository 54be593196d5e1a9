"""Where to stop: the first pick after which rows add little.

What a row adds is the median gain of the picks around it: its own where gains fall from pick to
pick, as they do without a quality, and where they fall on the whole only, no single pick decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from spanset.base.array_types import FloatArray

LEAST_GAIN = 0.2  # share of what the first rows add, below which a row adds little
WINDOW = 25  # picks that a median is taken of; odd, so that it is the middle one's where gains fall
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
        """Picks before the first that adds so little; None where none does, of those known."""
        values = np.asarray(gains, np.float64)
        if len(values) < FIRST + WINDOW:
            return None
        medians = np.median(sliding_window_view(values, WINDOW), axis=1)
        below = np.flatnonzero(medians < self.share * values[:FIRST].mean())
        return int(below[0]) + WINDOW // 2 if len(below) else None


@dataclass(frozen=True)
class Reached:
    """What picks add together, and what others would.

    Attributes
    ----------
    picks : int
        Picks.
    first, last : float
        Mean gain of the first `FIRST` picks, median of the last `WINDOW`.
    half : float
        Share of the sum of gains that half as many picks have.
    more : int
        Twice as many picks, or all rows where these are fewer.
    more_at_most : float
        Sum of gains of so many beside that of these, at most: where gains fall from pick to pick,
        none of the others adds more than the last.
    curve : tuple of (int, float, float)
        Picks; median gain of the `WINDOW` around them; share of the sum of gains.
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

        def around(pick: int) -> float:
            return float(np.median(gains[max(0, pick - 1 - WINDOW // 2) : pick + WINDOW // 2]))

        points = sorted({max(1, round(k * part)) for part in (0.1, 0.25, 0.5, 0.75, 1.0)})
        return cls(
            k,
            float(gains[:FIRST].mean()),
            around(k),
            float(sums[k // 2] / sums[k]),
            more,
            float(1.0 + (more - k) * around(k) / sums[k]),
            tuple((at, around(at), float(sums[at] / sums[k])) for at in points),
        )
