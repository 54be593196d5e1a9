"""Token budgets: the longest prefix of an order whose tokens fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spanset.base.array_types import IntArray
from spanset.base.errors import UsageError


@dataclass(frozen=True)
class TokenBudget:
    """Stop before the pick that would exceed `limit` tokens; `counts` (N,) int64 are by row."""

    counts: IntArray
    limit: int

    def __post_init__(self) -> None:
        if not self.most_rows:
            raise UsageError(
                f"a budget of {self.limit:,} tokens holds no row",
                where="--tokens",
                why=f"the shortest row has {int(self.counts.min()):,}",
                fix="give a larger budget",
            )

    @property
    def most_rows(self) -> int:
        """Rows that fit if the shortest are taken."""
        return int(np.searchsorted(np.cumsum(np.sort(self.counts)), self.limit, side="right"))

    @property
    def likely_rows(self) -> int:
        """Rows that fit at the mean length, and a tenth more: what room is made for at first."""
        mean = max(1.0, float(self.counts.mean()))
        likely = 1.1 * self.limit / mean
        return self.most_rows if likely >= self.most_rows else int(likely) + 1

    def allows(self, picks: IntArray, used: int) -> int:
        """How many of `picks`, in order, still fit when `used` tokens are gone."""
        sums = np.cumsum(self.counts[picks]) + used
        return int(np.searchsorted(sums, self.limit, side="right"))
