"""Facility location: picks to which every row of the pool is similar (Lin and Bilmes 2011).

Greedy on F(S) = sum over rows of the highest similarity with a pick, by the kernel (values below 0
count as 0). F is monotone and submodular: greedy reaches at least 1 - 1/e of the best. Unlike the
determinant it represents the pool as it is: dense regions get more picks, outliers few.
[lin2011submodular]

Lazily (Minoux 1978) [minoux1978accelerated]: what a row adds only falls, so its last value is a
bound, and only rows with the highest bounds are looked at again. A row adds something to the rows
that are nearer to it than to any pick, its *support*; supports only shrink, so that one look at a
column of similarities serves all later ones: no N x N matrix.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.blocks import Blocks, blocks_at_work
from spanset.base.cosines import Cosines, as_float32
from spanset.greedy.progress import Progress
from spanset.greedy.selection import Selection, StopReason
from spanset.kernels.kernel import Kernel
from spanset.selectors.ranked import within_budget
from spanset.selectors.request import Request

COVERED = 100_000  # rows that are to be covered, at most; of more, so many drawn with the seed
FEWEST, MOST = 8, 512  # rows looked at again together: twice as many each time until a pick
HELD = 2**27  # entries of supports that are held: 1 GB
AT_ONCE = 2**22  # similarities computed at once
PART = 128  # columns a thread
GRID = 2.0**-21  # what rows add is rounded to, beside the root of the rows covered: ties are ties
TOLD = 64  # picks between reports

# A row as similar to a pick as to itself, but for so much, is a copy: float32's errors beside the
# kernel's steepness there; of the angle, which grows with their root.
REPEAT, REPEAT_BY_ANGLE = 1e-5, 1e-3


def select_facility(request: Request) -> Selection:
    """Rows by lazy greedy; scores are what each adds to the mean similarity of a covered row.

    Rows given cover what is near them from the start. Time O(N m d) for the first look, m being the
    rows covered, then some columns a pick; memory: see `HELD`.
    """
    with blocks_at_work() as blocks:
        return _lazily(request, blocks)


def added_after(request: Request, picks: IntArray, rows: IntArray) -> FloatArray:
    """What rows (m,) would add to the mean similarity of a covered row beside these picks; (m,)."""
    X = as_float32(request.matrix)
    covered = _covered(X, request)
    with blocks_at_work() as blocks:
        supports = _Supports(X, covered, request.kernel, blocks)
        for points in (request.given, X[picks]):
            if points is not None and len(points):
                supports.cover_by(as_float32(points))
        return np.array(supports.gains(rows.tolist())) / len(covered)


def _lazily(request: Request, blocks: Blocks) -> Selection:
    X = as_float32(request.matrix)
    covered = _covered(X, request)
    supports = _Supports(X, covered, request.kernel, blocks)
    if request.given is not None and len(request.given):
        supports.cover_by(as_float32(request.given))
    heap = _bounds(supports, [])
    looked_at = np.zeros(len(X), np.int64)  # picks there were when a row's value was computed
    picks: list[int] = []
    scores: list[float] = []
    reason = StopReason.REACHED_K
    size = FEWEST
    while len(picks) < request.k:
        if request.cancelled():
            reason = StopReason.INTERRUPTED
            break
        batch = _stale(heap, looked_at, len(picks), size)
        if batch:
            size = min(2 * size, MOST)
            for row, gain in zip(batch, supports.gains(batch), strict=True):
                looked_at[row] = len(picks)
                heapq.heappush(heap, (-gain, row))
            continue
        gain, row = heapq.heappop(heap) if heap else (0.0, -1)
        if -gain <= supports.nothing:
            reason = StopReason.EXHAUSTED
            break
        size = max(FEWEST, size // 4)
        picks.append(row)
        scores.append(-gain / len(covered))
        supports.take(row)
        if len(picks) == 1:  # all bounds are far off: by one pick most rows are covered somehow
            heap = _bounds(supports, picks)
            looked_at[:] = 1
        if len(picks) % TOLD == 0:
            # Most of the time goes into the first looks at all rows, before the first report.
            done = 0.6 + 0.4 * (len(picks) / request.k) ** 0.25
            request.on_progress(Progress(len(picks), request.k, scores[-1], done))
    return within_budget(np.array(picks, np.int64), np.array(scores), reason, request)


def _bounds(supports: _Supports, picks: list[int]) -> list[tuple[float, int]]:
    """A heap of what each candidate adds now, the highest first; without the picks."""
    heap = [(-gain, row) for row, gain in enumerate(supports.all_gains().tolist())]
    heap = [entry for entry in heap if entry[1] not in picks]
    heapq.heapify(heap)
    return heap


def _stale(heap: list[tuple[float, int]], looked_at: IntArray, picks: int, size: int) -> list[int]:
    """Rows to look at again: those with the highest bounds, where the highest is an old one."""
    batch: list[int] = []
    while heap and len(batch) < size and looked_at[heap[0][1]] < picks:
        batch.append(heapq.heappop(heap)[1])
    return batch


def _covered(X: Cosines, request: Request) -> Cosines:
    """Rows to be covered: all, or some drawn with the seed."""
    if len(X) <= COVERED:
        return X
    rows = np.random.default_rng([request.seed, 8]).choice(len(X), COVERED, replace=False)
    return X[np.sort(rows)]


@dataclass
class _Supports:
    """What candidates add to m covered rows, and to which.

    Attributes
    ----------
    X, covered : (N, d), (m, d) float32
        Candidates, and the rows to be covered.
    cover : (m,) float32
        Highest similarity of each covered row with a pick; infinite where that is a copy of it: no
        other can be nearer, whatever float32's errors say.
    whole : (m,) float32
        Similarity of each covered row with itself.
    nothing : float
        What a row must add more than: one that is no copy adds at least its own likeness.
    held : dict
        Candidate to its support: covered rows, and similarities with them.
    """

    X: Cosines
    covered: Cosines
    kernel: Kernel
    blocks: Blocks
    cover: Cosines = field(init=False)
    whole: Cosines = field(init=False)
    nothing: float = REPEAT_BY_ANGLE
    held: dict[int, tuple[npt.NDArray[np.int32], Cosines]] = field(default_factory=dict)
    entries: int = 0

    def __post_init__(self) -> None:
        self.cover = np.zeros(len(self.covered), np.float32)
        self.whole = self.kernel.diagonal(self.covered).astype(np.float32)
        if "float32" in self.kernel.spent:
            steepness = np.max(self.kernel.steepness(self.covered[:1]))
            self.nothing = REPEAT * max(1.0, float(steepness))

    def cover_by(self, points: Cosines) -> None:
        """Cover by other points than candidates."""
        step = max(1, AT_ONCE // len(self.covered))
        for start in range(0, len(points), step):
            columns = self.kernel.block(points[start : start + step], self.covered)
            np.maximum(self.cover, columns.max(axis=0), out=self.cover)
        self._close(np.arange(len(self.cover)))

    def all_gains(self) -> FloatArray:
        """What each candidate adds now; (N,)."""
        if self.covered is self.X:
            return self._all_gains_by_halves()
        step = max(1, AT_ONCE // len(self.covered))

        def block(rows: IntArray) -> FloatArray:
            more = self.kernel.block(self.X[rows], self.covered)
            more -= self.cover
            np.maximum(more, 0.0, out=more)
            return self._rounded(more.sum(axis=1, dtype=np.float64))

        return np.concatenate(self.blocks.run(np.arange(len(self.X)), step, block))

    def _all_gains_by_halves(self) -> FloatArray:
        """The same where candidates are what is covered: each similarity serves both its rows."""
        size = max(1, int(AT_ONCE**0.5) // 2)
        starts = np.arange(0, len(self.X), size)
        pairs = [(one, other) for one in starts for other in starts if one <= other]

        def block(number: IntArray) -> list[tuple[slice, FloatArray]]:
            one, other = (slice(start, start + size) for start in pairs[int(number[0])])
            similar = self.kernel.block(self.X[one], self.X[other])
            more = similar - self.cover[other]
            np.maximum(more, 0.0, out=more)
            found = [(one, more.sum(axis=1, dtype=np.float64))]
            if one != other:
                np.subtract(similar, self.cover[one, None], out=more)
                np.maximum(more, 0.0, out=more)
                found.append((other, more.sum(axis=0, dtype=np.float64)))
            return found

        gains = np.zeros(len(self.X))
        for found in self.blocks.run(np.arange(len(pairs)), 1, block):
            for rows, sums in found:
                gains[rows] += sums
        return self._rounded(gains)

    def gains(self, rows: list[int]) -> list[float]:
        """What candidates add now."""
        for row in rows:  # the youngest now: they do not go for each other
            if row in self.held:
                self.held[row] = self.held.pop(row)
        self._look_at([row for row in rows if row not in self.held], len(rows))
        return [self._gain(row) for row in rows]

    def take(self, row: int) -> None:
        """Cover by a candidate, for good."""
        if row not in self.held:
            self._look_at([row], 1)
        places, values = self.held.pop(row)
        self.entries -= len(places)
        self.cover[places] = np.maximum(self.cover[places], values)
        self._close(places)

    def _close(self, places: npt.NDArray[np.integer[Any]]) -> None:
        """Cover for good what a copy covers."""
        self.cover[places[self.cover[places] >= self.whole[places] - self.nothing]] = np.inf

    def _gain(self, row: int) -> float:
        places, values = self.held[row]
        more = values - self.cover[places]
        nearer = more > 0.0
        if not nearer.all():
            self.entries -= len(places)
            places, values, more = places[nearer], values[nearer], more[nearer]
            self.held[row] = places, values
            self.entries += len(places)
        return float(self._rounded(more.sum(dtype=np.float64)))

    def _look_at(self, rows: list[int], wanted: int) -> None:
        """Compute columns, and hold what is above the cover; all but the youngest may go for it."""

        def block(some: IntArray) -> list[tuple[npt.NDArray[np.int32], Cosines]]:
            columns = self.kernel.block(self.X[some], self.covered)
            found = [np.flatnonzero(column > self.cover).astype(np.int32) for column in columns]
            return [(places, columns[i, places]) for i, places in enumerate(found)]

        parts = self.blocks.run(np.array(rows, np.int64), PART, block)
        for row, support in zip(rows, (one for part in parts for one in part), strict=True):
            self.held[row] = support
            self.entries += len(support[0])
        while self.entries > HELD and len(self.held) > wanted:
            self.entries -= len(self.held.pop(next(iter(self.held)))[0])

    def _rounded(self, sums: FloatArray) -> FloatArray:
        grid = GRID * np.sqrt(len(self.cover))
        return np.rint(sums / grid) * grid
