"""Greedy MAP of a determinantal point process: diverse and good (Wang et al. 2024)."""

from __future__ import annotations

from spanset.greedy.blocked import blocked_greedy
from spanset.greedy.mixed import is_worth_mixing
from spanset.greedy.selection import Selection
from spanset.selectors.request import Request


def select_dpp(request: Request) -> Selection:
    """The rows whose features span the largest volume, weighed by quality."""
    X, k, kernel, budget = request.features, request.k, request.kernel, request.budget
    likely = k if budget is None else min(k, budget.likely_rows)
    return blocked_greedy(
        X,
        k,
        kernel,
        log_quality=request.log_quality,
        quality_weight=request.quality_weight,
        given=request.given,
        budget=budget,
        quotas=request.quotas,
        enough=request.enough,
        workers=request.workers,
        device=request.device,
        mixed=is_worth_mixing(len(X), likely, kernel, X.dtype.name, request.device),
        on_progress=request.on_progress,
        on_note=request.on_note,
        cancelled=request.cancelled,
    )
