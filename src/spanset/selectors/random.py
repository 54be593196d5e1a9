"""A uniform random choice: the baseline that every method must beat."""

from __future__ import annotations

import numpy as np

from spanset.base.array_types import IntArray
from spanset.greedy.selection import Selection
from spanset.selectors.ranked import from_order
from spanset.selectors.request import Request


def random_order(n: int, seed: int) -> IntArray:
    """A random permutation of n rows; (n,) int64."""
    return np.random.default_rng(seed).permutation(n).astype(np.int64)


def select_random(request: Request) -> Selection:
    """The first k rows of a random permutation drawn with the seed."""
    n = len(request.features)
    order = random_order(n, request.seed)
    return from_order(order, np.full(n, np.nan), request)
