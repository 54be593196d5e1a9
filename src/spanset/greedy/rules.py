"""When a row wins, ties, is spent, and when the selection stops: one place for every engine.

Symbols used in this folder
---------------------------
N   number of candidate rows
k   number of picks wanted
t   number of picks made so far
X   features, (N, d)
C   rows of the partial Cholesky factor, (t, N): kernel ~ C^T C
d2  residual variances ("gains"), (N,) float64: diag(kernel - C^T C)
q   quality, (N,), used as log q
L   kernel weighted by quality, diag(q)^a S diag(q)^a with a = lambda / (2 (1 - lambda))
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spanset.errors import UsageError
from spanset.results import FloatArray, IntArray

# Residuals are rounded to multiples of this (times k(i, i)) before they are compared, so that the
# last bits, which differ between block sizes, thread counts and machines, decide nothing. Float64
# residuals carry errors near 1e-15 after thousands of picks; 2^-40 is 9e-13.
ROUNDING = 2.0**-40

# A row whose residual is below this share of k(i, i) is spent: it repeats what is picked. Well
# above the rounding errors of each dtype, well below the gain of any row that differs visibly
# (unit rows at cosine 1 - 1e-9 keep 1e-9 under gamma = 0.25).
SPENT = {"float64": 1e-10, "float32": 1e-5}


@dataclass(frozen=True)
class Rules:
    """How residuals become scores.

    Attributes
    ----------
    diagonal : (N,) float64
        k(i, i).
    log_quality : (N,) float64 or None
        Log quality, higher is better.
    quality_weight : float
        Lambda in [0, 1]: score = lambda log q + (1 - lambda) log d2.
    tolerance : float
        Share of k(i, i) below which a row is spent.
    """

    diagonal: FloatArray
    log_quality: FloatArray | None
    quality_weight: float
    tolerance: float

    def rounded(self, residual: FloatArray, rows: IntArray | slice = slice(None)) -> FloatArray:
        """Residuals of `rows` rounded to the grid that decisions are made on.

        The last axis of `residual` runs over the rows.
        """
        grid = self.diagonal[rows] * ROUNDING
        return np.rint(residual / grid) * grid

    def scores(self, residual: FloatArray, rows: IntArray | slice = slice(None)) -> FloatArray:
        """Score of each of `rows` from its residual; -inf where the row is spent.

        A row's score never grows while picks are made: that is what lets an engine skip rows.
        """
        spent = residual < self.tolerance * self.diagonal[rows]
        gains = np.where(spent, 1.0, self.rounded(residual, rows))
        if self.log_quality is None:
            scores = np.log(gains)
        else:
            weight = self.quality_weight
            scores = weight * self.log_quality[rows] + (1.0 - weight) * np.log(gains)
        scores[spent] = -np.inf
        return scores


def check_weight(quality_weight: float, *, has_quality: bool) -> None:
    """Refuse a lambda outside [0, 1], or a positive one without a quality."""
    if not 0.0 <= quality_weight <= 1.0:
        raise UsageError(
            f"lambda is {quality_weight}",
            where="--lambda",
            why="it is the share of quality in the score",
            fix="give a number from 0 (diversity only) to 1 (quality only)",
        )
    if quality_weight > 0.0 and not has_quality:
        raise UsageError(
            f"lambda is {quality_weight} but there is no quality to weigh",
            where="--lambda",
            fix="add --quality output_tokens (or another), or drop --lambda",
        )


def checked_quality(log_quality: npt.ArrayLike, n: int) -> FloatArray:
    """Log quality as (n,) float64, or an error if it is of another shape or not finite."""
    values = np.asarray(log_quality, dtype=np.float64)
    if values.shape != (n,):
        raise UsageError(
            f"quality has shape {values.shape}, expected ({n},)",
            where="quality",
            fix="give one log quality per row of the features",
        )
    if not np.isfinite(values).all():
        raise UsageError(
            f"log quality of row {int(np.argmin(np.isfinite(values)))} is not finite",
            where="quality",
            fix="remove the row or give it a positive, finite quality",
        )
    return values


def make_rules(
    diagonal: FloatArray,
    dtype: npt.DTypeLike,
    log_quality: FloatArray | None,
    quality_weight: float,
) -> Rules:
    """Check the weights and build the rules.

    Raises
    ------
    UsageError
        Lambda that does not fit, or a quality of the wrong shape or with values that are no
        numbers.
    """
    check_weight(quality_weight, has_quality=log_quality is not None)
    if log_quality is not None:
        log_quality = checked_quality(log_quality, len(diagonal))
        if quality_weight == 0.0:
            log_quality = None  # 0 * log q changes no score: leave it out of the arithmetic
    return Rules(diagonal, log_quality, quality_weight, SPENT[np.dtype(dtype).name])


class MarginRecord:
    """Smallest positive winning margin and the number of exact ties, over all decisions."""

    def __init__(self) -> None:
        self.smallest = float("inf")
        self.ties = 0

    def add(self, gaps: FloatArray) -> None:
        """Count decisions by the gap between the winner's and the runner-up's score."""
        positive = gaps[gaps > 0.0]
        if positive.size:
            self.smallest = min(self.smallest, float(positive.min()))
        self.ties += int((gaps == 0.0).sum())
