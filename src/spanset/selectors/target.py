"""Rows like a target: each target row takes its nearest in turn (RDS+, Ivison et al. 2025).

The target are rows like those that the model shall be good at. In each round, every target row in
its order takes the row nearest to it that is not taken yet. [ivison2025large]
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spanset.base.array_types import IntArray
from spanset.base.blocks import by_blocks
from spanset.base.cosines import Cosines, as_float32, rounded
from spanset.greedy.selection import Selection
from spanset.selectors.ranked import from_order
from spanset.selectors.request import Request

BLOCK = 64  # target rows at once


def select_target(request: Request) -> Selection:
    """Rows in rounds over the target; scores are cosines with the target row that takes them.

    Time O(t N d) and t sorts of N for t target rows; memory O(t k).
    """
    assert request.target is not None  # noqa: S101 (the method is refused without)
    X, target = as_float32(request.matrix), as_float32(request.target)
    wanted = len(X) if request.quotas is not None else request.k
    taken = taken_in_rounds(X, target, wanted)
    scores = np.full(len(X), np.nan)
    scores[taken.rows] = taken.cosines
    return from_order(taken.rows, scores, request)


class Taken(NamedTuple):
    """Rows in the order in which they are taken; (n,) each.

    Attributes
    ----------
    rows, by, turns : int64
        Positions, the target rows that take them, and in which round, from 1.
    cosines : float32
        Of the two.
    """

    rows: IntArray
    by: IntArray
    turns: IntArray
    cosines: Cosines


def taken_in_rounds(X: Cosines, target: Cosines, wanted: int) -> Taken:
    """The first `wanted` rows of X (N, d) that the rows of the target (t, d) take in turn."""
    rows, cosines = _nearest(X, target, wanted)
    is_taken = np.zeros(len(X), bool)
    places = np.zeros(len(target), np.int64)
    order = np.empty(wanted, np.int64)
    nearness = np.empty(wanted, np.float32)
    for at in range(wanted):
        number = at % len(target)
        while is_taken[rows[number, places[number]]]:
            places[number] += 1
        order[at], nearness[at] = rows[number, places[number]], cosines[number, places[number]]
        is_taken[order[at]] = True
    turns, by = np.divmod(np.arange(wanted), len(target))
    return Taken(order, by, turns + 1, nearness)


def _nearest(X: Cosines, target: Cosines, count: int) -> tuple[IntArray, Cosines]:
    """The `count` nearest rows of each target row, falling, and their cosines; (t, count).

    No more are needed: at most count - 1 rows are taken when a target row takes its next.
    """

    def block(numbers: IntArray) -> tuple[IntArray, Cosines]:
        cosines = rounded(target[numbers] @ X.T)
        rows = np.empty((len(numbers), count), np.int64)
        for place, own in enumerate(cosines):
            some = np.arange(len(own))
            if 0 < count < len(own):  # all above the count-th, and of its equals the first
                lowest = np.partition(own, len(own) - count)[len(own) - count]
                above = np.flatnonzero(own > lowest)
                equal = np.flatnonzero(own == lowest)[: count - len(above)]
                some = np.sort(np.concatenate([above, equal]))
            rows[place] = some[np.argsort(-own[some], kind="stable")][:count]
        return rows, np.take_along_axis(cosines, rows, axis=1)

    parts = by_blocks(np.arange(len(target)), BLOCK, block)
    return np.concatenate([rows for rows, _ in parts]), np.concatenate([own for _, own in parts])
