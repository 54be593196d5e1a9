"""The loss of answers that a model was not tuned on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spanset.models.passes.forward import ForwardPass
from spanset.models.passes.padded import Batch
from spanset.models.rendering.renderer import Rendered
from spanset.stores.batches import plan_batches
from spanset.trials.evaluation import SetScores, Unit
from spanset.trials.untouched import untouched


@dataclass(frozen=True, eq=False)
class HeldOutRows:
    """Rows by the loss of their answers; an `Evaluation`.

    Attributes
    ----------
    name : str
        Short.
    rows : sequence of Rendered
        Each with a supervised token, n.
    depends_on : dict
        What the rows were read from and rendered by, plain values.
    at_once : int
        Tokens of a pass, padding included.
    """

    name: str
    rows: Sequence[Rendered]
    depends_on: dict[str, Any]
    at_once: int

    @property
    def unit(self) -> Unit:
        """Nats per token."""
        return "loss"

    def settings(self) -> dict[str, Any]:
        """All that losses depend on beside the model."""
        return {"kind": "held out", "name": self.name, "rows": len(self.rows), **self.depends_on}

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def tokens(self) -> int:
        """Tokens that a model reads."""
        return sum(len(row.ids) for row in self.rows)

    def scored(self, model: Any) -> SetScores:
        """Losses, summed over the supervised tokens of each row."""
        losses = np.zeros(len(self.rows))
        with untouched(model), ForwardPass(model) as once:
            lengths = np.array([len(row.ids) for row in self.rows])
            for places in plan_batches(np.arange(len(lengths)), lengths, self.at_once):
                some = [self.rows[place] for place in places.tolist()]
                batch = Batch.pad([row.ids for row in some], [row.supervised for row in some])
                losses[places] = once(batch).scores.loss
        return SetScores(losses, np.array([row.supervised.sum() for row in self.rows], np.float64))
