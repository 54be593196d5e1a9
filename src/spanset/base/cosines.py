"""Cosines of many unit rows with many others, a block at a time, rounded so that ties are ties.

Matrix products of other shapes give other last bits, even for equal rows. Cosines are therefore
rounded to multiples of 2^-18 before anything is decided by them: float32's errors reach 1.1e-6 (of
a unit row with itself, 384 columns), half of 2^-18 is 1.9e-6, so that copies are at 1. Ties then go
to the lowest index, as in the greedy engine.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray
from spanset.base.blocks import by_blocks

Cosines = npt.NDArray[np.float32]

GRID = np.float32(2.0**-18)
BLOCK = 1024  # rows at once
NUMBERS = 2**25  # of a block's cosines, at most: 128 MB


def as_float32(X: npt.NDArray[np.floating[Any]]) -> Cosines:
    """Features in the dtype that cosines are computed in."""
    return X.astype(np.float32, copy=False)


def rounded(cosines: Cosines) -> Cosines:
    """Cosines rounded in place to multiples of `GRID`."""
    np.divide(cosines, GRID, out=cosines)
    np.rint(cosines, out=cosines)
    np.multiply(cosines, GRID, out=cosines)
    return cosines


def nearest_of(X: Cosines, of: Cosines) -> tuple[Cosines, IntArray]:
    """Cosine of each row of X (n, d) with its nearest row `of` (m, d), and which that is; (n,).

    Time O(n m d).
    """
    width = max(1, min(len(of), NUMBERS // BLOCK))

    def nearest(rows: IntArray) -> tuple[Cosines, IntArray]:
        best = np.full(len(rows), -np.inf, np.float32)
        where = np.zeros(len(rows), np.int64)
        for start in range(0, len(of), width):
            cosines = X[rows] @ of[start : start + width].T
            place = cosines.argmax(axis=1)
            found = cosines[np.arange(len(rows)), place]
            better = found > best
            best[better], where[better] = found[better], place[better] + start
        return rounded(best), where

    parts = by_blocks(np.arange(len(X)), BLOCK, nearest)
    if not parts:
        return np.zeros(0, np.float32), np.zeros(0, np.int64)
    return np.concatenate([best for best, _ in parts]), np.concatenate([at for _, at in parts])
