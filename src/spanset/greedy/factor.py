"""What the blocked engine asks of the partial Cholesky factor, wherever it lives.

The engine's loop, its scores, the choice of candidates, the prediction and the verdict run on the
host in numpy; the products over all N candidates run where the factor is: in numpy (arrays.py) or
in torch, for GPUs (torch_arrays.py). Symbols: see rules.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from types import TracebackType
from typing import Any, NamedTuple, Protocol

import numpy as np

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.lazy_rows import AnyRows
from spanset.greedy.prediction import Prediction, best_candidates
from spanset.greedy.quotas import Groups, Ledger
from spanset.greedy.rules import Rules
from spanset.greedy.verification import Judgement, Outsiders, Proposal
from spanset.kernels.kernel import Matrix

BLOCK = 256  # picks predicted at once, at most; larger gains nothing in the matrix product
ALIGN = 64  # columns; a multiple of every BLAS micro-kernel's width
NO_ROWS: IntArray = np.zeros(0, dtype=np.int64)


def padded(columns: int) -> int:
    """Columns up to a multiple of ALIGN."""
    return -(-columns // ALIGN) * ALIGN


class Run(Protocol):
    """Run a task on each item, on several workers; what each returned, in order."""

    def __call__(self, task: Callable[[int], Any], items: Iterable[int], /) -> list[Any]:
        """See the class."""
        ...


class CancelledError(Exception):
    """The caller asked to stop; the factor is as it was before the block."""


class Best(NamedTuple):
    """Candidates (m,), ascending, and whether any row is left, may it be picked or not."""

    rows: IntArray
    is_any_left: bool


class Held:
    """What gives back, however it ends, all that was taken on entry."""

    _stack: ExitStack

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, value, trace)


class KnownResiduals:
    """What factors share that compute all residuals as exactly as decisions need them."""

    rules: Rules
    residual: FloatArray
    _stale: FloatArray  # scores before the block

    @property
    def highest(self) -> FloatArray:
        """The residuals: none is higher than it seems; (N,)."""
        return self.residual

    def candidates(self, m: int, open_groups: Groups | None = None) -> Best:
        """The m best rows; see `Factor`."""
        self._stale = self.rules.scores(self.highest)
        is_any_left = bool((self._stale > -np.inf).any())
        if open_groups is not None and self.rules.groups is not None:
            self._stale[~open_groups[self.rules.groups]] = -np.inf
        return Best(self.best(self._stale, m), is_any_left)

    def best(self, stale: FloatArray, m: int) -> IntArray:
        """The m best rows by `stale` scores (N,), ascending."""
        return best_candidates(stale, m)

    def outsiders(self, proposal: Proposal) -> Outsiders:
        """The rows that could beat what is proposed."""
        return Outsiders.beside(proposal, self._stale, self.highest, self.rules)


class Factor(Protocol):
    """Partial Cholesky factor C (t, N) of the kernel of N candidates, and their residuals.

    Use as a context manager. Attributes: `X` (N, d), the features on the host; `t`, the rows of C
    that count; `settled`, see `Selection`. What is `Any` below is an array of the factor's own
    kind, and may also be a numpy one where it goes in.
    """

    X: AnyRows
    N: int
    t: int
    settled: int | None

    def __enter__(self) -> Factor:
        """Take what the factor needs."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give it back."""
        ...

    @property
    def capacity(self) -> int:
        """Rows there is room for."""
        ...

    def grow(self, capacity: int) -> None:
        """Make room for more rows."""
        ...

    def candidates(self, m: int, open_groups: Groups | None = None) -> Best:
        """The m best rows that may be picked, with what decides between them.

        No other row can be better than the best of them. `open_groups` (v,) says which groups a
        pick may be of, where picks of groups are bounded.
        """
        ...

    def points(self, rows: IntArray) -> Any:
        """Features of `rows`; (len(rows), d)."""
        ...

    def coordinates(self, rows: IntArray) -> Any:
        """Columns `rows` of C; (t, len(rows))."""
        ...

    def predicted(
        self, rows: IntArray, coordinates: Any, steps: int, ledger: Ledger | None = None
    ) -> Prediction:
        """Picks predicted among candidates `rows` with these columns; see `prediction.predict`."""
        ...

    def extend(
        self, points: Any, coordinates: Any, lower: Matrix, proposal: Proposal | None = None
    ) -> Judgement | None:
        """Compute b new rows of C for every candidate; `accept` makes them count.

        Parameters
        ----------
        points : (b, d)
            Features of the rows to project out.
        coordinates : (t, b)
            Their columns of C.
        lower : (b, b)
            Cholesky factor of their residual kernel, on the host.
        proposal : Proposal, optional
            What was predicted: the rows near enough to intrude are judged.

        Returns
        -------
        Judgement or None
            Steps beaten, and the best of their scores; None where nothing was predicted.
        """
        ...

    def accept(self, count: int, spent: IntArray = NO_ROWS) -> None:
        """Keep the first `count` of the rows computed last, and update the residuals.

        Those of `spent` become exactly 0.
        """
        ...


class HeldFactor(Factor, Protocol):
    """One whose residuals (N,) float64 are on this machine's processor, with their rules."""

    rules: Rules
    residual: FloatArray

    def __enter__(self) -> HeldFactor:
        """Take what the factor needs."""
        ...
