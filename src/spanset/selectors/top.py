"""The rows of highest quality, copies and all: quality without diversity."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from spanset.errors import UsageError
from spanset.results import Selection
from spanset.selectors import Request
from spanset.selectors.ranked import from_order

Quality = TypeVar("Quality")


def select_top(request: Request) -> Selection:
    """Rows sorted by quality, ties to the lowest index."""
    log_quality = require_quality(request.log_quality)
    order = np.argsort(-log_quality, kind="stable").astype(np.int64)
    return from_order(order, log_quality, request)


def require_quality(quality: Quality | None) -> Quality:
    """Refuse the method where there is nothing to sort by."""
    if quality is None:
        raise UsageError(
            "the method top sorts by quality, and there is none",
            where="--method top",
            fix="add --quality output_tokens (or another)",
        )
    return quality
