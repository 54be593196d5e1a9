"""Gains of a given ordering: the same factorisation without the choice.

Used for the log determinant of any subset (a random one, another method's) and for measures of a
chosen order. Only rows later in the order are updated, so the cost is k^3 / 3 multiply-adds.
Symbols: see rules.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray
from spanset.greedy.factor import BLOCK
from spanset.greedy.rules import spent_shares
from spanset.kernels.kernel import Kernel


def replay(X: npt.NDArray[np.floating[Any]], kernel: Kernel, *, block: int = BLOCK) -> FloatArray:
    """Gain of each row given the rows before it; (k,) float64.

    Parameters
    ----------
    X : (k, d) float64 or float32
        Features in the order to replay; the factor is computed in their dtype.
    kernel : Kernel
        Similarity of feature rows.
    block : int
        Rows factored at once; changes speed only.

    Notes
    -----
    A spent row (a copy of earlier ones) gets its residual, at least 0, and explains nothing
    afterwards. Memory: k^2 numbers; threads: those of BLAS.
    """
    k = len(X)
    diagonal = kernel.diagonal(X)
    residual = diagonal.copy()
    spent = spent_shares(kernel, X) * diagonal
    C = np.zeros((k, k), X.dtype)
    gains = np.empty(k)
    for start in range(0, k, block):
        stop = min(start + block, k)
        rows = slice(start, stop)
        new = kernel.block(X[rows], X[start:])
        new -= C[:start, rows].T @ C[:start, start:]
        lower, gains[rows] = _factor(
            new[:, : stop - start].astype(np.float64), residual[rows], spent[rows]
        )
        used = np.flatnonzero(lower.diagonal() > 0.0)
        # Explained rows as a product with the inverse: the same arithmetic as the blocked engine.
        inverse = np.linalg.inv(lower[np.ix_(used, used)]).astype(X.dtype)
        C[start + used, start:] = inverse @ new[used]
        residual[start:] -= np.square(C[rows, start:]).sum(axis=0, dtype=np.float64)
    return gains


def _factor(
    S: FloatArray, residual: FloatArray, spent: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Unpivoted Cholesky of a diagonal block that leaves spent rows out; factor and gains."""
    b = len(S)
    residual = residual.copy()
    lower = np.zeros((b, b))
    gains = np.empty(b)
    for s in range(b):
        gains[s] = max(residual[s], 0.0)
        if residual[s] < spent[s]:
            continue
        column = S[s:, s] - lower[s:, :s] @ lower[s, :s]
        column /= np.sqrt(residual[s])
        column[0] = np.sqrt(residual[s])
        lower[s:, s] = column
        residual[s:] -= column**2
    return lower, gains
