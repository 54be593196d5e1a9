"""A selection from an order that is known beforehand."""

from __future__ import annotations

import numpy as np

from spanset.base.array_types import FloatArray, IntArray
from spanset.greedy.selection import Selection, StopReason
from spanset.selectors.request import Request


def from_order(
    order: IntArray,
    scores: FloatArray,
    request: Request,
    why_short: StopReason = StopReason.EXHAUSTED,
) -> Selection:
    """The first k rows of an order of rows that quotas allow, or as many as the tokens allow.

    `scores` (N,) are by row. Gains are not computed: they are NaN. `why_short`: why an order has
    fewer than k rows.
    """
    if request.quotas is None:
        picks, reason = order[: request.k], StopReason.REACHED_K
    else:
        picks, reason = _allowed(order, request)
    if reason is StopReason.REACHED_K and len(picks) < request.k:
        reason = why_short
    return within_budget(picks, scores[picks], reason, request)


def within_budget(
    picks: IntArray, scores: FloatArray, reason: StopReason, request: Request
) -> Selection:
    """Picks with their scores (k,), or as many of the first as the token budget holds."""
    if request.budget is not None:
        fitting = request.budget.allows(picks, 0)
        if fitting < len(picks):
            picks, scores, reason = picks[:fitting], scores[:fitting], StopReason.TOKEN_BUDGET
    gains = np.full(len(picks), np.nan)
    return Selection(picks, gains, scores, reason, len(request.features))


def _allowed(order: IntArray, request: Request) -> tuple[IntArray, StopReason]:
    """The first k rows that each quota allows when it is their turn."""
    assert request.quotas is not None  # noqa: S101 (the caller has looked)
    ledger = request.quotas.ledger()
    picks: list[int] = []
    left = order
    while len(picks) < request.k and len(left):
        # Groups only close: the rows passed over stay so, and those that are open are taken until
        # one closes.
        left = left[ledger.open()[request.quotas.groups[left]]]
        for place, row in enumerate(left.tolist()):
            before = ledger.open()
            ledger.take(row)
            picks.append(row)
            if len(picks) == request.k or (ledger.open() != before).any():
                left = left[place + 1 :]
                break
        else:
            left = left[:0]
    done = len(picks) == request.k
    return np.array(picks, np.int64), StopReason.REACHED_K if done else StopReason.SHARES
