"""Greedy MAP of a determinantal point process: diverse and good (Wang et al. 2024)."""

from __future__ import annotations

from spanset.greedy.blocked import blocked_greedy
from spanset.greedy.partitioned import two_rounds
from spanset.greedy.selection import Selection
from spanset.selectors.request import Request


def select_dpp(request: Request) -> Selection:
    """The rows whose features span the largest volume, weighed by quality.

    In two rounds where it is asked for in parts: about the same volume, in a fraction of the time.
    """
    options = {
        "log_quality": request.log_quality,
        "quality_weight": request.quality_weight,
        "given": request.given,
        "budget": request.budget,
        "workers": request.workers,
        "device": request.device,
        "mixed": None,
        "scratch": request.scratch,
        "cluster": request.cluster,
        "on_progress": request.on_progress,
        "on_note": request.on_note,
        "cancelled": request.cancelled,
    }
    X, k, kernel = request.features, request.k, request.kernel
    if request.parts > 1:
        return two_rounds(X, k, kernel, parts=request.parts, seed=request.seed, **options)
    limits = {"quotas": request.quotas, "enough": request.enough}
    return blocked_greedy(X, k, kernel, **limits, **options)
