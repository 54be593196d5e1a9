"""Columns of the factor in float64, for the few rows that decisions look at.

A row's column is solved when the row is first asked for, by forward substitution through the blocks
of picks accepted so far, and follows every block from then on. Both take the same steps on panels
of one height, so that copies of a row have equal bits whenever they were asked for. Symbols: see
rules.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.lazy_rows import AnyRows
from spanset.greedy.factor import ALIGN, Run
from spanset.kernels.kernel import Kernel, Matrix


@dataclass(frozen=True)
class PickedBlock:
    """Picks that were accepted together.

    Attributes
    ----------
    points : (b, d) float64
        Their features.
    before : (t, b) float64
        Their coordinates along the picks before.
    inverse : (b, b) float64
        Inverse of the Cholesky factor of their residual kernel.
    """

    points: FloatArray
    before: FloatArray
    inverse: FloatArray

    @classmethod
    def of(cls, points: FloatArray, before: FloatArray, lower: Matrix) -> PickedBlock:
        """From the Cholesky factor itself."""
        inverse = solve_triangular(lower, np.eye(len(lower)), lower=True)
        return cls(points, np.ascontiguousarray(before), inverse)


class ExactColumns:
    """Columns (t,) of the factor and residuals, in float64, of the rows that are held.

    Parameters
    ----------
    X : (N, d) float64
        Features.
    diagonal : (N,) float64
        k(i, i).
    always : (w,) int64
        Rows that are held throughout.
    run : Run
        Spreads panels over workers; the result does not depend on how.

    Notes
    -----
    A row that comes in costs t^2 multiply-adds, one that stays b t a block. Memory: 8 t bytes a row
    held, and 4 t^2 for the picks' triangle.
    """

    def __init__(
        self, X: AnyRows, kernel: Kernel, diagonal: FloatArray, always: IntArray, run: Run
    ) -> None:
        self._X, self._kernel, self._diagonal, self._run = X, kernel, diagonal, run
        self._blocks: list[PickedBlock] = []
        self.t = 0
        self._slots = np.full(len(X), -1)  # of each row, -1 where it is not held
        self._rows: IntArray = np.zeros(0, np.int64)  # of each slot, -1 where it is free
        self._columns = np.zeros((0, 0))  # (slots, room for t)
        self._residual = np.zeros(0)  # of each slot
        self._always = always
        self.hold(always)

    @property
    def rows(self) -> IntArray:
        """Those held, in no order."""
        return self._rows[self._rows >= 0]

    def residual(self, rows: IntArray) -> FloatArray:
        """Residuals of rows that are held; (a,)."""
        return self._residual[self._slots[rows]]

    def coordinates(self, rows: IntArray) -> FloatArray:
        """Columns of rows that are held; (t, a)."""
        return self._columns[self._slots[rows], : self.t].T

    def hold(self, rows: IntArray) -> IntArray:
        """Hold these rows, and let go of others for it; those that were not held before."""
        new = rows[self._slots[rows] < 0]
        if len(new):
            slots = self._freed(len(new), rows)
            self._slots[new], self._rows[slots] = slots, new
            self._residual[slots] = self._diagonal[new]
            if self._blocks:
                self._follow(slots, self._blocks, 0)
        return new

    def append(self, block: PickedBlock) -> None:
        """Let the columns held follow picks that were accepted."""
        self._blocks.append(block)
        count = len(block.points)
        if self._columns.shape[1] < self.t + count:
            room = max(self.t + count, self._columns.shape[1] * 3 // 2, 1024)
            self._columns = self._widened(len(self._columns), room)
        self._follow(np.flatnonzero(self._rows >= 0), [block], self.t)
        self.t += count

    def _follow(self, slots: IntArray, blocks: Sequence[PickedBlock], t: int) -> None:
        """Coordinates along blocks of picks, the first of which comes after t picks."""
        end = t + sum(len(block.points) for block in blocks)

        def panel(start: int) -> None:
            own = slots[start : start + ALIGN]
            a = len(own)
            # Always of one height: a row takes the same path through BLAS whatever stands beside.
            points = np.zeros((ALIGN, self._X.shape[1]))
            points[:a] = self._X[self._rows[own]]
            columns = np.zeros((ALIGN, end))
            columns[:a, :t] = self._columns[own, :t]
            at = t
            for block in blocks:
                stop = at + len(block.points)
                new = self._kernel.block(points, block.points)
                new -= columns[:, :at] @ block.before
                new = np.matmul(new, block.inverse.T, out=columns[:, at:stop])
                self._residual[own] -= np.square(new[:a]).sum(axis=1)
                at = stop
            self._columns[own, t:end] = columns[:a, t:end]

        self._run(panel, range(0, len(slots), ALIGN))

    def _freed(self, count: int, wanted: IntArray) -> IntArray:
        """Slots for so many new rows; rows that are not wanted go when there are too few."""
        free = np.flatnonzero(self._rows < 0)
        if len(free) < count:
            is_kept = np.zeros(len(self._slots), bool)
            is_kept[wanted] = is_kept[self._always] = True
            held = self.rows
            gone = held[~is_kept[held]]
            self._rows[self._slots[gone]] = -1
            self._slots[gone] = -1
            free = np.flatnonzero(self._rows < 0)
        if len(free) < count:
            more = count - len(free)
            old = len(self._rows)
            self._columns = self._widened(old + more, self._columns.shape[1])
            self._rows = np.concatenate([self._rows, np.full(more, -1)])
            self._residual = np.concatenate([self._residual, np.zeros(more)])
            free = np.flatnonzero(self._rows < 0)
        return free[:count]

    def _widened(self, slots: int, room: int) -> FloatArray:
        """The columns with more slots, or more room for picks, by a copy."""
        larger = np.empty((slots, room))
        larger[: len(self._columns), : self.t] = self._columns[:, : self.t]
        return larger
