"""Predict: the textbook loop among a few candidates, on their residual kernel.

Symbols: see rules.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spanset.base.array_types import FloatArray, IntArray
from spanset.greedy.quotas import Groups, Ledger
from spanset.greedy.rules import Rules


@dataclass(frozen=True)
class Prediction:
    """Picks predicted among the candidates.

    Attributes
    ----------
    positions : (b,) int64
        Positions in the candidate list.
    gains, scores, gaps : (b,) float64
        Residual, score and distance to the best other candidate at each step.
    lower : (b, b) float64
        Cholesky factor of the picks' residual kernel.
    open : (b, v) bool or None
        Groups that each pick could be of; None where there are no quotas.
    """

    positions: IntArray
    gains: FloatArray
    scores: FloatArray
    gaps: FloatArray
    lower: FloatArray
    open: Groups | None = None


def best_candidates(scores: FloatArray, m: int) -> IntArray:
    """Rows with the m best scores that are not spent, ascending; ties go to the lowest index."""
    alive = int((scores > -np.inf).sum())
    if alive <= m:
        return np.flatnonzero(scores > -np.inf)
    threshold = np.partition(scores, len(scores) - m)[len(scores) - m]
    above = np.flatnonzero(scores > threshold)
    equal = np.flatnonzero(scores == threshold)[: m - len(above)]
    return np.sort(np.concatenate([above, equal]))


def predict(
    S: FloatArray,
    residual: FloatArray,
    rows: IntArray,
    rules: Rules,
    steps: int,
    ledger: Ledger | None = None,
) -> Prediction:
    """Greedy picks among the candidates alone: the textbook loop on their residual kernel.

    Parameters
    ----------
    S : (m, m) float64
        Residual kernel of the candidates.
    residual : (m,) float64
        Their residuals, from the factor (the diagonal of S but for rounding).
    rows : (m,) int64
        Their row numbers, ascending.
    rules : Rules
        Of these rows.
    steps : int
        Picks to predict, at most; fewer when all candidates are spent, or may not be picked.
    ledger : Ledger, optional
        Where quotas stand.
    """
    residual, groups = residual.copy(), rules.groups
    ledger = None if ledger is None else ledger.copy()
    open_groups: list[Groups] = []
    F = np.empty((steps, len(rows)))
    positions: list[int] = []
    gains, scores, gaps = [], [], []
    for s in range(steps):
        score = rules.scores(residual)
        if ledger is not None and groups is not None:
            open_groups.append(ledger.open())
            score[~open_groups[-1][groups]] = -np.inf
        j = int(np.argmax(score))
        if score[j] == -np.inf:
            break
        if ledger is not None:
            ledger.take(int(rows[j]))
        positions.append(j)
        gains.append(residual[j])
        scores.append(score[j])
        score[j] = -np.inf
        gaps.append(scores[-1] - score.max())
        f = S[j] - F[:s, j] @ F[:s]
        f /= np.sqrt(residual[j])
        F[s] = f
        residual -= f * f
        residual[j] = 0.0
    b = len(positions)
    lower = np.tril(F[:b, positions].T)
    # Pivots from the residuals that the decisions used, so that gains and factor agree.
    lower[np.arange(b), np.arange(b)] = np.sqrt(gains)
    return Prediction(
        np.array(positions, dtype=np.int64),
        np.array(gains),
        np.array(scores),
        np.array(gaps),
        lower,
        np.array(open_groups[:b]) if open_groups else None,
    )
