"""Why no row is left to pick: only copies, or the kernel's rank is used up.

Symbols: see rules.py.
"""

from __future__ import annotations

import sys

import numpy as np

from spanset.base.array_types import IntArray
from spanset.base.lazy_rows import AnyRows
from spanset.greedy.rules import Rules
from spanset.greedy.selection import StopReason
from spanset.kernels.kernel import Kernel, Matrix

STEP = 1024  # rows left that are compared with all picks at once


def room_left(kernel: Kernel, X: AnyRows, given: int) -> int:
    """Picks from X (N, d) that the kernel's rank allows beside so many given rows.

    Residuals beyond the rank are rounding errors: where qualities prefer rows with little left, the
    errors may grow above the tolerance, and no such row may be picked.
    """
    rank = kernel.rank(X.shape[1])
    return sys.maxsize if rank is None else max(0, rank - given)


def why_exhausted(
    X: AnyRows, picks: IntArray, given: Matrix, kernel: Kernel, rules: Rules
) -> StopReason:
    """`EXHAUSTED` where every row left repeats one that is picked or given, else `RANK_EXHAUSTED`.

    Parameters
    ----------
    X : (N, d)
        Candidates.
    picks : (t,) int64
        Those picked.
    given : (g, d)
        Rows conditioned on, none of them a copy of another.

    Notes
    -----
    A copy is a row that one other row alone spends. Time O(N (t + g) d) at most; it ends at the
    first row that is no copy.
    """
    if len(picks) >= room_left(kernel, X, len(given)):
        return StopReason.RANK_EXHAUSTED
    points = np.concatenate([X[picks], given.astype(X.dtype, copy=False)])
    of_points = kernel.diagonal(points)
    left = np.setdiff1d(np.arange(len(X)), picks)
    for start in range(0, len(left) if len(points) else 0, STEP):
        rows = left[start : start + STEP]
        own = rules.diagonal[rows]
        explained = np.maximum(kernel.block(X[rows], points), 0.0).astype(np.float64) ** 2
        explained /= of_points
        if (own - explained.max(axis=1) >= rules.spent_below[rows]).any():
            return StopReason.RANK_EXHAUSTED
    return StopReason.EXHAUSTED
