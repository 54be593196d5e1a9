"""What given rows and picks took of a row: its column of the factor, without the factor of all.

The selection's factor has a column for each of N rows. Given the order of the picks, the column of
one row follows from the kernel of the picks with each other: the Cholesky factor L of that kernel
is made once (k^3 / 3 multiply-adds, k^2 numbers), and each asked row is one triangular system.

Symbols: see rules.py, and
P   given rows less their copies, then the picks, in their order; (p, d), the first g given
L   lower Cholesky factor of their kernel, (p, p) float64
c   column of the factor for one row x, (p,): L c = k(P, x). c_s^2 is what the s-th of P took of
    k(x, x); what all took and what is left add up to k(x, x)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular

from spanset.base.array_types import FloatArray
from spanset.base.errors import DataError, SpansetError
from spanset.base.memory import available_bytes
from spanset.greedy.conditioning import Conditioning
from spanset.kernels.kernel import Kernel, Matrix

NOTHING_LEFT = 1e-12  # of k(i, i): a pick keeps at least 1e-10, a copy some 1e-14
MATRICES = 2.5  # of p^2 numbers held at once: the kernel, its factor, and what numpy keeps beside


@dataclass(frozen=True, eq=False)
class Shares:
    """What given rows and picks took of some rows.

    Attributes
    ----------
    taken : (p, m) float64
        What each of P took of each row, c^2, in units of the kernel.
    diagonal : (m,) float64
        k(x, x) of the rows.
    """

    taken: FloatArray
    diagonal: FloatArray

    def left(self, count: int | None = None) -> FloatArray:
        """Residual of each row after the first `count` of P, all by default; (m,), at least 0."""
        return np.maximum(self.diagonal - self.taken[:count].sum(axis=0), 0.0)


def factor_of(given: Matrix, picks: Matrix, kernel: Kernel) -> Conditioning:
    """Given rows (g, d), none a copy of another, and picks (k, d) in their order, factored.

    Raises
    ------
    SpansetError
        Less memory than the kernel of the picks takes.
    DataError
        Picks that repeat each other: no greedy run made them from these features.
    """
    points = np.concatenate([given, picks])
    _require_room(len(given), len(picks))
    try:
        factor = Conditioning.on(points, kernel)
    except np.linalg.LinAlgError:
        factor = None
    # A copy leaves less than nothing, or what rounding makes of it: that depends on the processor.
    if (
        factor is None
        or (np.square(factor.lower.diagonal()) < NOTHING_LEFT * kernel.diagonal(points)).any()
    ):
        raise DataError(
            "the picks repeat each other, or given rows",
            where="features",
            why="the features or the given rows are not what they were when rows were picked",
            fix="put back the array, store, model or --given file of the run, or select again",
        )
    return factor


def shares(factor: Conditioning, rows: FloatArray, kernel: Kernel) -> Shares:
    """What each of the factor's rows took of `rows` (m, d) float64; time O(m p (p + d))."""
    block = kernel.block(factor.points.astype(np.float64), rows)
    c = solve_triangular(factor.lower, block, lower=True, overwrite_b=True, check_finite=False)
    return Shares(np.square(c, out=c), kernel.diagonal(rows))


def _require_room(given: int, picks: int) -> None:
    """Refuse a factor that does not fit."""
    needed, available = MATRICES * 8 * (given + picks) ** 2, available_bytes()
    if needed <= available:
        return
    fits = int((available / (MATRICES * 8)) ** 0.5) - given
    advice = "explain it on a larger machine"
    if fits > 0:
        advice += (
            f", or a run with -k {fits} of the same settings: its picks are the first of these"
        )
    raise SpansetError(
        f"explaining {picks:,} picks needs {needed / 2**30:.1f} GiB of memory, "
        f"{available / 2**30:.1f} GiB are available",
        where="why",
        why="the kernel of the picks holds picks x picks numbers",
        fix=advice,
    )
