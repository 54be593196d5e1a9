"""Rows that are there already: projected out of every candidate before the first pick.

Symbols: see rules.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular

from spanset.base.array_types import FloatArray
from spanset.greedy.factor import Factor
from spanset.kernels.kernel import Kernel, Matrix


def gram(kernel: Kernel, X: Matrix) -> Matrix:
    """Kernel of rows with each other (n, n), its diagonal that of `Kernel.diagonal`.

    On the diagonal of a block, rounding may take away more than near copies have left.
    """
    K = kernel.block(X, X)
    np.fill_diagonal(K, kernel.diagonal(X))
    return K


@dataclass(frozen=True, eq=False)
class Conditioning:
    """Independent rows and the Cholesky factor of their kernel.

    Attributes
    ----------
    points : (g, d)
        Rows of which none repeats the others, in the order of the factor.
    lower : (g, g) float64
        Lower Cholesky factor of their kernel.
    """

    points: Matrix
    lower: FloatArray

    @classmethod
    def on(cls, points: Matrix, kernel: Kernel) -> Conditioning:
        """Condition on rows that a greedy run picked, in its order."""
        # In float64: a float32 factor could fail on near copies.
        doubled = points.astype(np.float64)
        lower = np.linalg.cholesky(gram(kernel, doubled))
        return cls(points, np.asarray(lower, np.float64))

    def __len__(self) -> int:
        return len(self.points)

    def extended(self, points: Matrix, kernel: Kernel) -> Conditioning:
        """The same with more rows, picked by a greedy run under this conditioning."""
        if not len(self):  # scipy below 1.14 solves nothing with an empty factor
            return Conditioning.on(points, kernel)
        if not len(points):
            return self
        g, h = len(self), len(points)
        old, new = self.points.astype(np.float64), points.astype(np.float64)
        lower = np.zeros((g + h, g + h))
        lower[:g, :g] = self.lower
        across = solve_triangular(self.lower, kernel.block(old, new), lower=True)
        lower[g:, :g] = across.T
        lower[g:, g:] = np.linalg.cholesky(gram(kernel, new) - across.T @ across)
        return Conditioning(np.concatenate([self.points, points]), lower)

    def apply(self, factor: Factor, *, block: int) -> None:
        """Project the rows out of every candidate of a factor, a block at a time."""
        for start in range(0, len(self), block):
            rows = slice(start, start + block)
            coordinates = np.ascontiguousarray(self.lower[rows, :start].T)
            factor.extend(self.points[rows], coordinates, self.lower[rows, rows])
            factor.accept(len(self.points[rows]))
