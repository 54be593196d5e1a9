"""Verify: how far a prediction holds against the rows it did not look at.

Symbols: see rules.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray, IntArray
from spanset.greedy.prediction import Prediction
from spanset.greedy.rules import Rules

# Steps beaten (b,), and the best outsider's score at each (b,) float64.
Judgement = tuple[npt.NDArray[np.bool_], FloatArray]


@dataclass(frozen=True)
class Proposal:
    """Picks that were predicted, to be verified.

    Attributes
    ----------
    candidates : (m,) int64
        The rows that were looked at, ascending.
    picks : (b,) int64
        Predicted picks.
    ahead : Prediction
        Their scores and gaps.
    margin : float
        Smallest winning margin so far.
    """

    candidates: IntArray
    picks: IntArray
    ahead: Prediction
    margin: float


@dataclass(frozen=True)
class Outsiders:
    """Verification: whether rows outside the candidates beat a predicted pick before its step.

    Attributes
    ----------
    stale : (N,) float64
        Scores before the block; later ones are no higher.
    outside : (N,) bool
        False for the candidates.
    residual : (N,) float64
        Residuals before the block, or the highest that they can be.
    picks, ahead, margin
        See `Proposal`.
    slack : (N,) float64 or None
        By how much more a residual may be off after the first step, where it is computed roughly.
    """

    stale: FloatArray
    outside: npt.NDArray[np.bool_]
    residual: FloatArray
    rules: Rules
    picks: IntArray
    ahead: Prediction
    margin: float
    slack: FloatArray | None = None

    @classmethod
    def beside(
        cls, proposal: Proposal, stale: FloatArray, residual: FloatArray, rules: Rules
    ) -> Outsiders:
        """All rows but the candidates."""
        outside = np.ones(len(stale), dtype=bool)
        outside[proposal.candidates] = False
        picks, ahead, margin = proposal.picks, proposal.ahead, proposal.margin
        return cls(stale, outside, residual, rules, picks, ahead, margin)

    def near(self, rows: IntArray) -> IntArray:
        """Those of `rows` whose stale score lets them intrude: the ones to judge."""
        # Rows within the smallest margin of the last score are looked at too: they cannot
        # intrude, but the recorded margin would miss them.
        gaps = self.ahead.gaps
        reach = self.ahead.scores[-1] - gaps.min(initial=self.margin, where=gaps > 0.0)
        return rows[self.outside[rows] & (self.stale[rows] >= reach)]

    def judge(self, rows: IntArray, new: npt.NDArray[np.floating[Any]]) -> Judgement:
        """Steps beaten by any of `rows`, and the best of their scores at each.

        Parameters
        ----------
        rows : (a,) int64
            Outsiders, at least one.
        new : (b - 1, a)
            Their columns of the new factor rows but the last, which comes after every step.
        """
        before = np.empty((len(self.picks), len(rows)))
        before[0] = self.residual[rows]
        np.square(new, out=before[1:], dtype=np.float64)
        np.cumsum(before[1:], axis=0, out=before[1:])
        np.subtract(before[0], before[1:], out=before[1:])
        if self.slack is not None:
            before[1:] += self.slack[rows]
        scores = self.rules.scores(before, rows)
        if self.ahead.open is not None and self.rules.groups is not None:  # closed: beats nothing
            scores[~self.ahead.open[:, self.rules.groups[rows]]] = -np.inf
        target = self.ahead.scores[:, None]
        wins_ties = rows < self.picks[:, None]
        if self.slack is not None:
            wins_ties |= self.slack[rows] > 0.0  # it may be no tie
        beaten = (scores > target) | ((scores == target) & wins_ties)
        return beaten.any(axis=1), scores.max(axis=1)


def together(judgements: Iterable[Judgement | None], b: int) -> Judgement:
    """What was found in pieces, of b steps, as one."""
    beaten, best = np.zeros(b, dtype=bool), np.full(b, -np.inf)
    for judgement in judgements:
        if judgement is not None:
            beaten |= judgement[0]
            np.maximum(best, judgement[1], out=best)
    return beaten, best


def prefix_that_holds(beaten: npt.NDArray[np.bool_]) -> int:
    """Steps before the first that is beaten; at least one.

    The first pick is the best of all rows: `Factor.candidates`.
    """
    later = np.flatnonzero(beaten[1:])
    return int(later[0]) + 1 if len(later) else len(beaten)
