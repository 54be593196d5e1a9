"""Hidden states as features: of the last layer, after the final norm, one state a row.

The mean over a row's tokens is "Llama Emb" of Wang et al. (2024). A forward pass makes them; the
pass that gradients are taken in leaves them, too, and where the cache holds such a store nothing is
computed again. The scores that these passes leave are the same whatever becomes of the states.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray
from spanset.base.stages import SILENT, Watcher
from spanset.config.model_settings import ModelConfig, Pooling
from spanset.data.dataset import Dataset
from spanset.features.model_features import ModelPasses
from spanset.models.language_model import LanguageModel
from spanset.models.libraries import quiet
from spanset.models.passes.forward import ForwardPass
from spanset.models.passes.model_run import ModelRun, means
from spanset.models.passes.passed import Passed
from spanset.stores.columns import COUNTED, NORM, SCORES, Entry, hidden_names, pooling_beside
from spanset.stores.keeping import from_cache
from spanset.stores.maker import Job, Sink
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
        Whether stores that hold the scores but no such hidden states will do.
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
        settings = self.model.one_sided().settings()
        return {"kind": "hidden", **settings, **_named(self.model.config.pooling)}

    @property
    def dimension(self) -> int:
        """Columns of the features."""
        return self.model.width

    @property
    def columns(self) -> dict[str, Entry]:
        """Numbers of tokens, lengths, scores."""
        return COUNTED | NORM | SCORES

    def view(self, store: FeatureStore) -> FeatureStore | None:
        """Hidden states beside gradients, of the same model and settings; or scores."""
        view = scores_view if self.scores_only else hidden_view
        return view(store, self.settings())

    def survey(self, data: Dataset) -> Survey:
        """Render every distinct row once."""
        return self.model.one_sided().survey(data)

    def seconds(self, data: Dataset, seen: Survey) -> float:  # noqa: ARG002
        """From the model's size; no weights are loaded."""
        return self.model.seconds(seen, backward=False)

    def prepare(self) -> None:
        """The model on its device."""
        self.model.loaded  # noqa: B018 (loaded once, kept)

    def fill(self, job: Job, sink: Sink) -> None:
        """Make the batches."""
        supervised = sink.column("supervised")

        def put(rows: IntArray, status: npt.NDArray[np.uint8], passed: Passed) -> None:
            assert passed.hidden is not None  # noqa: S101 (asked for below)
            scores = means(passed.scores, supervised[rows])
            put_rows(sink, rows, passed.hidden, status, **scores)

        with quiet(), ForwardPass(self.model.loaded, pooling=self.model.config.pooling) as once:
            ModelRun(self.model.one_sided(), job).fill(sink, once, put)


def hidden_view(store: FeatureStore, settings: dict[str, Any] | None = None) -> FeatureStore | None:
    """A store of gradients as one of the hidden states beside them; None where it is not.

    Parameters
    ----------
    settings : dict, optional
        What hidden states of it must be made with. Rows without a gradient then count as not looked
        at: what keeps them from having one may not matter to a pass that takes none.
    """
    settings_there, pooling = store.manifest["settings"], pooling_beside(store.columns)
    if settings_there["kind"] != "gradient" or pooling is None:
        return None
    made_with = {"kind": "hidden", **_of_the_pass(settings_there), **_named(pooling)}
    if settings is not None and not _same(made_with, settings):
        return None
    vectors, lengths = hidden_names(pooling)
    view = FeatureStore(store.path, vectors, lengths, is_last_word=settings is None)
    view.manifest = {**view.manifest, "settings": made_with}
    return view


def scores_view(store: FeatureStore, settings: dict[str, Any]) -> FeatureStore | None:
    """A store as one of scores alone; None where they are not those of these hidden states.

    Rows that it has no features of count as not looked at, as in `hidden_view`.
    """
    if not has_scores(store, settings):
        return None
    return FeatureStore(store.path, vectors="", lengths="", is_last_word=False)


def has_scores(store: FeatureStore, settings: dict[str, Any]) -> bool:
    """Whether a store has the scores that a pass for hidden states of these settings leaves."""
    made_with = store.manifest["settings"]
    is_of_a_pass = made_with["kind"] in ("gradient", "hidden")
    return is_of_a_pass and _same(_of_the_pass(made_with), _of_the_pass(settings))


def _of_the_pass(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings without what becomes of gradients and of states: scores do not depend on these."""
    others = ("kind", "targets", "sketch", "pooling")
    of_pass = {name: one for name, one in settings.items() if name not in others}
    return {**of_pass, "pair": "chosen"} if of_pass["pair"] == "difference" else of_pass


def _named(pooling: Pooling) -> dict[str, Any]:
    """As part of settings; of means none, as in stores from before there was a choice."""
    return {} if pooling == "mean" else {"pooling": pooling}


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether settings are the same but for the model's name."""
    return {**one, "model": one["model"]["digest"]} == {
        **other,
        "model": other["model"]["digest"],
    }
