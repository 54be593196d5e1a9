"""Greedy MAP of a determinantal point process: diverse and good (Wang et al. 2024)."""

from __future__ import annotations

from spanset.greedy.blocked import blocked_greedy
from spanset.greedy.selection import Selection
from spanset.selectors.request import Request


def select_dpp(request: Request) -> Selection:
    """The rows whose features span the largest volume, weighed by quality."""
    return blocked_greedy(
        request.features,
        request.k,
        request.kernel,
        log_quality=request.log_quality,
        quality_weight=request.quality_weight,
        given=request.given,
        budget=request.budget,
        quotas=request.quotas,
        enough=request.enough,
        workers=request.workers,
        device=request.device,
        mixed=None,
        scratch=request.scratch,
        on_progress=request.on_progress,
        on_note=request.on_note,
        cancelled=request.cancelled,
    )
