"""What a tuned model is judged by: a set of items, each with a value and a weight.

Sets of rows give losses, sets of questions give right answers; the rest of a trial treats both
alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from spanset.base.array_types import FloatArray

Unit = Literal["loss", "accuracy"]


@dataclass(frozen=True, eq=False)
class SetScores:
    """A model on the items of a set.

    Attributes
    ----------
    values : (n,) float64
        Loss: nats, summed over an item's answer. Accuracy: 1 where right, else 0.
    weights : (n,) float64
        Loss: tokens of the answer. Accuracy: 1.
    """

    values: FloatArray
    weights: FloatArray

    @property
    def mean(self) -> float:
        """Nats per token; share of right answers."""
        return float(self.values.sum() / self.weights.sum())


class Evaluation(Protocol):
    """A set that models are judged by."""

    @property
    def name(self) -> str:
        """Short, as tables show it."""
        ...

    @property
    def unit(self) -> Unit:
        """Of losses lower is better, of accuracy higher."""
        ...

    def settings(self) -> Mapping[str, Any]:
        """All that its values depend on beside the model: plain values, digests of files."""
        ...

    def __len__(self) -> int:
        """Items, n."""
        ...

    @property
    def tokens(self) -> int:
        """Tokens that a model reads for it, for estimates of time; 0 where they are not known."""
        ...

    def scored(self, model: Any) -> SetScores:
        """A causal language model (torch) on every item, in the same order each time."""
        ...
