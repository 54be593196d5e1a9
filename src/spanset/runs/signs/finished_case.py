"""What signs are looked for in: a finished selection, and what a few rows of its pool tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.unit_rows import kernel_rows, of_rows
from spanset.greedy.selection import Selection
from spanset.kernels.kernel import Kernel
from spanset.runs.summary import SetSummary

# Rows of the pool that are looked at: 131,000 pairs, whose mean and deviation are then good to a
# per cent, at 0.02 s with 768 columns.
LOOKED_AT = 512
STREAM = 11  # of the seed: other draws of a run take other numbers

# Share of the pool above which little is left out: picks are then much like random rows by
# arithmetic, and like the best ones.
MOST_OF_POOL = 0.5


@dataclass(frozen=True, eq=False)
class FinishedCase:
    """A finished selection.

    Attributes
    ----------
    X : (N, d)
        Unit rows of the candidates.
    picks : Selection
        k of them.
    kernel : Kernel
        That they were compared by.
    summaries : sequence of SetSummary
        The pool, then picks and random subsets by size.
    tokens : (N,) int64
        Of whole rows.
    features : mapping
        Settings of the features.
    log_quality : (N,) float64 or None
        Higher is better.
    quality_weight : float
        Lambda.
    lengths : (N,) float64 or None
        Lengths of the rows, where these count.
    given : (g, d) or None
        Rows in the set already, as the kernel sees them.
    is_budgeted : bool
        Whether tokens were counted out, not rows.
    device : str
        Where the selection ran.
    seed : int
        Of the rows that are looked at.
    """

    X: npt.NDArray[np.floating[Any]]
    picks: Selection
    kernel: Kernel
    summaries: Sequence[SetSummary]
    tokens: IntArray
    features: Mapping[str, Any] = field(default_factory=dict)
    log_quality: FloatArray | None = None
    quality_weight: float = 0.0
    lengths: FloatArray | None = None
    given: npt.NDArray[np.floating[Any]] | None = None
    is_budgeted: bool = False
    device: str = "cpu"
    seed: int = 0

    @property
    def has_gains(self) -> bool:
        """Whether the method computed them: others do not choose by the kernel."""
        return bool(np.isfinite(self.picks.gains).all())

    @property
    def share_picked(self) -> float:
        """Fraction of the candidates that was picked."""
        return len(self.picks) / len(self.X)

    @property
    def pool(self) -> SetSummary:
        """All candidates."""
        return self.summaries[0]

    def largest(self, name: str) -> SetSummary | None:
        """The largest of the picked, or the random, subsets."""
        return next((one for one in reversed(self.summaries) if one.name == name), None)

    def log_det_per_row(self, name: str) -> float | None:
        """Log determinant of the largest such subset by its rows; nats, gains floored at e^-7."""
        found = self.largest(name)
        return None if found is None or found.log_det is None else found.log_det / found.rows

    @property
    def weighs_quality(self) -> bool:
        """Whether picks have the highest lambda log q + (1 - lambda) log gain, neither part 0.

        By their scores: a method need not be known here.
        """
        weight, log_quality = self.quality_weight, self.log_quality
        if log_quality is None or not 0.0 < weight < 1.0 or not self.has_gains:
            return False
        picks = self.picks
        with np.errstate(divide="ignore"):
            scores = weight * log_quality[picks.order] + (1.0 - weight) * np.log(picks.gains)
        return bool(np.allclose(scores, picks.scores, rtol=1e-6, atol=1e-6))

    def rows_of(self, rows: IntArray) -> npt.NDArray[np.floating[Any]]:
        """These candidates as the kernel sees them; (m, d) float64."""
        return kernel_rows(self.X[rows], of_rows(self.lengths, rows), np.float64)

    @cached_property
    def drawn(self) -> IntArray:
        """Some candidates, at random, in ascending order."""
        rows = np.random.default_rng([self.seed, STREAM]).permutation(len(self.X))[:LOOKED_AT]
        return np.sort(rows)

    @cached_property
    def cosines(self) -> FloatArray:
        """Cosine of every pair of the drawn rows; (pairs,) float64."""
        X = kernel_rows(self.X[self.drawn], None, np.float64)
        return _pairs(X @ X.T)

    @cached_property
    def likeness(self) -> float:
        """Mean over pairs of the drawn rows of k(x, y) / sqrt(k(x, x) k(y, y))."""
        rows = self.rows_of(self.drawn)
        own = np.sqrt(self.kernel.diagonal(rows))
        values = self.kernel.block(rows, rows) / np.outer(own, own)
        return float(_pairs(values).mean())


def _pairs(values: FloatArray) -> FloatArray:
    """What stands above the diagonal."""
    return values[np.triu_indices(len(values), 1)]
