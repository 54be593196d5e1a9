"""The rows of highest quality, copies and all: quality without diversity."""

from __future__ import annotations

import numpy as np

from spanset.greedy.selection import Selection
from spanset.selectors.ranked import from_order
from spanset.selectors.request import Request


def select_top(request: Request) -> Selection:
    """Rows sorted by quality, ties to the lowest index."""
    log_quality = request.log_quality
    assert log_quality is not None  # noqa: S101 (the method is refused without)
    order = np.argsort(-log_quality, kind="stable").astype(np.int64)
    return from_order(order, log_quality, request)
