"""The array operations of the blocked engine, in numpy.

`HostFactor` is the `Factor` that lives in the processor's memory. The matrix products run over
fixed chunks of columns, one BLAS thread each, spread over workers: the split does not depend on the
number of workers, so neither do the bytes. Chunk widths are multiples of 64 columns, so that a
column takes the same path through BLAS wherever it stands in its chunk; what differs between chunks
stays far below the rounding of rules.py, where the symbols stand too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from threading import local
from typing import TypeVar

import numpy as np
from scipy.linalg import solve_triangular
from threadpoolctl import threadpool_limits

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.lazy_rows import AnyRows, LazyRows
from spanset.greedy.factor import NO_ROWS, CancelledError, Held, KnownResiduals, Run, padded
from spanset.greedy.factor_rows import CHUNK, PANEL, MakeRows, RowsInMemory
from spanset.greedy.kept_columns import KeptColumns
from spanset.greedy.prediction import Prediction, predict
from spanset.greedy.quotas import Ledger
from spanset.greedy.rules import Rules
from spanset.greedy.verification import Judgement, Proposal, together
from spanset.kernels.kernel import Kernel, Matrix

Result = TypeVar("Result")


class HostFactor(KnownResiduals, Held):
    """Partial Cholesky factor C (t, N) of the kernel of N candidates, and their residuals.

    Use as a context manager: inside it, BLAS runs one thread a worker.

    Parameters
    ----------
    X : (N, d)
        Features in the dtype to compute in.
    capacity : int
        Rows of C to make room for: N * capacity * itemsize bytes, touched as they fill.
    workers : int
        Threads; the result does not depend on it.
    cancelled : callable
        Asked before each chunk; when true, the running operation raises `CancelledError`.
    make_rows : callable
        Where the factor is kept: from capacity, columns and dtype.
    holds_features : bool
        Whether features that are made when they are asked for are made once, and held.
    """

    def __init__(
        self,
        X: AnyRows,
        kernel: Kernel,
        rules: Rules,
        capacity: int,
        *,
        workers: int,
        cancelled: Callable[[], bool] = lambda: False,
        make_rows: MakeRows = RowsInMemory,
        holds_features: bool = True,
    ) -> None:
        self.X = X.held() if isinstance(X, LazyRows) and holds_features else X
        self.kernel, self.rules = kernel, rules
        self.N = len(X)
        self.t = 0
        self.residual = rules.diagonal.copy()
        self.settled: int | None = None
        self._make_rows = partial(make_rows, capacity, padded(self.N), X.dtype)
        self._columns = KeptColumns(self.N)
        self._drop = np.zeros(self.N)  # of each column
        self._scratch = local()
        self._workers, self._cancelled = workers, cancelled
        self._stack = ExitStack()

    def __enter__(self) -> HostFactor:
        with ExitStack() as stack:
            stack.enter_context(threadpool_limits(1, user_api="blas"))
            self._C = self._make_rows()
            stack.callback(self._C.close)
            self._pool = stack.enter_context(ThreadPoolExecutor(self._workers))
            self._stack = stack.pop_all()
        return self

    @property
    def capacity(self) -> int:
        """Rows there is room for."""
        return self._C.capacity

    def grow(self, capacity: int) -> None:
        """Make room for more rows."""
        self._C.grow(capacity, self.t)

    def points(self, rows: IntArray) -> Matrix:
        """Features of `rows`; (len(rows), d)."""
        return self.X[rows]

    def coordinates(self, rows: IntArray) -> Matrix:
        """Columns `rows` of C; (t, len(rows))."""
        return self._C.gather(self._columns.of_row[rows], self.t, self.run)

    def predicted(
        self, rows: IntArray, coordinates: Matrix, steps: int, ledger: Ledger | None = None
    ) -> Prediction:
        """Picks predicted among candidates `rows`, whose columns of C are `coordinates` (t, m)."""
        S = residual_kernel(self.points(rows), coordinates, self.kernel, self.run)
        return predict(S, self.residual[rows], rows, self.rules.of(rows), steps, ledger)

    def extend(
        self,
        points: Matrix,
        coordinates: Matrix,
        lower: Matrix,
        proposal: Proposal | None = None,
    ) -> Judgement | None:
        """Compute b new rows of C for every candidate; `accept` makes them count (see `Factor`).

        Notes
        -----
        New rows = lower^-1 (K(points, X) - coordinates^T C), as one product
        [-lower^-1 coordinates^T, lower^-1] [C; K] with K written where the new rows will stand:
        2 N b (t + d + b) floating-point operations.
        """
        t, b = self.t, len(points)
        watch = None if proposal is None else self.outsiders(proposal)
        inverse = solve_triangular(lower, np.eye(b), lower=True)
        weights = np.concatenate([-(inverse @ coordinates.T), inverse], axis=1)
        weights = weights.astype(self.X.dtype, copy=False)

        def chunk(start: int) -> Judgement | None:
            stop = min(start + CHUNK, len(self._columns))
            features = self._features(start, stop)
            width = len(features)
            columns = self._C.read(start, width, 0, t, room=b)
            new = self._buffer(b, width)
            columns[t:] = self.kernel.block(points, features, out=new)
            # The first half's weights on the second half's kernel rows are zeros: skip them.
            half = b // 2
            np.matmul(weights[:half, : t + half], columns[: t + half], out=new[:half])
            np.matmul(weights[half:], columns, out=new[half:])
            self._C.write(start, t, new)
            new = new[:, : stop - start]
            judgement = None
            if watch is not None and len(rows := watch.near(self._columns.rows[start:stop])):
                judgement = watch.judge(rows, new[:-1, self._columns.of_row[rows] - start])
            np.multiply(new, new, out=new)
            new.sum(axis=0, dtype=np.float64, out=self._drop[start:stop])
            return judgement

        self._proposed = b
        judgements = self.run(chunk, self._C.ordered(self._starts))
        return None if proposal is None else together(judgements, b)

    def accept(self, count: int, spent: IntArray = NO_ROWS) -> None:
        """Keep the first `count` of the rows computed last, and update the residuals.

        Those of `spent` become exactly 0.
        """
        self._take_off(count)
        self.residual[spent] = 0.0
        self._let_go()

    def _take_off(self, count: int) -> None:
        """What the first `count` new rows explain, off the residuals."""
        if count < self._proposed:

            def chunk(start: int) -> None:
                stop = min(start + CHUNK, len(self._columns))
                rows = self._C.read(start, padded(stop - start), self.t, self.t + count)
                kept = np.square(rows[:, : stop - start])
                kept.sum(axis=0, dtype=np.float64, out=self._drop[start:stop])

            self.run(chunk, self._starts)
        self.residual[self._columns.rows] -= self._drop[: len(self._columns)]
        self.t += count

    def _let_go(self) -> None:
        """Move the columns together where many are of spent rows: nobody reads them again."""
        left = self._columns.without(self.highest < self.rules.spent_below)
        if left is not None:
            self._C.squeeze(left, self.t, self.run)
            self._columns.move(left)

    def run(self, task: Callable[[int], Result], items: Iterable[int]) -> list[Result]:
        """Run tasks on the workers; results in the items' order."""

        def unless_cancelled(item: int) -> Result:
            if self._cancelled():
                raise CancelledError
            return task(item)

        return list(self._pool.map(unless_cancelled, items))

    @property
    def _starts(self) -> range:
        """First columns of the chunks."""
        return range(0, len(self._columns), CHUNK)

    def _features(self, start: int, stop: int) -> Matrix:
        """Features of a chunk of columns, with zero rows up to a multiple of ALIGN."""
        rows, width = self._columns.rows[start:stop], padded(stop - start)
        if self._columns.are_all and width == stop - start:
            return self.X[start:stop]
        features = np.zeros((width, self.X.shape[1]), self.X.dtype)
        if isinstance(self.X, np.ndarray):  # without a copy in between
            np.take(self.X, rows, axis=0, out=features[: len(rows)], mode="clip")
        else:
            features[: len(rows)] = self.X[rows]
        return features

    def _buffer(self, rows: int, width: int) -> Matrix:
        """This thread's scratch block: one allocation a thread, not one a chunk."""
        buffer = getattr(self._scratch, "buffer", None)
        if buffer is None or buffer.size < rows * width:
            buffer = self._scratch.buffer = np.empty(rows * CHUNK, self.X.dtype)
        return buffer[: rows * width].reshape(rows, width)


def residual_kernel(points: Matrix, coordinates: Matrix, kernel: Kernel, run: Run) -> FloatArray:
    """Kernel of rows (m, d) less what their coordinates (t, m) explain; (m, m) float64.

    Time O(m^2 (t + d) / 2) in the rows' dtype: only the lower panels are computed.
    """
    m = len(points)
    S = np.empty((m, m), points.dtype)

    def panel(start: int) -> None:
        stop = min(start + PANEL, m)
        block = kernel.block(points[start:stop], points[:stop])
        block -= coordinates[:, start:stop].T @ coordinates[:, :stop]
        S[start:stop, :stop] = block

    starts = range(0, m, PANEL)
    run(panel, reversed(starts))  # the longest first, so that workers end together
    for start in starts:
        S[:start, start : start + PANEL] = S[start : start + PANEL, :start].T
    return S.astype(np.float64, copy=False)
