"""Scores that a pass of a language model leaves: how they follow from what a store keeps.

With L the cross-entropy of an answer's n supervised tokens y after its prompt x, and L0 that of the
same tokens alone, in nats:

    perplexity     exp(L / n): how unexpected the answer is to the model. Lower is better.
    gradient_norm  |gradient of L| / n: how far one step would move the weights. Lower is better.
    el2n           mean |p - e_y|: length of the error of the predicted probabilities (Paul et al.
                   2021). Lower is better.
    logit_margin   mean of z_y less the largest other logit, nats. Higher is better.
    answer_tokens  n, as the model and its template count. Higher is better.
    ifd            (L / n) / (L0 / n): how little the prompt helps to predict the answer (Li et al.
                   2024). Higher is better; at 1 and above the prompt does not help at all.
    pmi            (L0 - L) / n: how much it helps, nats a token. Higher is better.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.errors import UsageError
from spanset.quality.orient import log_quality

Columns = Mapping[str, FloatArray]


@dataclass(frozen=True)
class ModelScore:
    """A score of a row under a language model.

    Attributes
    ----------
    needs : tuple of str
        Columns of a store that it follows from.
    of : callable
        From columns to scores (n,); `answer_loss` is L0.
    up : bool
        Whether higher is better.
    transform : str
        From the score to log quality, by default: identity where it is a logarithm already.
    from_gradients : bool
        Whether the store must be one of gradients.
    from_answers : bool
        Whether one more pass is needed, over the answers alone.
    """

    needs: tuple[str, ...]
    of: Callable[[Columns], FloatArray]
    up: bool
    transform: str = "log"
    from_gradients: bool = False
    from_answers: bool = False


def _perplexity(columns: Columns) -> FloatArray:
    with np.errstate(over="ignore"):  # infinite, which `log_quality` refuses by name
        return np.exp(columns["loss"] / columns["supervised"])


MODEL_SCORES = {
    "perplexity": ModelScore(("loss", "supervised"), _perplexity, up=False),
    "gradient_norm": ModelScore(
        ("norm", "supervised"),
        lambda c: c["norm"] / c["supervised"],
        up=False,
        from_gradients=True,
    ),
    "el2n": ModelScore(("el2n",), lambda c: c["el2n"], up=False),
    "logit_margin": ModelScore(("margin",), lambda c: c["margin"], up=True, transform="identity"),
    "answer_tokens": ModelScore(("supervised",), lambda c: c["supervised"], up=True),
    "ifd": ModelScore(
        ("loss", "supervised"), lambda c: c["loss"] / c["answer_loss"], up=True, from_answers=True
    ),
    "pmi": ModelScore(
        ("loss", "supervised"),
        lambda c: (c["answer_loss"] - c["loss"]) / c["supervised"],
        up=True,
        transform="identity",
        from_answers=True,
    ),
}


def no_model(name: str) -> UsageError:
    """Error for a score of a model that is not named."""
    return UsageError(
        f"{name} is a score of a language model, and none is named",
        where=f"--quality {name}",
        fix="name one: --model M compares rows by its gradients, too; --features static --model M "
        "scores by the model and compares by what rows say",
    )


def model_quality(
    name: str, values: FloatArray, rows: IntArray, transform: str | None = None
) -> FloatArray:
    """Log quality (n,) from scores (n,) of rows with these numbers, by the score's own direction.

    Raises
    ------
    DataError
        As `log_quality`.
    """
    score = MODEL_SCORES[name]
    return log_quality(
        values, up=score.up, transform=transform or score.transform, name=name, rows=rows
    )
