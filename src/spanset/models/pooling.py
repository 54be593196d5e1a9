"""One state of a sequence out of those of its T tokens.

mean, of all of them; weighted, a mean in which the state at position t has the weight t / (1 + ...
+ T), since later tokens have seen more of the sequence (SGPT of Muennighoff 2022, RDS+ of Ivison et
al. 2025); or the last alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spanset.base.array_types import IntArray
from spanset.base.errors import UsageError
from spanset.config.model_settings import POOLINGS, Pooling

if TYPE_CHECKING:
    import torch


def check_pooling(pooling: str) -> None:
    """Refuse a name that is none: in Python nothing else does."""
    if pooling not in POOLINGS:
        raise UsageError(
            f"no pooling {pooling!r}", where="--pooling", fix=f"use {', '.join(POOLINGS)}"
        )


def pooled(states: torch.Tensor, lengths: IntArray | None, pooling: Pooling) -> torch.Tensor:
    """One state of each sequence, without its padding; (B, w) float32 from (B, T, w).

    Means are a product with the weights: one look at the states, summed in float32 whatever their
    type.

    Parameters
    ----------
    lengths : (B,) int64, optional
        Tokens before the padding; T by default.
    """
    import torch

    from spanset.base.transfers import sent
    from spanset.sketches.reducer import gradient

    count, longest = states.shape[:2]
    sizes = sent(np.full(count, longest) if lengths is None else lengths, states.device)
    if pooling == "last":
        return states[torch.arange(count, device=states.device), sizes - 1].float()
    places = torch.arange(1, longest + 1, device=states.device)
    weights = (places <= sizes[:, None]).long()
    if pooling == "weighted":
        weights *= places
        states = states.float()  # half precision has no place of its own for every token
    total = gradient(states, weights[..., None].to(states.dtype))[:, 0]
    return total / weights.sum(dim=1, keepdim=True)
