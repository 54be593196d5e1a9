"""The rows of highest quality, copies and all: quality without diversity."""

from __future__ import annotations

import numpy as np

from spanset.errors import UsageError
from spanset.results import Selection
from spanset.selectors import Request
from spanset.selectors.ranked import from_order


def select_top(request: Request) -> Selection:
    """Rows sorted by quality, ties to the lowest index."""
    if request.log_quality is None:
        raise UsageError(
            "the method top sorts by quality, and there is none",
            where="--method top",
            fix="add --quality output_tokens (or another)",
        )
    order = np.argsort(-request.log_quality, kind="stable").astype(np.int64)
    return from_order(order, request.log_quality, request)
