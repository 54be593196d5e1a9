"""A uniform random choice: the baseline that every method must beat."""

from __future__ import annotations

import numpy as np

from spanset.greedy.selection import Selection
from spanset.selectors.ranked import from_order
from spanset.selectors.request import Request


def select_random(request: Request) -> Selection:
    """The first k rows of a random permutation drawn with the seed."""
    n = len(request.features)
    order = np.random.default_rng(request.seed).permutation(n).astype(np.int64)
    return from_order(order, np.full(n, np.nan), request)
