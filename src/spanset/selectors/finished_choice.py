"""A choice that was made: what there was to choose from, how, and the picks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.unit_rows import of_rows, unit_rows
from spanset.greedy.selection import Selection
from spanset.kernels.choice import kernel_settings
from spanset.kernels.kernel import Kernel
from spanset.selectors.choosing import Candidates, Choosing, as_compared


@dataclass(frozen=True, eq=False)
class FinishedChoice:
    """What was chosen, from what, and how.

    Attributes
    ----------
    candidates : Candidates
        The rows, N.
    how : Choosing
        Settings, with the gamma that was found.
    picks : (k,) int64
        Their positions, best first.
    scores : (k,) float64
        What the method maximised at each pick.
    kernel : Kernel
        What rows were compared by.
    wanted : int
        Picks that were asked for.
    """

    candidates: Candidates
    how: Choosing
    picks: IntArray
    scores: FloatArray
    kernel: Kernel
    wanted: int

    @classmethod
    def of(
        cls, candidates: Candidates, how: Choosing, picks: Selection, kernel: Kernel, wanted: int
    ) -> FinishedChoice:
        """Of picks that were just made, or read again; with what was found while choosing."""
        how = replace(how, gamma=kernel_settings(kernel).get("gamma"), enough=None)
        return cls(candidates, how, picks.order, picks.scores, kernel, wanted)

    def __len__(self) -> int:
        return len(self.candidates.X)

    def first(self, count: int) -> FinishedChoice:
        """As if it had ended after so many picks; of a method whose order is nested."""
        return replace(self, picks=self.picks[:count], scores=self.scores[:count], wanted=count)

    @property
    def given_count(self) -> int:
        """Rows that were there already."""
        return 0 if self.candidates.given is None else len(self.candidates.given)

    def points(self, rows: IntArray) -> FloatArray:
        """Rows (m, d) as the kernel sees them, in float64 whatever the run computed in."""
        some = Candidates(self.candidates.X[rows], lengths=of_rows(self.candidates.lengths, rows))
        return as_compared(some, replace(self.how, dtype="float64"))[0].astype(np.float64)

    def given_points(self) -> FloatArray:
        """Given rows (g, d), likewise."""
        if self.candidates.given is None:
            return np.empty((0, self.candidates.X.shape[1]))
        some = Candidates(self.candidates.X[:1], given=self.candidates.given)
        found = as_compared(some, replace(self.how, dtype="float64"))
        assert found[1] is not None  # noqa: S101 (it is there)
        return found[1].astype(np.float64)

    def cosines(self, row: int, others: IntArray, *, given: bool = False) -> FloatArray:
        """Cosines (m,) of a row with some others, or with some of the given rows."""
        X = self.candidates.given if given else self.candidates.X
        assert X is not None  # noqa: S101 (there are others only where it is there)
        found = _unit(X[others]) @ _unit(self.candidates.X[[row]])[0]
        return np.clip(found, -1.0, 1.0)

    def left_out(self) -> IntArray:
        """Positions of the rows that were not picked, ascending."""
        return np.setdiff1d(np.arange(len(self)), self.picks)

    def ranks(self) -> IntArray:
        """Rank of every row, from 1; 0 where it was not picked; (N,)."""
        ranks = np.zeros(len(self), np.int64)
        ranks[self.picks] = np.arange(1, len(self.picks) + 1)
        return ranks


def _unit(X: npt.NDArray[Any]) -> FloatArray:
    return unit_rows(X, np.float64).astype(np.float64)
