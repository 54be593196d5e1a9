"""Float64's picks at float32's price: the factor in float32, what decides in float64.

Residuals of all N rows are computed in float32. Rows that may be picked next are candidates, and
have their columns in float64 (exact_columns.py); a row whose residual, with the error it may have,
could beat a candidate becomes one before anything is decided. So every decision is float64's.

How large the error may be is measured: rows held in float64 throughout, spread over the data, and
every row that becomes a candidate show how far float32 is off. `SAFETY` times the largest error so
far is allowed for, and never less than what rounding can leave of a copy, divided by the root of
the smallest gain. A row that turns out to be off by more, a gain too small, or more rows within the
bound than can be settled end the attempt: `TooCloseError`, and the caller selects in float64.
Symbols: see rules.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.lazy_rows import AnyRows, LazyRows
from spanset.greedy.arrays import HostFactor
from spanset.greedy.exact_columns import ExactColumns, PickedBlock
from spanset.greedy.factor import NO_ROWS
from spanset.greedy.factor_rows import MakeRows, RowsInMemory
from spanset.greedy.prediction import best_candidates
from spanset.greedy.rules import Rules, rounding_shares
from spanset.greedy.verification import Judgement, Outsiders, Proposal
from spanset.kernels.kernel import Kernel, Matrix

SAFETY = 4.0  # times the largest error measured
LEAST = 16.0 * float(np.finfo(np.float32).eps)  # of k(i, i), that is allowed for from the start
SMALLEST = 1e-4  # gain, of k(i, i): errors of a new row are divided by its root, again and again
WITNESSES = 256  # rows held in float64 throughout
WORTH = 2**24  # numbers in the factor, from which it is worth it
CLOSEST = 4096  # rows that are settled in float64 at once, at most


class TooCloseError(Exception):
    """Float32 cannot tell rows apart that float64 can; the message says why."""


def is_worth_mixing(n: int, k: int, kernel: Kernel, dtype: str, device: str) -> bool:
    """Whether k picks of n rows in this dtype, on this device, are better made this way.

    Not of few rows, where it saves nothing; nor where most rows are picked: the last of them may be
    near copies, and add too little for float32.
    """
    is_float64 = dtype == "float64" and device == "cpu" and "float32" in kernel.spent
    return is_float64 and n * k >= WORTH and k <= n // 2


class MixedFactor(HostFactor):
    """A `HostFactor` in float32 whose candidates are computed in float64.

    Parameters
    ----------
    X : (N, d) float64
        Features.
    rules : Rules
        Of the features in float64.

    Attributes
    ----------
    settled : int
        Rows that float32 could not rule out when a pick was decided, and float64 did.
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
        is_lazy = isinstance(X, LazyRows)
        single = X.astype(np.float32) if is_lazy else LazyRows.converted(X, np.float32)
        super().__init__(
            single,
            kernel,
            rules,
            capacity,
            workers=workers,
            cancelled=cancelled,
            make_rows=make_rows,
            holds_features=holds_features,
        )
        self._doubled = X
        self._floor = np.maximum(rounding_shares(kernel, single), LEAST)
        if not self._floor.max(initial=0.0) < SMALLEST:
            raise TooCloseError("the kernel is too steep for float32")
        self._factor = 1.0  # by which small gains magnify it
        self._share = 0.0  # of k(i, i), that a residual may be off by, as measured
        self._is_exact = np.ones(self.N, bool)  # nothing is picked yet
        self._is_picked = np.zeros(self.N, bool)
        self._witnesses = np.unique(np.linspace(0, self.N - 1, WITNESSES).astype(np.int64))
        self._watched = rules.diagonal[self._witnesses]  # their residuals, in float32
        self._exact = ExactColumns(X, kernel, rules.diagonal, self._witnesses, self.run)
        self.settled: int | None = 0

    @property
    def highest(self) -> FloatArray:
        """What each residual can be at most; (N,)."""
        return self.residual + np.where(self._is_exact, 0.0, self._allowed())

    def best(self, stale: FloatArray, m: int) -> IntArray:
        """The m best rows, and all that may be as good as the best of them; ascending."""
        rows = best_candidates(stale, m)
        is_new, at = np.zeros(self.N, bool), np.arange(self.N)
        while True:
            is_new[self._hold(rows)] = True
            scores = self.rules.scores(self.residual[rows], rows)
            best = scores.max(initial=-np.inf)
            may_win = stale > best
            if best > -np.inf:
                may_win |= (stale == best) & (~self._is_exact | (at < rows[np.argmax(scores)]))
            more = may_win.copy()
            more[rows] = False
            if not more.any():
                self.settled = (self.settled or 0) + int((may_win & is_new).sum())
                return rows[scores > -np.inf]
            rows = np.union1d(rows, np.flatnonzero(more))
            if len(rows) > max(CLOSEST, m):
                raise TooCloseError(
                    f"float32 cannot tell {len(rows):,} rows apart after {self.t:,} picks"
                )

    def points(self, rows: IntArray) -> Matrix:
        """Features of `rows`, in float64; (len(rows), d)."""
        return self._doubled[rows]

    def coordinates(self, rows: IntArray) -> FloatArray:
        """Columns of candidates, in float64; (t, len(rows))."""
        self._hold(rows)  # they are, but in a partition that was made anew
        return self._exact.coordinates(rows)

    def extend(
        self, points: Any, coordinates: Any, lower: Matrix, proposal: Proposal | None = None
    ) -> Judgement | None:
        """New rows of C in float32, from picks in float64 (see `Factor`)."""
        self._picked = (points, coordinates, lower)
        self._before = self.highest
        self._magnify(points, lower)
        return super().extend(points.astype(np.float32), coordinates, lower, proposal)

    def outsiders(self, proposal: Proposal) -> Outsiders:
        """Within the block float32 alone follows the rows outside, those known exactly as well."""
        after = self.residual + np.where(self._is_picked, 0.0, self._allowed())
        stale = self.rules.scores(after)
        watch = Outsiders.beside(proposal, stale, self._before, self.rules)
        return replace(watch, slack=after - self._before)

    def accept(self, count: int, spent: IntArray = NO_ROWS) -> None:
        """Keep the first `count` of the rows computed last; see how far float32 is off."""
        self._take_off(count)
        points, coordinates, lower = self._picked
        self._exact.append(
            PickedBlock.of(points[:count], coordinates[:, :count], lower[:count, :count])
        )
        columns = self._columns.of_row[self._witnesses]
        is_there = columns >= 0
        self._watched[is_there] -= self._drop[columns[is_there]]
        self._compare(self._witnesses[is_there], self._watched[is_there])
        held = self._exact.rows
        self._is_picked[spent] = True
        self._is_exact[:] = self._is_picked
        self._is_exact[held] = True
        self.residual[held] = self._exact.residual(held)
        self.residual[self._is_picked] = 0.0
        self._let_go()

    def _hold(self, rows: IntArray) -> IntArray:
        """Compute these rows in float64; those that were not before."""
        new = self._exact.hold(rows)
        self._compare(new, self.residual[new])
        self.residual[new] = self._exact.residual(new)
        self._is_exact[new] = True
        return new

    def _magnify(self, points: FloatArray, lower: Matrix) -> None:
        """Allow for what small gains do: a new row of C is divided by their roots."""
        gains = np.square(lower.diagonal()) / self.kernel.diagonal(points)
        if gains.min() < SMALLEST:
            raise TooCloseError(
                f"pick {self.t + 1 + int(np.argmin(gains)):,} adds {gains.min():.2g} of itself, "
                "too little for float32"
            )
        self._factor = max(self._factor, float(1.0 / np.sqrt(gains.min())))

    def _compare(self, rows: IntArray, rough: FloatArray) -> None:
        """Learn how far residuals in float32 are off; refuse more than was allowed for."""
        off = np.abs(rough - self._exact.residual(rows))
        if (off > self._allowed()[rows]).any():
            raise TooCloseError(f"float32 is off by {off.max():.2g} after {self.t:,} picks")
        diagonal = self.rules.diagonal[rows]
        shares = np.divide(off, diagonal, out=np.zeros(len(rows)), where=diagonal > 0.0)
        self._share = max(self._share, SAFETY * float(shares.max(initial=0.0)))

    def _allowed(self) -> FloatArray:
        """What each residual in float32 may be off by; (N,)."""
        return np.maximum(self._floor * self._factor, self._share) * self.rules.diagonal
