"""Verify: how far a prediction holds against the rows it did not look at.

Symbols: see rules.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.greedy.prediction import Prediction
from spanset.greedy.rules import Rules
from spanset.results import FloatArray, IntArray


@dataclass(frozen=True)
class Outsiders:
    """Verification: whether rows outside the candidates beat a predicted pick before its step."""

    stale: FloatArray
    outside: npt.NDArray[np.bool_]
    residual: FloatArray
    rules: Rules
    picks: IntArray
    ahead: Prediction
    margin: float

    def inspect(
        self, columns: slice, new: npt.NDArray[np.floating[Any]]
    ) -> tuple[npt.NDArray[np.bool_], FloatArray] | None:
        """Steps beaten and the best outsider's score at each, in one chunk of columns."""
        # Rows within the smallest margin of the last score are looked at too: they cannot
        # intrude, but the recorded margin would miss them.
        gaps = self.ahead.gaps
        reach = self.ahead.scores[-1] - gaps.min(initial=self.margin, where=gaps > 0.0)
        near = np.flatnonzero(self.outside[columns] & (self.stale[columns] >= reach))
        if not len(near):
            return None
        rows = near + columns.start
        before = np.empty((len(self.picks), len(rows)))
        before[0] = self.residual[rows]
        np.square(new[:-1, near], out=before[1:], dtype=np.float64)
        np.cumsum(before[1:], axis=0, out=before[1:])
        np.subtract(before[0], before[1:], out=before[1:])
        scores = self.rules.scores(before, rows)
        target = self.ahead.scores[:, None]
        beaten = (scores > target) | ((scores == target) & (rows < self.picks[:, None]))
        return beaten.any(axis=1), scores.max(axis=1)

    def verdict(
        self, chunks: list[tuple[npt.NDArray[np.bool_], FloatArray] | None]
    ) -> tuple[int, FloatArray]:
        """Length of the prefix that holds, and the best outsider's score at each step."""
        beaten = np.zeros(len(self.picks), dtype=bool)
        runner_up = np.full(len(self.picks), -np.inf)
        for chunk in chunks:
            if chunk is not None:
                beaten |= chunk[0]
                np.maximum(runner_up, chunk[1], out=runner_up)
        holds = int(np.argmax(beaten)) if beaten.any() else len(beaten)
        return holds, runner_up
