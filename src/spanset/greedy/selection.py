"""What a selection hands on: the picks in order, their gains, and why there are no more."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from spanset.base.array_types import FloatArray, IntArray


class StopReason(Enum):
    """Why a selection ended; a numerical outcome is data, never padding."""

    REACHED_K = "reached k"
    TOKEN_BUDGET = "token budget used"  # noqa: S105 (tokens of text, not a secret)
    EXHAUSTED = "no row is left that is not a copy of one picked or given"
    RANK_EXHAUSTED = "the kernel's rank is used up: the rows picked or given span every row left"
    THRESHOLD = "every row left is too near to another, by the threshold"
    NOTHING_ADDED = "no row left adds anything to what the picks span of the target or good rows"
    SHARES = "the shares allow no further row"
    LITTLE_GAIN = "further rows add little"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, repr=False)
class Selection:
    """An ordered choice of rows; every prefix is the choice for a smaller budget.

    Attributes
    ----------
    order : (k,) int64
        Positions of the picked rows in the candidates, best first.
    gains : (k,) float64
        Residual variance (Schur complement) of each pick given the picks before it, in units of
        the kernel; NaN where the method computes none.
    scores : (k,) float64
        What the method maximised at each pick (for ``dpp``: lambda log q + (1 - lambda) log gain).
    stop_reason : StopReason
        Why there are no more picks.
    candidates : int
        Number of rows that could have been picked.
    smallest_margin : float
        Smallest positive distance between a winner's score and the runner-up's; infinite where no
        decision was made. Below about 1e-12 another machine may pick otherwise.
    ties : int
        Number of picks decided by the lowest index because scores were equal.
    """

    order: IntArray
    gains: FloatArray
    scores: FloatArray
    stop_reason: StopReason
    candidates: int
    smallest_margin: float = float("inf")
    ties: int = 0

    def __len__(self) -> int:
        return len(self.order)

    def __repr__(self) -> str:
        """How many rows of how many, what the last added, and why it ended; on one line."""
        gain = self.gains[-1] if len(self) else np.nan
        last = "" if np.isnan(gain) else f", last gain {gain:.3g}"
        name, ended = type(self).__name__, self.stop_reason.value
        return f"<{name} of {len(self):,} of {self.candidates:,} rows{last}: {ended}>"

    @property
    def log_det(self) -> float:
        """Log determinant of the picked rows' kernel matrix, in nats: the sum of log gains."""
        with np.errstate(divide="ignore"):
            return float(np.log(self.gains).sum())
