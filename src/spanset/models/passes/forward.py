"""A forward pass: scores of the supervised tokens, and the hidden state of every sequence.

Rows are padded on the right and no mask is passed: in a causal model nothing that counts comes
after the padding, and the fast attention path stays open. What the model hands to its output
embedding is its last layer's state after the final norm: a sequence's states become one there, and
only the states of supervised positions go on, so that no other logits are made.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spanset.base.array_types import IntArray
from spanset.base.errors import SpansetError, UsageError
from spanset.config.model_settings import Pooling
from spanset.models.passes.padded import Batch
from spanset.models.passes.token_scores import TokenScores, token_scores
from spanset.models.passes.unpacked import unpacked
from spanset.models.pooling import pooled

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Forwarded:
    """What a forward pass leaves; S supervised tokens of B sequences.

    Attributes
    ----------
    logits : (1, S, V)
        Of the positions before the supervised tokens.
    targets : (S,) int64 tensor
        These tokens, where the logits are.
    owner, column : (S,) int64
        Sequence of each, and its place there.
    hidden : (B, w) float32 tensor or None
        State of each sequence, of those of all its tokens.
    """

    logits: torch.Tensor
    targets: torch.Tensor
    owner: IntArray
    column: IntArray
    hidden: torch.Tensor | None


@dataclass(frozen=True)
class Read:
    """What a pass says of the B sequences of a batch, with S supervised tokens.

    Attributes
    ----------
    of_tokens : (3, S) float32 tensor
        Scores of the supervised tokens, where the pass left them.
    owner : (S,) int64
        Sequence of each.
    sequences : int
        B.
    hidden : (B, w) float32 tensor or None
        State of each sequence, where it was asked for.
    """

    of_tokens: torch.Tensor
    owner: IntArray
    sequences: int
    hidden: torch.Tensor | None

    @property
    def scores(self) -> TokenScores:
        """Summed over the tokens of each sequence, on the host: the device is waited for."""
        return TokenScores.summed(self.of_tokens.cpu().numpy(), self.owner, self.sequences)


class ForwardPass(AbstractContextManager["ForwardPass"]):
    """Reads batches with a frozen causal language model.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        Its parameters are frozen, and it is put into evaluation mode.
    pooling : {"mean", "weighted", "last"}, optional
        What becomes of a sequence's hidden states; by default they are not taken.
    """

    def __init__(self, model: Any, *, pooling: Pooling | None = None) -> None:
        self.model = model
        self.pooling: Pooling | None = pooling
        self._batch: Batch | None = None
        self._flat: IntArray | None = None
        self._hidden: torch.Tensor | None = None
        self._stack = ExitStack()

    def __enter__(self) -> ForwardPass:
        head = self.model.get_output_embeddings()
        if head is None:
            raise UsageError(
                "the model has no output embedding",
                where="--model",
                fix="use a causal language model",
            )
        self.model.requires_grad_(False)
        self.model.eval()
        self._stack.callback(head.register_forward_pre_hook(self._gather).remove)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __call__(self, batch: Batch) -> Read:
        """Scores and hidden states; nothing is kept for a way back."""
        import torch

        with torch.no_grad():
            passed = self.forward(batch)
            scores, _ = token_scores(passed.logits[0], passed.targets)
        return Read(scores, passed.owner, len(batch.ids), passed.hidden)

    def forward(self, batch: Batch) -> Forwarded:
        """One forward pass, under whatever gradient mode is on.

        Raises
        ------
        SpansetError
            A model that does not use its output embedding as others do.
        """
        from spanset.base.transfers import sent

        # The logits at a position predict the token after it.
        owner, before = np.nonzero(batch.supervised[:, 1:])
        read = batch.ids if batch.reads_last else batch.ids[:, :-1]
        self._batch, self._hidden = batch, None
        self._flat = owner * read.shape[1] + before
        try:
            ids = sent(read, self._first_device())
            with unpacked():
                logits = self.model(input_ids=ids, use_cache=False).logits
            hidden = self._hidden
        finally:
            self._batch = self._flat = self._hidden = None
        is_lacking = self.pooling is not None and hidden is None
        if tuple(logits.shape[:2]) != (1, len(owner)) or is_lacking:
            raise SpansetError(
                "the model's output embedding was not used as expected",
                where=type(self.model).__name__,
                why=f"logits of shape {tuple(logits.shape)} for {len(owner)} supervised tokens",
                fix="use another representation of this model, or report the model's name",
            )
        targets = sent(batch.ids[owner, before + 1], logits.device)
        return Forwarded(logits, targets, owner, before + 1, hidden)

    def _first_device(self) -> Any:
        """Where the tokens go: a model may lie on several devices."""
        return self.model.get_input_embeddings().weight.device

    def _gather(self, _: Any, inputs: tuple[Any, ...]) -> Any:
        """Take one state a sequence; keep the states of supervised positions only, (1, S, w)."""
        from spanset.base.transfers import sent

        if self._batch is None or self._flat is None:
            return None
        states = inputs[0]
        if self.pooling is not None:
            self._hidden = pooled(states.detach(), self._batch.lengths, self.pooling)
        flat = sent(self._flat, states.device)
        picked = states.reshape(-1, states.shape[-1]).index_select(0, flat)
        return (picked[None], *inputs[1:])
