"""Which rows of a large data set measures look at, before anything is known of the others.

Measures of draws look at a few rows of many: only these need features. A draw takes its rows in a
random order, as `drawn` does, and passes over those without features.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from spanset.base.array_types import IntArray

WORTH = 2  # times as many rows as are drawn, and
LARGE = 100_000  # rows of a data set, from which it is worth it
SPARE = 0.02  # of a draw, for rows that turn out to have no features


class DrawnPools(NamedTuple):
    """Draws of so many rows, one a seed."""

    pool: int
    seeds: Sequence[int]

    def rows(self, N: int) -> IntArray | None:
        """All rows that the draws look at among N, ascending; None where most are looked at."""
        count = self._looked_at(N)
        if max(LARGE, WORTH * count * len(self.seeds)) > N:
            return None
        return np.unique(np.concatenate([draw_order(N, seed)[:count] for seed in self.seeds]))

    def positions(self, N: int, kept: IntArray) -> dict[int, IntArray] | None:
        """Each draw by its seed: positions among the rows that have features.

        Parameters
        ----------
        kept : (n,) int64
            Those rows, ascending.

        Returns
        -------
        dict of int to (pool,) int64, or None
            None where too many rows that were looked at have no features.
        """
        has_features = np.zeros(N, bool)
        has_features[kept] = True
        found = {}
        for seed in self.seeds:
            looked_at = draw_order(N, seed)[: self._looked_at(N)]
            rows = looked_at[has_features[looked_at]][: self.pool]
            if len(rows) < self.pool:
                return None
            found[seed] = np.searchsorted(kept, np.sort(rows))
        return found

    def _looked_at(self, N: int) -> int:
        """Rows of a draw, and some to spare."""
        return min(N, self.pool + int(SPARE * self.pool) + 1)


def draw_order(N: int, seed: int, stream: int = 0) -> IntArray:
    """Rows of N in the random order that a draw takes them in; (N,)."""
    return np.random.default_rng([seed, stream]).permutation(N)
