"""The textbook greedy loop: one pick at a time, float64. Slow, obvious, the oracle for the rest.

Chen, Zhang, Zhou, "Fast greedy MAP inference for determinantal point process" (NeurIPS 2018),
algorithm 1: a diagonally pivoted Cholesky factorisation, here with the pivot weighted by quality.
Each pick reads the whole factor once, t N numbers, and is bound by memory bandwidth.
Symbols: see rules.py.
"""

from __future__ import annotations

import numpy as np

from spanset.base.array_types import FloatArray
from spanset.greedy.conditioning import gram
from spanset.greedy.exhaustion import room_left, why_exhausted
from spanset.greedy.quotas import Quotas
from spanset.greedy.rules import MarginRecord, make_rules
from spanset.greedy.selection import Selection, StopReason
from spanset.kernels.kernel import Kernel


def reference_greedy(
    X: FloatArray,
    k: int,
    kernel: Kernel,
    *,
    log_quality: FloatArray | None = None,
    quality_weight: float = 0.0,
    given: FloatArray | None = None,
    quotas: Quotas | None = None,
) -> Selection:
    """Greedy MAP by the textbook loop.

    Parameters
    ----------
    X : (N, d)
        Features; the loop runs in their dtype (float64 for an oracle).
    k : int
        Picks wanted, at most N.
    kernel : Kernel
        Similarity of feature rows.
    log_quality : (N,) float64, optional
        Log quality, weighed by `quality_weight` (lambda).
    given : (g, d), optional
        Rows to condition on: in the set already, never picked.
    quotas : Quotas, optional
        Pick among the rows whose group is still open.

    Notes
    -----
    Time O(N k (k + g + d)), memory (k + g) N numbers.
    """
    N = len(X)
    rules = make_rules(kernel, X, log_quality, quality_weight)
    g = 0 if given is None else len(given)
    C = np.zeros((g + k, N), X.dtype)
    d2 = rules.diagonal.copy()
    t = 0
    points = X[:0]
    if given is not None and g:
        points = given[reference_greedy(given, g, kernel).order]
        t = len(points)
        C[:t] = _given_rows(points, X, kernel)
        for c in C[:t]:
            d2 -= c.astype(np.float64) ** 2

    picks: list[int] = []
    gains: list[float] = []
    scores: list[float] = []
    margins = MarginRecord()
    ledger = None if quotas is None else quotas.ledger()
    reason = StopReason.REACHED_K
    possible = room_left(kernel, X, len(points))
    while len(picks) < k:
        score = rules.scores(d2)
        if ledger is not None and (score > -np.inf).any():
            score[ledger.shut()] = -np.inf
            if score.max() == -np.inf:
                reason = StopReason.SHARES
                break
        j = int(np.argmax(score))  # the lowest index among equals
        if len(picks) == possible or score[j] == -np.inf:
            order = np.array(picks, dtype=np.int64)
            reason = why_exhausted(X, order, points, kernel, rules)
            break
        picks.append(j)
        if ledger is not None:
            ledger.take(j)
        gains.append(float(d2[j]))
        scores.append(float(score[j]))
        score[j] = -np.inf
        margins.add(np.atleast_1d(scores[-1] - score.max()))

        c = kernel.block(X[j : j + 1], X)[0]
        c -= C[:t, j] @ C[:t]
        c /= np.sqrt(d2[j])
        C[t] = c
        t += 1
        d2 -= c.astype(np.float64) ** 2
        d2[j] = 0.0
    return Selection(
        np.array(picks, dtype=np.int64),
        np.array(gains),
        np.array(scores),
        reason,
        N,
        margins.smallest,
        margins.ties,
    )


def _given_rows(points: FloatArray, X: FloatArray, kernel: Kernel) -> FloatArray:
    """Rows of the factor for rows conditioned on, none of them a copy of another; (g, N)."""
    C_given = np.linalg.cholesky(gram(kernel, points)).T
    C = np.zeros((len(points), len(X)), X.dtype)
    for s in range(len(points)):
        c = kernel.block(points[s : s + 1], X)[0] - C_given[:s, s] @ C[:s]
        C[s] = c / C_given[s, s]
    return C
