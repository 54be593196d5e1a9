"""Log-likelihoods of the answers to choose from, each as what follows its question's context.

Tokens are those that lm-eval's HFLM takes: spaces that end a context go to the answer, context and
answer are encoded as one text, and what comes after the context's own tokens is the answer. A
sequence longer than the model's context loses tokens on the left. Answers that differ in their last
token alone (letters) are read once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray
from spanset.base.errors import DataError
from spanset.models.passes.forward import ForwardPass
from spanset.models.passes.padded import Batch
from spanset.models.passes.token_scores import AT_ONCE
from spanset.stores.batches import plan_batches
from spanset.trials.question_forms import Question

if TYPE_CHECKING:
    import torch

DEFAULT_CONTEXT = 2048  # tokens, where neither the model nor its tokenizer says; as lm-eval's
UNLIMITED = 10**18  # what a tokenizer without a limit says is above it


@dataclass(frozen=True, eq=False)
class Reading:
    """Tokens that a model reads once, for one answer or for several.

    Attributes
    ----------
    question : int
        Number of the question.
    choices : tuple of int
        Places of the answers in it.
    ids : (T,) int32
        Context and answer without the answer's last token.
    last : tuple of int
        That token, of each of these answers.
    counted : int
        Tokens of such an answer, at most T.
    """

    question: int
    choices: tuple[int, ...]
    ids: npt.NDArray[np.int32]
    last: tuple[int, ...]
    counted: int


def readings_of(
    questions: Sequence[Question], places: Sequence[str], tokenizer: Any
) -> tuple[Reading, ...]:
    """Encode questions.

    Parameters
    ----------
    places : sequence of str
        File and line of each question, for messages.
    tokenizer : transformers.PreTrainedTokenizerFast

    Raises
    ------
    DataError
        An answer that has no token of its own.
    """
    found: list[Reading] = []
    for number, (question, place) in enumerate(zip(questions, places, strict=True)):
        kept = len(question.context.rstrip())
        context, spaces = question.context[:kept], question.context[kept:]
        wholes = [context + spaces + one for one in question.continuations]
        before, *encoded = _encoded([context, *wholes], tokenizer)
        groups: dict[tuple[int, ...], list[int]] = {}
        for choice, ids in enumerate(encoded):
            if not before or len(ids) <= len(before):
                raise DataError(
                    f"choice {choice + 1} has no token of its own",
                    where=place,
                    why="the tokenizer joins it to what stands before",
                    fix="take the question out, or use another model",
                )
            groups.setdefault(tuple(ids[:-1]), []).append(choice)
        for ids, choices in groups.items():
            last = tuple(encoded[choice][-1] for choice in choices)
            counted = len(ids) + 1 - len(before)
            found.append(Reading(number, tuple(choices), np.array(ids, np.int32), last, counted))
    return tuple(found)


def _encoded(texts: list[str], tokenizer: Any) -> list[list[int]]:
    """Tokens of texts; with the special ones that the tokenizer adds, unless they are there."""
    first = tokenizer.bos_token_id
    first = tokenizer.eos_token_id if first is None else first
    has_first = first is not None and texts[0].startswith(tokenizer.decode(first))
    options = {"add_special_tokens": False} if has_first else {}
    return tokenizer(texts, return_attention_mask=False, **options)["input_ids"]


def context_of(model: Any, tokenizer: Any) -> int:
    """Tokens that a model can read at once."""
    config = getattr(model.config, "text_config", None) or model.config
    for name in ("n_positions", "max_position_embeddings", "n_ctx"):
        if getattr(config, name, None) is not None:
            return int(getattr(config, name))
    limit = tokenizer.model_max_length
    return int(limit) if limit is not None and limit < UNLIMITED else DEFAULT_CONTEXT


def fitted(readings: Sequence[Reading], places: Sequence[str], context: int) -> list[Reading]:
    """The readings, those that are too long without what comes first.

    Raises
    ------
    DataError
        An answer that is longer than the model's context.
    """
    for one in readings:
        if one.counted > context:
            raise DataError(
                f"choice {one.choices[0] + 1} has {one.counted:,} tokens",
                where=places[one.question],
                why=f"the model reads {context:,} at once",
                fix="take the question out, or use a model with a longer context",
            )
    return [
        replace(one, ids=one.ids[-context:]) if len(one.ids) > context else one for one in readings
    ]


def log_likelihoods(
    model: Any, readings: Sequence[Reading], counts: Sequence[int], batch_tokens: int
) -> list[FloatArray]:
    """Log-likelihood of every answer, nats, summed over its tokens.

    Parameters
    ----------
    model : transformers.PreTrainedModel
    readings : sequence of Reading
        That fit the model's context.
    counts : sequence of int
        Answers of each question.
    batch_tokens : int
        Of a pass, with its padding; one reading at least.

    Returns
    -------
    list of (answers,) float64
        Of each question.
    """
    found = [np.zeros(count) for count in counts]
    with ForwardPass(model) as forward_pass:
        lengths = np.array([len(one.ids) for one in readings])
        for places in plan_batches(np.arange(len(lengths)), lengths, batch_tokens):
            part = [readings[place] for place in places.tolist()]
            for one, sums in zip(part, _of_batch(forward_pass, part), strict=True):
                found[one.question][list(one.choices)] = sums
    return found


def _of_batch(forward_pass: ForwardPass, part: Sequence[Reading]) -> list[FloatArray]:
    """Log-likelihoods of the answers of each reading."""
    import torch

    marks = [np.arange(len(one.ids) + 1) > len(one.ids) - one.counted for one in part]
    ids = [np.append(one.ids, np.int32(one.last[0])) for one in part]
    batch = replace(Batch.pad(ids, marks), reads_last=False)
    with torch.no_grad():
        logits = forward_pass.forward(batch).logits[0]
        # A row of logits an answer's token, reading after reading; of the last token, each answer's
        # own is looked up in the same row.
        ends = np.cumsum([one.counted for one in part])
        rows = [np.repeat(end - 1, len(one.last)) for one, end in zip(part, ends, strict=True)]
        shared = [
            np.arange(end - one.counted, end - 1) for one, end in zip(part, ends, strict=True)
        ]
        before = [one.ids[len(one.ids) + 1 - one.counted :] for one in part]
        values = _log_probabilities(
            logits,
            np.concatenate([*rows, *shared]),
            np.concatenate([*(np.array(one.last) for one in part), *before]),
        )
    own = np.split(values, np.cumsum([len(one) for one in (*rows, *shared)])[:-1])
    return [
        last + rest.sum() for last, rest in zip(own[: len(part)], own[len(part) :], strict=True)
    ]


def _log_probabilities(
    logits: torch.Tensor, rows: npt.NDArray[Any], tokens: npt.NDArray[Any]
) -> FloatArray:
    """Log-probabilities (m,) of tokens (m,) at rows (m,) of logits (S, V), in float32."""
    import torch

    at_once = AT_ONCE.get(logits.device.type, AT_ONCE["cuda"])
    step = max(1, at_once // logits.shape[1])
    parts = (logits[i : i + step].float() for i in range(0, len(logits), step))
    whole = torch.cat([torch.logsumexp(part, dim=-1) for part in parts])
    row = torch.from_numpy(rows.astype(np.int64)).to(logits.device)
    token = torch.from_numpy(tokens.astype(np.int64)).to(logits.device)
    return (logits[row, token].float() - whole[row]).double().cpu().numpy()
