"""Where to stop: the first pick after which rows add little.

What a row adds is its gain, averaged over a window of picks: with a quality, gains do not fall from
pick to pick, only on the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spanset.base.array_types import FloatArray

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
