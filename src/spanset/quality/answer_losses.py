"""The loss of a row's answer alone: what IFD and PMI compare the loss after the prompt with.

The answer alone is the row's supervised tokens, one after the other, after the token that begins a
text (the tokenizer's beginning-of-sequence token, else its end-of-sequence token, else the row's
own first token): the very tokens whose loss after the prompt is known, predicted without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray
from spanset.data.dataset import Dataset
from spanset.features.model_features import ModelPasses
from spanset.models.libraries import quiet
from spanset.models.passes.forward import ForwardPass
from spanset.models.passes.model_run import ModelRun
from spanset.models.passes.passed import Passed
from spanset.models.rendering.renderer import Rendered
from spanset.models.rendering.sides import TokenRow
from spanset.stores.columns import COUNTED, SCORES, Entry
from spanset.stores.maker import Job, Sink
from spanset.stores.status import Status
from spanset.stores.store import FeatureStore
from spanset.stores.survey import Survey


@dataclass(frozen=True)
class AnswerLosses(ModelPasses):
    """Losses of answers alone: a store without features.

    Attributes
    ----------
    model : LanguageModel
        How rows go through it; of a pair the chosen side is read where the difference is meant.
    """

    def settings(self) -> dict[str, Any]:
        """All that they depend on."""
        return {"kind": "answer", **self.model.one_sided().settings()}

    @property
    def dimension(self) -> int:
        """No features."""
        return 0

    @property
    def columns(self) -> dict[str, Entry]:
        """Numbers of tokens, and the loss."""
        return COUNTED | {"loss": SCORES["loss"]}

    def view(self, store: FeatureStore) -> None:
        """Nothing else holds them."""

    def survey(self, data: Dataset) -> Survey:
        """As of whole rows, with the tokens that are left of them."""
        seen = self.model.one_sided().survey(data)
        seen.columns["tokens"][:] = seen.columns["supervised"] + 1
        return seen

    def seconds(self, data: Dataset, seen: Survey) -> float:  # noqa: ARG002
        """From the model's size; no weights are loaded."""
        return self.model.seconds(seen, backward=False)

    def prepare(self) -> None:
        """The model on its device."""
        self.model.loaded  # noqa: B018 (loaded once, kept)

    def fill(self, job: Job, sink: Sink) -> None:
        """Make the batches."""

        def put(rows: IntArray, status: npt.NDArray[np.uint8], passed: Passed) -> None:
            loss = passed.scores.loss
            status = np.where(np.isfinite(loss), status, np.uint8(Status.NON_FINITE))
            sink.put(rows, np.empty((len(rows), 0), np.float32), status, loss=loss)

        with quiet(), ForwardPass(self.model.loaded) as once:
            ModelRun(self.model.one_sided(), job, self._alone).fill(sink, once, put)

    def _alone(self, row: TokenRow) -> TokenRow:
        """The answer's tokens after the one that begins a text."""
        whole = row.sequences[0]
        answer = whole.ids[whole.supervised]
        start = self._start(whole)
        ids = np.concatenate([np.array([start], answer.dtype), answer])
        alone = Rendered(ids, np.arange(len(ids)) > 0, whole.truncated)
        return TokenRow((alone,), (np.ones(len(ids)),))

    def _start(self, whole: Rendered) -> int:
        tokenizer = self.model.renderer.tokenizer
        for token in (tokenizer.bos_token_id, tokenizer.eos_token_id):
            if token is not None:
                return int(token)
        return int(whole.ids[0])
