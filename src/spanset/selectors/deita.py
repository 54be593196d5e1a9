"""DEITA (Liu et al. 2024): best rows first, each unlike those taken before it.

Rows are taken by quality; one at a cosine of `threshold` or more with a row taken is passed over.
The scores of the paper are those of its own models: bring them as a column. [liu2024deita]
"""

from __future__ import annotations

import numpy as np

from spanset.greedy.selection import Selection, StopReason
from spanset.selectors.novelty import novel_rows
from spanset.selectors.ranked import from_order
from spanset.selectors.request import Request

THRESHOLD = 0.9  # of the paper's code


def select_deita(request: Request) -> Selection:
    """The first k novel rows by quality, ties to the lowest index; scores are log quality."""
    log_quality = request.log_quality
    assert log_quality is not None  # noqa: S101 (the method is refused without)
    best = np.argsort(-log_quality, kind="stable").astype(np.int64)
    threshold = THRESHOLD if request.threshold is None else request.threshold
    kept = novel_rows(request.matrix, best, threshold, request.k, request.given, request.quotas)
    return from_order(kept, log_quality, request, StopReason.THRESHOLD)
