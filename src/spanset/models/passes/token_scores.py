"""What logits say of the tokens that came: cross-entropy, EL2N, margin, and the loss's gradient.

For logits z of one position, p = softmax(z) and the token y that came there:

    loss    -log p_y, nats
    el2n    |p - e_y|, the length of the error of the predicted probabilities (Paul et al. 2021)
    margin  z_y - max over other tokens of z, nats: above 0 where y was the model's first choice
            (Pleiss et al. 2020 track it over training)

They are taken where the loss is, so that logits, which large vocabularies make huge, are gone
through once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray, IntArray

if TYPE_CHECKING:
    import torch

# Logits turned into probabilities at once, in float32: what a core's cache holds on the host, where
# memory would be waited for (they are looked at several times); more on an accelerator.
AT_ONCE = {"cpu": 2**18, "cuda": 2**24}


@dataclass(frozen=True)
class TokenScores:
    """Sums over the supervised tokens of each sequence; all (B,) float64.

    Attributes
    ----------
    loss : nats
        Cross-entropy.
    el2n, margin
        See the module's text.
    """

    loss: FloatArray
    el2n: FloatArray
    margin: FloatArray

    @classmethod
    def summed(
        cls, values: npt.NDArray[np.float32], owner: IntArray, sequences: int
    ) -> TokenScores:
        """From scores of tokens (3, S) and the sequence of each token."""
        sums = (np.bincount(owner, weights, sequences) for weights in values.astype(np.float64))
        return cls(*(one.astype(np.float64) for one in sums))


def token_scores(
    logits: torch.Tensor, targets: torch.Tensor, factor: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Scores of every token (3, S) float32; with a factor the gradient of its loss, too (S, V).

    The gradient, p - e_y times the factor, is written down as it is known: an automatic one would
    hold several float32 copies of the logits.

    Parameters
    ----------
    logits : (S, V)
        Of the positions before the tokens.
    targets : (S,) int64
        The tokens.
    factor : (S,), optional
        Weight of each token's loss.
    """
    import torch

    with torch.no_grad():
        slope = None if factor is None else torch.empty_like(logits)
        scores = torch.empty(3, len(logits), device=logits.device)
        at_once = AT_ONCE.get(logits.device.type, AT_ONCE["cuda"])
        step = max(1, at_once // logits.shape[1])
        for start in range(0, len(logits), step):
            rows = slice(start, start + step)
            target = targets[rows, None]
            p = torch.log_softmax(logits[rows].float(), dim=-1)
            own = p.gather(1, target)
            # Of the logarithms: probabilities far below the first are zero in float32.
            best_other = p.scatter_(1, target, -torch.inf).amax(dim=1)
            # p_y - 1 by expm1, which keeps its digits where the token was nearly certain.
            p.exp_().scatter_(1, target, torch.expm1(own))
            scores[0, rows] = -own[:, 0]
            scores[1, rows] = torch.linalg.vector_norm(p, dim=1)
            scores[2, rows] = own[:, 0] - best_other
            if slope is not None and factor is not None:
                slope[rows] = p.mul_(factor[rows, None])
    return scores, slope
