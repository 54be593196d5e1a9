"""Hidden states as features: the mean over a row's tokens of the last layer, after the final norm.

Wang et al. (2024) call them "Llama Emb". A forward pass makes them; the pass that gradients are
taken in leaves them, too, and where the cache holds such a store nothing is computed again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray
from spanset.base.stages import SILENT, Watcher
from spanset.config.model_settings import ModelConfig
from spanset.data.dataset import Dataset
from spanset.features.model_features import ModelPasses
from spanset.models.language_model import LanguageModel
from spanset.models.libraries import quiet
from spanset.models.passes.forward import ForwardPass
from spanset.models.passes.model_run import ModelRun, Passed, means
from spanset.stores.columns import COUNTED, NORM, SCORES, Entry
from spanset.stores.keeping import from_cache
from spanset.stores.maker import Job
from spanset.stores.making import put_rows
from spanset.stores.represented import Represented
from spanset.stores.store import FeatureStore
from spanset.stores.survey import Survey


@dataclass(frozen=True)
class HiddenFeatures(ModelPasses):
    """Hidden states of one model, and the scores that their pass leaves.

    Attributes
    ----------
    model : LanguageModel
        How rows go through it; of a pair the chosen side is read where the difference is meant.
    scores_only : bool
        Whether stores that hold the scores but no hidden states will do.
    """

    scores_only: bool = False

    @classmethod
    def load(
        cls,
        name: str,
        config: ModelConfig,
        *,
        seed: int = 0,  # noqa: ARG003 (as every kind)
        on_bad_row: str = "stop",
        watcher: Watcher = SILENT,
    ) -> HiddenFeatures:
        """Find the model and its tokenizer; weights are loaded when they are needed."""
        return cls(LanguageModel.load(name, config, on_bad_row=on_bad_row, watcher=watcher))

    def transform(self, data: Dataset) -> Represented:
        """Unit rows of the data set's rows; from the cache what is there."""
        return from_cache(self, data, on_bad_row=self.model.on_bad_row)

    def settings(self) -> dict[str, Any]:
        """All that the features depend on."""
        return {"kind": "hidden", **self.model.one_sided().settings()}

    @property
    def dimension(self) -> int:
        """Columns of the features."""
        return self.model.width

    @property
    def columns(self) -> dict[str, Entry]:
        """Numbers of tokens, lengths, scores."""
        return COUNTED | NORM | SCORES

    def view(self, store: FeatureStore) -> FeatureStore | None:
        """Hidden states beside gradients, of the same model and settings."""
        return hidden_view(store, self.settings(), scores_only=self.scores_only)

    def survey(self, data: Dataset) -> Survey:
        """Render every distinct row once."""
        return self.model.one_sided().survey(data)

    def seconds(self, data: Dataset, seen: Survey) -> float:  # noqa: ARG002
        """From the model's size; no weights are loaded."""
        return self.model.seconds(seen, backward=False)

    def prepare(self) -> None:
        """The model on its device."""
        self.model.loaded  # noqa: B018 (loaded once, kept)

    def fill(self, job: Job, store: FeatureStore) -> None:
        """Make the pending batches."""
        supervised = store.column("supervised")

        def put(rows: IntArray, status: npt.NDArray[np.uint8], passed: Passed) -> None:
            assert passed.hidden is not None  # noqa: S101 (asked for below)
            scores = means(passed.scores, supervised[rows])
            put_rows(store, job.copies, rows, passed.hidden, status, **scores)

        with quiet(), ForwardPass(self.model.loaded, hidden=True) as once:
            ModelRun(self.model.one_sided(), job).fill(store, once, put)


def hidden_view(
    store: FeatureStore, settings: dict[str, Any] | None = None, *, scores_only: bool = False
) -> FeatureStore | None:
    """A store of gradients as one of the hidden states beside them; None where it is not.

    Parameters
    ----------
    settings : dict, optional
        What hidden states of it must be made with. Rows without a gradient then count as not looked
        at: what keeps them from having one may not matter to a pass that takes none.
    scores_only : bool
        Whether hidden states need not be there.
    """
    made_with = dict(store.manifest["settings"])
    if made_with["kind"] != "gradient" or not ("hidden" in store.columns or scores_only):
        return None
    del made_with["targets"], made_with["sketch"]
    made_with["kind"] = "hidden"
    if made_with["pair"] == "difference":
        made_with["pair"] = "chosen"
    if settings is not None and not _same(made_with, settings):
        return None
    view = FeatureStore(
        store.path, vectors="hidden", lengths="hidden_norm", is_last_word=settings is None
    )
    view.manifest = {**view.manifest, "settings": made_with}
    return view


def is_hidden(store: FeatureStore, settings: dict[str, Any]) -> bool:
    """Whether a store is one of hidden states made with these settings."""
    made_with = store.manifest["settings"]
    return made_with["kind"] == "hidden" and _same(made_with, settings)


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether settings are the same but for the model's name."""
    return {**one, "model": one["model"]["digest"]} == {
        **other,
        "model": other["model"]["digest"],
    }
