"""A selection from an order that is known beforehand."""

from __future__ import annotations

import numpy as np

from spanset.base.array_types import FloatArray, IntArray
from spanset.greedy.selection import Selection, StopReason
from spanset.selectors.request import Request


def from_order(order: IntArray, scores: FloatArray, request: Request) -> Selection:
    """The first k rows of an order of all N, or as many as the token budget holds.

    `scores` (N,) are by row. Gains are not computed: they are NaN.
    """
    picks = order[: request.k]
    reason = StopReason.REACHED_K
    if request.budget is not None:
        fitting = request.budget.allows(picks, 0)
        if fitting < len(picks):
            picks, reason = picks[:fitting], StopReason.TOKEN_BUDGET
    gains = np.full(len(picks), np.nan)
    return Selection(picks, gains, scores[picks], reason, len(order))
