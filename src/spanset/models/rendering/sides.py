"""A row as the model reads it: one sequence of tokens, or both sides of a preference pair.

Of a pair, ``difference`` is the gradient of log p(rejected) - log p(chosen) after the prompt: the
direction of the DPO loss's gradient, for any beta and any reference model, since both only scale it
(Rafailov et al. 2023, section 4). It is taken as one pass over both sides with weights +1 and -1,
so that nothing underflows where a long answer is all but impossible. Tokens that both sides begin
with add the same to both and are left out of it: they would cancel, less their rounding.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from spanset.base.array_types import FloatArray
from spanset.data.conversation import Conversation
from spanset.data.dataset import Dataset
from spanset.models.rendering.chat_templates import RenderError
from spanset.models.rendering.renderer import Rendered, Renderer
from spanset.stores.status import Status


@dataclass(frozen=True)
class TokenRow:
    """Sequences of one row.

    Attributes
    ----------
    sequences : tuple of Rendered
        What goes through the model, at most two; scores and hidden states are the first's.
    weights : tuple of (T,) float64
        Of each token's loss in what is differentiated.
    """

    sequences: tuple[Rendered, ...]
    weights: tuple[FloatArray, ...]

    @classmethod
    def of(cls, sequences: Iterable[Rendered]) -> TokenRow:
        """From the row itself, or both sides of a pair, with their weights."""
        found = tuple(sequences)
        return cls(found, _weights(found))

    @property
    def tokens(self) -> int:
        """Tokens of all sequences."""
        return sum(len(one.ids) for one in self.sequences)

    @property
    def supervised(self) -> int:
        """Supervised tokens of the first sequence: those that scores are means over."""
        return int(self.sequences[0].supervised.sum()) if self.sequences else 0

    @property
    def truncated(self) -> bool:
        """Whether a sequence was cut."""
        return any(one.truncated for one in self.sequences)

    @property
    def status(self) -> Status:
        """`Status.PENDING`, or why the row cannot be represented."""
        if not self.sequences:
            return Status.NOT_A_PAIR
        if not all(one.supervised.any() for one in self.sequences):
            return Status.NOT_SUPERVISED
        first, last = self.sequences[0], self.sequences[-1]
        if first is not last and np.array_equal(first.ids, last.ids):
            return Status.SAME_SIDES
        counted = zip(self.sequences, self.weights, strict=True)
        if not any(weights[one.supervised].any() for one, weights in counted):
            return Status.NOT_SUPERVISED  # sides that part at a question, with the answers cut off
        return Status.PENDING


def read_rows(
    conversations: Sequence[Conversation], renderer: Renderer, pair: str
) -> list[TokenRow | RenderError]:
    """Sequences of every row, or why it cannot be rendered.

    Parameters
    ----------
    pair : {"difference", "chosen", "rejected"}
        What is taken of a preference pair; other rows have one side only.
    """
    sides = [sides_of(one, pair) for one in conversations]
    rendered = iter(renderer.render([side for of_row in sides for side in of_row]))
    rows: list[TokenRow | RenderError] = []
    for of_row in sides:
        found = [next(rendered) for _ in of_row]
        refused = [one for one in found if isinstance(one, RenderError)]
        fine = [one for one in found if not isinstance(one, RenderError)]
        rows.append(refused[0] if refused else TokenRow.of(fine))
    return rows


def sides_of(talk: Conversation, pair: str) -> list[Conversation]:
    """What goes through the model of a row: itself, or sides of a pair, each with the prompt."""
    if not talk.rejected:
        return [] if pair == "rejected" else [talk]
    chosen = talk._replace(rejected=(), shared=0)
    rejected = chosen._replace(turns=talk.turns[: talk.shared] + talk.rejected)
    return {"difference": [chosen, rejected], "chosen": [chosen], "rejected": [rejected]}[pair]


def has_pairs(data: Dataset) -> bool:
    """Whether a row is a preference pair; rows are parsed until one is."""
    return any(talk.rejected for talk in data.conversations())


def _weights(sequences: Sequence[Rendered]) -> tuple[FloatArray, ...]:
    if len(sequences) < 2:
        return tuple(np.ones(len(one.ids)) for one in sequences)
    first, second = (one.ids for one in sequences)
    shorter = min(len(first), len(second))
    differ = np.flatnonzero(first[:shorter] != second[:shorter])
    shared = int(differ[0]) if len(differ) else shorter
    weights = np.ones(len(first)), -np.ones(len(second))
    for one in weights:
        one[:shared] = 0.0
    return weights
