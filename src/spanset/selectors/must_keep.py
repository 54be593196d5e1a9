"""Rows that have to be picked: they come first, and the method chooses the others beside them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spanset.base.array_types import IntArray
from spanset.base.errors import UsageError
from spanset.base.lazy_rows import some_of
from spanset.greedy.budget import TokenBudget
from spanset.greedy.replay import replay
from spanset.greedy.selection import Selection, StopReason
from spanset.kernels.kernel import Matrix
from spanset.selectors.request import Request, Selector


def after_kept(request: Request, kept: IntArray, choose: Selector) -> Selection:
    """The kept rows, then what the method picks of the others; k in all.

    For methods that heed given rows the kept ones are given. Gains of kept rows are those of their
    order, where the method computes gains.

    Raises
    ------
    UsageError
        More kept rows than picks, or than tokens or quotas allow.
    """
    if not len(kept):
        return choose(request)
    _require_room(request, kept)
    N, rest = len(request.features), np.setdiff1d(np.arange(len(request.features)), kept)
    unknown = np.full(len(kept), np.nan)
    if len(kept) == request.k:
        return Selection(kept, unknown, unknown, StopReason.REACHED_K, N)
    budget = request.budget
    if budget is not None:
        left = budget.limit - int(budget.counts[kept].sum())
        if left < budget.counts[rest].min():
            return Selection(kept, unknown, unknown, StopReason.TOKEN_BUDGET, N)
        budget = TokenBudget(budget.counts[rest], left)
    own = request.features[kept]
    given = own if request.given is None else np.concatenate([request.given, own])
    found = choose(_of_rest(request, rest, kept, given, budget))
    gains = unknown
    if not np.isnan(found.gains).any():
        gains = replay(given, request.kernel)[len(given) - len(kept) :]
    return replace(
        found,
        order=np.concatenate([kept, rest[found.order]]),
        gains=np.concatenate([gains, found.gains]),
        scores=np.concatenate([unknown, found.scores]),
        candidates=N,
    )


def _require_room(request: Request, kept: IntArray) -> None:
    """Refuse more kept rows than can be picked."""
    fix = "keep fewer rows, or raise it"
    if len(kept) > request.k:
        what = f"{len(kept):,} rows have to be kept, k is {request.k:,}"
        raise UsageError(what, where="--keep", fix=fix)
    if request.budget is not None:
        tokens = int(request.budget.counts[kept].sum())
        if tokens > request.budget.limit:
            why = f"the budget is {request.budget.limit:,}"
            what = f"the rows to keep have {tokens:,} tokens"
            raise UsageError(what, where="--keep", why=why, fix=fix)
    if request.quotas is not None:
        quotas = request.quotas
        counts = quotas.ledger(kept).counts
        over = np.flatnonzero(counts > quotas.most)
        if len(over):
            raise UsageError(
                f"more rows have to be kept than the share of {quotas.names[over[0]]!r} allows",
                where="--keep",
                why=f"at most {quotas.most[over[0]]:,} of {quotas.k:,}",
                fix=fix,
            )
        owed = np.maximum(quotas.least - counts, 0)
        if owed.sum() > quotas.k - len(kept):
            raise UsageError(
                f"the rows to keep leave {quotas.k - len(kept):,} picks, the shares need "
                f"{owed.sum():,} more",
                where="--keep",
                why=f"of {', '.join(quotas.names[group] for group in np.flatnonzero(owed)[:5])}",
                fix="keep fewer rows, lower the shares, or raise -k",
            )


def _of_rest(
    request: Request, rest: IntArray, kept: IntArray, given: Matrix, budget: TokenBudget | None
) -> Request:
    """What the method is asked of the rows that are not kept."""
    log_quality = request.log_quality
    return replace(
        request,
        features=some_of(request.features, rest),
        k=min(request.k - len(kept), len(rest)),
        log_quality=None if log_quality is None else log_quality[rest],
        given=given,
        budget=budget,
        quotas=None if request.quotas is None else request.quotas.of(rest, kept),
    )
