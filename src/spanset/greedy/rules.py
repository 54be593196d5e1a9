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

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.errors import UsageError
from spanset.base.lazy_rows import AnyRows, by_steps
from spanset.kernels.kernel import Kernel, Matrix

DTYPES = ("float64", "float32")  # that engines compute in

# Residuals are rounded to multiples of this (times k(i, i), down to a power of two, so that rows
# whose k(i, i) differ in their last bits share a grid) before they are compared: the last bits,
# which differ between block sizes, thread counts and machines, decide nothing. Float64 residuals
# carry errors near 1e-15 after thousands of picks; 2^-40 is 9e-13.
ROUNDING = 2.0**-40

# Error of a product x.y of two copies in d columns, relative to x.x, in units of sqrt(d) times the
# dtype's epsilon: measured at most 0.63 in 8 to 16,384 columns (docs/log.md). A copy keeps twice
# that times the kernel's steepness, since its residual is k(x, x) - k(x, y)^2 / k(x, x).
PRODUCT_ERROR = 0.75

# Share of k(i, i) that may be rounding error, at most: e^-7, the gain below which measures count a
# row as a copy. Beyond it rows that differ could not be told from copies.
LARGEST_SHARE = float(np.exp(-7.0))


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
    spent_below : (N,) float64
        Residual below which a row is spent.
    grid : (N,) float64
        Residuals are rounded to multiples of it.
    groups : (N,) int64 or None
        Group of each row, where picks of groups are bounded (see `Quotas`).
    """

    diagonal: FloatArray
    log_quality: FloatArray | None
    quality_weight: float
    spent_below: FloatArray
    grid: FloatArray
    groups: IntArray | None = None

    def of(self, rows: IntArray | slice) -> Rules:
        """Those of some rows, numbered anew."""
        log_quality, groups = self.log_quality, self.groups
        return Rules(
            self.diagonal[rows],
            None if log_quality is None else log_quality[rows],
            self.quality_weight,
            self.spent_below[rows],
            self.grid[rows],
            None if groups is None else groups[rows],
        )

    def rounded(self, residual: FloatArray, rows: IntArray | slice = slice(None)) -> FloatArray:
        """Residuals of `rows` rounded to the grid that decisions are made on.

        The last axis of `residual` runs over the rows.
        """
        grid = self.grid[rows]
        return np.rint(residual / grid) * grid

    def scores(self, residual: FloatArray, rows: IntArray | slice = slice(None)) -> FloatArray:
        """Score of each of `rows` from its residual; -inf where the row is spent.

        A row's score never grows while picks are made: that is what lets an engine skip rows.
        """
        spent = residual < self.spent_below[rows]
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


def check_dtype(kernel: Kernel, dtype: str) -> float:
    """The share of k(i, i) that counts as nothing left; refuses dtypes that are too coarse.

    Raises
    ------
    UsageError
        No such dtype, or one that the kernel cannot be computed in.
    """
    if dtype not in DTYPES:
        raise UsageError(f"no dtype {dtype!r}", where="dtype", fix=f"use {' or '.join(DTYPES)}")
    if dtype not in kernel.spent:
        raise UsageError(
            f"the kernel {kernel.name} cannot be computed in {dtype}",
            where="--dtype",
            why="copies of a row could not be told from rows that differ",
            fix=f"use --dtype {' or '.join(kernel.spent)}",
        )
    return kernel.spent[dtype]


def rounding_shares(kernel: Kernel, X: AnyRows) -> FloatArray:
    """Share of k(i, i) that rounding can leave of a copy of each row of X (N, d); (N,)."""
    error = PRODUCT_ERROR * np.sqrt(X.shape[1]) * np.finfo(X.dtype).eps

    def steepness(rows: Matrix) -> FloatArray:
        return np.broadcast_to(np.asarray(kernel.steepness(rows)), len(rows))

    return 2.0 * error * _of_rows(kernel, X, steepness)


def _of_rows(kernel: Kernel, X: AnyRows, of_rows: Callable[[Matrix], FloatArray]) -> FloatArray:
    """What the kernel says of each row alone; of unit rows all the same, and none is made."""
    if kernel.unit and len(X):
        return np.full(len(X), of_rows(X[:1])[0])
    return by_steps(X, of_rows)


def spent_shares(kernel: Kernel, X: AnyRows) -> FloatArray:
    """Share of k(i, i) below which each row of X (N, d) is spent; (N,).

    The kernel's own tolerance, or what rounding can leave of a copy where a steep kernel magnifies
    it beyond that.

    Raises
    ------
    UsageError
        A dtype that is too coarse for the kernel, or a kernel too steep for any.
    """
    own, rounding = check_dtype(kernel, X.dtype.name), rounding_shares(kernel, X)
    if len(X) and not rounding.max() <= LARGEST_SHARE:
        row = int(np.argmax(np.nan_to_num(rounding, nan=np.inf)))
        raise UsageError(
            f"gamma is too large for rows this long in {X.dtype.name}",
            where="--gamma",
            why=f"rounding would put the kernel of row {row} and a copy off by {rounding[row]:.2g}",
            fix="use a smaller gamma" + ", or --dtype float64" * (X.dtype != np.float64),
        )
    return np.maximum(own, rounding)


def is_exact_enough(kernel: Kernel, X: AnyRows) -> bool:
    """Whether the kernel can be computed in X's dtype (see `spent_shares`)."""
    if X.dtype.name not in kernel.spent:
        return False
    return bool(rounding_shares(kernel, X).max(initial=0.0) <= LARGEST_SHARE)


def make_rules(
    kernel: Kernel,
    X: AnyRows,
    log_quality: FloatArray | None,
    quality_weight: float,
    groups: IntArray | None = None,
) -> Rules:
    """Check the weights and the dtype, and build the rules for candidates X (N, d).

    Raises
    ------
    UsageError
        Lambda that does not fit, a quality of the wrong shape or with values that are no numbers,
        or a dtype too coarse for the kernel.
    """
    check_weight(quality_weight, has_quality=log_quality is not None)
    shares, diagonal = spent_shares(kernel, X), _of_rows(kernel, X, kernel.diagonal)
    if log_quality is not None:
        log_quality = checked_quality(log_quality, len(diagonal))
        if quality_weight == 0.0:
            log_quality = None  # 0 * log q changes no score: leave it out of the arithmetic
    # A row of zeros may have k(x, x) = 0: nothing to gain, spent from the start.
    spent_below = np.maximum(shares * diagonal, np.finfo(np.float64).tiny)
    grid = np.ldexp(ROUNDING, np.frexp(np.where(diagonal > 0.0, diagonal, 1.0))[1] - 1)
    return Rules(diagonal, log_quality, quality_weight, spent_below, grid, groups)


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
