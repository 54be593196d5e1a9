"""Greedy information projection (Dong et al. 2026): rows whose span holds the most of the queries.

With jointly Gaussian rows and queries, the information that the picks S hold about the queries Q is
greatest where |P_S Q|^2 is, the part of the queries that lies in the span of the picks: what points
at the queries is good, what points where a pick points already adds nothing. Here each pick adds
the most to it, but for float32's errors in rows that nearly lie in the span; scores are exact.
Queries are the target's rows; without a target every row weighed by its quality; without a quality
every row. [dong2026greedy]

d picks span all d dimensions, and then nothing is left to gain. A round ends where `EXPLAINED` of
the queries is spanned; the next begins anew among the rows left. (The paper picks fewer rows than
dimensions.)
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.blocks import Blocks, blocks_at_work
from spanset.base.cosines import Cosines, as_float32
from spanset.greedy.selection import Selection, StopReason
from spanset.selectors.ranked import within_budget
from spanset.selectors.request import Request

EXPLAINED = 0.999  # share of the queries' energy that ends a round
ROWS = 8192  # in float64 at once
SPENT = 1e-6  # residual of a unit row, of float32's numbers, below which it lies in the span
GRID = 2.0**-30  # of the queries' energy: scores are rounded to it, so that ties are ties


def select_projection(request: Request) -> Selection:
    """Rows by what their span adds; scores are shares of the queries' energy, a round sums to 1.

    Time O(k N d), bound by reading the features once a pick; memory O(N + d^2) beside them.
    """
    with blocks_at_work() as blocks:
        return _in_rounds(request, blocks)


def _in_rounds(request: Request, blocks: Blocks) -> Selection:
    X = as_float32(request.matrix)
    queries = _queries(X, request)
    alive = np.ones(len(X), bool)
    picks: list[int] = []
    scores: list[float] = []
    reason = StopReason.REACHED_K
    one = _Round(X, queries, alive, blocks)
    while len(picks) < request.k:
        if request.cancelled():
            reason = StopReason.INTERRUPTED
            break
        row, score = one.best()
        if score <= 0.0 or one.explained >= EXPLAINED:
            if not one.picks or not alive.any():
                reason = StopReason.NOTHING_ADDED
                break
            one = _Round(X, queries, alive, blocks)
            continue
        one.take(row)
        picks.append(row)
        scores.append(score)
    return within_budget(np.array(picks, np.int64), np.array(scores), reason, request)


def _queries(X: Cosines, request: Request) -> FloatArray:
    """Second moments of the queries (d, d), their trace 1: |P Q|^2 is the trace of P times it."""
    rows = X
    if request.target is not None:
        rows = as_float32(request.target)
    elif request.log_quality is not None:
        weights = np.exp(request.log_quality - request.log_quality.max())
        rows = X * weights.astype(np.float32)[:, None]
    moments = np.zeros((rows.shape[1], rows.shape[1]))
    for start in range(0, len(rows), ROWS):
        block = rows[start : start + ROWS].astype(np.float64)
        moments += block.T @ block
    return moments / np.trace(moments)


@dataclass
class _Round:
    """Picks whose span grows, until it holds the queries.

    Attributes
    ----------
    X : (N, d) float32
        Unit rows.
    moments : (d, d) float64
        Of what is left of the queries.
    alive : (N,) bool
        Rows that are not picked, in this round or before; changed by `take`.
    """

    X: Cosines
    moments: FloatArray
    alive: npt.NDArray[np.bool_]
    blocks: Blocks
    picks: int = 0
    explained: float = 0.0
    energy: FloatArray = field(init=False)  # (N,): x M x, what is left of the queries beside x
    residual: FloatArray = field(init=False)  # (N,): |x|^2 outside the span
    basis: FloatArray = field(init=False)  # (d, d): orthonormal rows of the span

    def __post_init__(self) -> None:
        d = self.X.shape[1]
        self.moments = self.moments.copy()
        self.energy = np.empty(len(self.X))
        for start in range(0, len(self.X), ROWS):
            rows = self.X[start : start + ROWS].astype(np.float64)
            self.energy[start : start + ROWS] = np.einsum("ij,ij->i", rows @ self.moments, rows)
        self.residual = np.ones(len(self.X))
        self.basis = np.zeros((d, d))

    def best(self) -> tuple[int, float]:
        """The row that adds most, and how much: x M x / |x|^2 of what is left of both.

        What float32 says of a row near the span may be far too much: the best is looked at in
        float64, and the next where that takes its place.
        """
        able = self.alive & (self.residual > SPENT)
        added = np.where(able, self.energy / np.maximum(self.residual, SPENT), 0.0)
        np.rint(added / GRID, out=added)
        looked_at: set[int] = set()
        while (row := int(np.argmax(added))) not in looked_at and added[row] > 0.0:
            looked_at.add(row)
            outside = self._outside(row)
            self.residual[row] = outside @ outside
            self.energy[row] = outside @ self.moments @ outside
            is_able = self.residual[row] > SPENT
            added[row] = np.rint(self.energy[row] / self.residual[row] / GRID) if is_able else 0.0
        return row, float(added[row] * GRID)

    def take(self, row: int) -> None:
        """Project the row out of the queries and out of every row: one look at all features."""
        unit = self._outside(row)
        unit /= np.sqrt(unit @ unit)
        seen = self.moments @ unit
        share = float(unit @ seen)
        both = np.stack([unit, seen], axis=1).astype(np.float32)
        parts = self.blocks.run(np.arange(len(self.X)), ROWS, lambda some: self._times(some, both))
        along, beside = np.concatenate(parts).astype(np.float64).T
        # (x - a u) M (x - a u) with a = x.u, and a row's part along u gone.
        self.energy += along * (along * share - 2.0 * beside)
        self.residual -= along * along
        self.moments -= np.outer(unit, seen) + np.outer(seen, unit)
        self.moments += share * np.outer(unit, unit)
        self.basis[self.picks] = unit
        self.picks += 1
        self.explained += share
        self.alive[row] = False

    def _outside(self, row: int) -> FloatArray:
        """The part of a row outside the span; (d,)."""
        outside = self.X[row].astype(np.float64)
        spanned = self.basis[: self.picks]
        for _ in range(2):  # twice: once leaves rounding errors in the span
            outside -= spanned.T @ (spanned @ outside)
        return outside

    def _times(self, rows: IntArray, both: Cosines) -> Cosines:
        return self.X[rows[0] : rows[-1] + 1] @ both
