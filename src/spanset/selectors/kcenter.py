"""k-center by farthest first (Gonzalez 1985) [gonzalez1985clustering]: every row is near a pick.

Each pick is the row farthest from all picks before it. The largest distance of any row to its
nearest pick is then at most twice the least possible. It takes outliers first, by construction:
noise in the data is what it finds. Sener and Savarese (2018) [sener2018active] use it as a core
set.

The loop of the textbooks reads all features once a pick. Here a block of picks is found among the
rows that are farthest, as long as none of the others can be farther (distances only fall): the same
picks, and the distances of all rows from one matrix product a block.
"""

from __future__ import annotations

import numpy as np

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.blocks import by_blocks
from spanset.base.cosines import Cosines, as_float32, nearest_of, rounded
from spanset.greedy.selection import Selection, StopReason
from spanset.selectors.ranked import within_budget
from spanset.selectors.request import Request

CANDIDATES = 2048  # rows that a block of picks is found among
PICKS = 256  # of a block, at most
ROWS = 4096  # whose cosines are computed at once


def select_kcenter(request: Request) -> Selection:
    """Rows by farthest first, from the most central row or from those given.

    Scores are distances to the nearest earlier pick, |x - y|; NaN of a first pick. Rows at distance
    0 from a pick are copies and never picked. Time O(N k d), memory O(N) beside the features.
    """
    X = as_float32(request.matrix)
    nearest = np.full(len(X), -2.0, np.float32)  # highest cosine with a pick
    picks: list[int] = []
    distances: list[float] = []
    if request.given is not None and len(request.given):
        nearest = nearest_of(X, as_float32(request.given))[0]
    else:
        picks, distances = [_most_central(X)], [float("nan")]
        nearest = _nearer(X, nearest, picks)
    while len(picks) < request.k and not request.cancelled():
        block = _farthest(X, nearest, request.k - len(picks))
        if not block:
            break
        picks += [row for row, _ in block]
        distances += [float(np.sqrt(max(0.0, 2.0 - 2.0 * cosine))) for _, cosine in block]
        nearest = _nearer(X, nearest, [row for row, _ in block])
    order, scores = np.array(picks, np.int64), np.array(distances)
    return _selection(order, scores, request)


def _most_central(X: Cosines) -> int:
    """The row nearest to the mean of all."""
    mean = X.mean(axis=0, dtype=np.float64).astype(np.float32)
    return int(np.argmax(rounded(X @ mean)))


def _farthest(X: Cosines, nearest: Cosines, wanted: int) -> list[tuple[int, float]]:
    """Picks that follow each other, with their cosine to the nearest pick before."""
    candidates, bound = _candidates(nearest)
    cosines = rounded(X[candidates] @ X[candidates].T)
    near = nearest[candidates].copy()
    block: list[tuple[int, float]] = []
    while len(block) < min(wanted, PICKS):
        place = int(np.argmin(near))  # the lowest index among equals
        # A row outside, that no pick of this block is near to, may be as far as `bound`.
        if near[place] >= 1.0 or (block and near[place] >= bound):
            break
        block.append((int(candidates[place]), float(near[place])))
        np.maximum(near, cosines[place], out=near)
        near[place] = 1.0
    return block


def _candidates(nearest: Cosines) -> tuple[IntArray, float]:
    """The rows farthest from the picks, ascending, and the lowest cosine of any other."""
    if len(nearest) <= CANDIDATES:
        return np.arange(len(nearest)), np.inf
    bound = np.partition(nearest, CANDIDATES)[CANDIDATES]
    below = np.flatnonzero(nearest < bound)
    equal = np.flatnonzero(nearest == bound)[: CANDIDATES - len(below)]
    return np.sort(np.concatenate([below, equal])), float(bound)


def _nearer(X: Cosines, nearest: Cosines, picks: list[int]) -> Cosines:
    """Highest cosine of every row with a pick, after these picks."""
    points = X[picks]

    def block(rows: IntArray) -> Cosines:
        found = rounded((X[rows[0] : rows[-1] + 1] @ points.T).max(axis=1))
        return np.maximum(nearest[rows], found)

    found = np.concatenate(by_blocks(np.arange(len(X)), ROWS, block))
    found[picks] = 1.0
    return found


def _selection(order: IntArray, scores: FloatArray, request: Request) -> Selection:
    reason = StopReason.REACHED_K if len(order) == request.k else StopReason.EXHAUSTED
    if reason is StopReason.EXHAUSTED and request.cancelled():
        reason = StopReason.INTERRUPTED
    return within_budget(order, scores, reason, request)
