"""Weight gradients as features: rows through a frozen model into a store, and out as unit rows.

    survey -> plan batches -> capture and sketch -> store -> unit rows

A row's features are a function of its conversation and of the store's settings (model, template,
sketch, seed), and of nothing else: rows with the same conversation are computed once. The numbers
of two batches agree to about 1e-6 in float32; within one store they are the same bytes however
often a run was interrupted, because batches are fixed by its plan (making.py). Beside the gradients
the same pass leaves scores of the tokens, and hidden states.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from spanset.base.stages import SILENT, Watcher
from spanset.config.model_settings import ModelConfig
from spanset.data.dataset import Dataset
from spanset.features.model_features import ModelPasses
from spanset.models.language_model import LanguageModel
from spanset.models.passes.capture_run import capture_rows
from spanset.models.passes.targets import find_layers
from spanset.sketches.kinds import VERSION, check_sketch
from spanset.sketches.sparse import PAPER_DIMENSION, PAPER_RANK
from spanset.stores.columns import COUNTED, NORM, SCORES, Entry, hidden_columns
from spanset.stores.keeping import from_cache
from spanset.stores.maker import Job, Sink
from spanset.stores.represented import Represented
from spanset.stores.store import FeatureStore
from spanset.stores.survey import Survey


@dataclass(frozen=True)
class GradientFeatures(ModelPasses):
    """Gradient features of one model: a representation (see the package).

    Attributes
    ----------
    model : LanguageModel
        How rows go through it.
    seed : int
        Of the sketch.
    """

    seed: int
    goes_back: ClassVar[bool] = True

    @classmethod
    def load(
        cls,
        name: str,
        config: ModelConfig,
        *,
        seed: int = 0,
        on_bad_row: str = "stop",
        watcher: Watcher = SILENT,
    ) -> GradientFeatures:
        """Find the model and its tokenizer; weights are loaded when they are needed."""
        check_sketch(config.sketch, config.rank, config.dimension)
        return cls(LanguageModel.load(name, config, on_bad_row=on_bad_row, watcher=watcher), seed)

    def transform(self, data: Dataset) -> Represented:
        """Unit rows of the data set's rows; from the cache what is there."""
        return from_cache(self, data, on_bad_row=self.model.on_bad_row)

    def settings(self) -> dict[str, Any]:
        """All that the features depend on."""
        config = self.model.config
        paper = config.sketch == "paper"
        sizes: dict[str, Any] = {
            "rank": PAPER_RANK if paper else config.rank,
            "dimension": PAPER_DIMENSION if paper else config.dimension,
        }
        return {
            "kind": "gradient",
            **self.model.settings(),
            "targets": config.targets,
            "sketch": {
                "kind": config.sketch,
                "version": VERSION,
                "seed": self.seed,
                **({} if config.sketch == "none" else sizes),
            },
        }

    @property
    def dimension(self) -> int:
        """Columns of the features."""
        config = self.model.config
        if config.sketch == "paper":
            return PAPER_DIMENSION
        if config.sketch == "none":
            layers = find_layers(self.model.skeleton, config.targets)
            return sum(layer.inputs * layer.outputs for layer in layers)
        return config.dimension

    @property
    def columns(self) -> dict[str, Entry]:
        """Numbers of tokens, lengths of gradients, scores; hidden states unless declined."""
        config = self.model.config
        hidden = hidden_columns(self.model.width, config.pooling) if config.hidden else {}
        return COUNTED | NORM | SCORES | hidden

    def view(self, store: FeatureStore) -> None:
        """Nothing else holds them."""

    def survey(self, data: Dataset) -> Survey:
        """Render every distinct row once."""
        return self.model.survey(data)

    def seconds(self, data: Dataset, seen: Survey) -> float:  # noqa: ARG002
        """From the model's size; no weights are loaded."""
        return self.model.seconds(seen, backward=True)

    def prepare(self) -> None:
        """The model on its device, with layers that can be captured."""
        find_layers(self.model.loaded, self.model.config.targets)

    def fill(self, job: Job, sink: Sink) -> None:
        """Make the batches."""
        capture_rows(self.model, job, sink)
