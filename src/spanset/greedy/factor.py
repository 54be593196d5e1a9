"""What the blocked engine asks of the partial Cholesky factor, wherever it lives.

The engine's loop, its scores, the choice of candidates, the prediction and the verdict run on the
host in numpy; the products over all N candidates run where the factor is: in numpy (arrays.py) or
in torch, for GPUs (torch_arrays.py). Symbols: see rules.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Protocol

import numpy as np

from spanset.base.array_types import FloatArray, IntArray
from spanset.greedy.prediction import Prediction, best_candidates
from spanset.greedy.quotas import Ledger
from spanset.greedy.rules import Rules
from spanset.greedy.verification import Judgement, Outsiders
from spanset.kernels.kernel import Matrix

BLOCK = 256  # picks predicted at once, at most; larger gains nothing in the matrix product
ALIGN = 64  # columns; a multiple of every BLAS micro-kernel's width
NO_ROWS: IntArray = np.zeros(0, dtype=np.int64)


class Run(Protocol):
    """Run a task on each item, on several workers; what each returned, in order."""

    def __call__(self, task: Callable[[int], Any], items: Iterable[int], /) -> list[Any]:
        """See the class."""
        ...


class CancelledError(Exception):
    """The caller asked to stop; the factor is as it was before the block."""


class KnownResiduals:
    """What factors share that compute all residuals as exactly as decisions need them."""

    rules: Rules
    residual: FloatArray

    @property
    def highest(self) -> FloatArray:
        """The residuals: none is higher than it seems; (N,)."""
        return self.residual

    def scores(self) -> FloatArray:
        """Current score of every row, or the highest that it can be; (N,)."""
        return self.rules.scores(self.highest)

    def candidates(self, stale: FloatArray, m: int) -> IntArray:
        """The m best rows by `stale` scores (N,), ascending."""
        return best_candidates(stale, m)


class Factor(Protocol):
    """Partial Cholesky factor C (t, N) of the kernel of N candidates, and their residuals.

    Use as a context manager. Attributes: `X` (N, d), the features on the host; `t`, the rows of C
    that count; `residual` (N,) float64, on the host; `settled`, see `Selection`. What is `Any`
    below is an array of the factor's own kind, and may also be a numpy one where it goes in.
    """

    X: Matrix
    N: int
    t: int
    residual: FloatArray
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

    @property
    def highest(self) -> FloatArray:
        """What each residual can be at most: itself, but for what is computed roughly; (N,)."""
        ...

    def scores(self) -> FloatArray:
        """Current score of every row, or the highest that it can be; (N,)."""
        ...

    def candidates(self, stale: FloatArray, m: int) -> IntArray:
        """The m best rows by `stale` scores (N,), ascending.

        Their residuals are exact afterwards, and no other row can be better than the best of them.
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
        self, points: Any, coordinates: Any, lower: Matrix, watch: Outsiders | None = None
    ) -> list[Judgement | None]:
        """Compute b new rows of C for every candidate; `accept` makes them count.

        Parameters
        ----------
        points : (b, d)
            Features of the rows to project out.
        coordinates : (t, b)
            Their columns of C.
        lower : (b, b)
            Cholesky factor of their residual kernel, on the host.
        watch : Outsiders, optional
            Judges the rows near enough to intrude; None where nothing was predicted.

        Returns
        -------
        list
            What `watch` found, in pieces.
        """
        ...

    def accept(self, count: int, spent: IntArray = NO_ROWS) -> None:
        """Keep the first `count` of the rows computed last, and update the residuals.

        Those of `spent` become exactly 0.
        """
        ...
