"""Weight gradients as features: rows through a frozen model into a store, and out as unit rows.

    survey -> plan batches -> capture and sketch -> store -> unit rows

A row's features are a function of its conversation and of the store's settings (model, template,
sketch, seed), and of nothing else: rows with the same conversation are computed once. The numbers
of two batches agree to about 1e-6 in float32; within one store they are the same bytes however
often a run was interrupted, because batches are fixed by its plan (making.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy.typing as npt

from spanset.config import ModelConfig
from spanset.data.dataset import Dataset
from spanset.features.capture_run import CaptureRun, capture_rows
from spanset.features.keeping import from_cache
from spanset.features.making import Job, machine
from spanset.features.models import (
    ModelFiles,
    find_model,
    load_model,
    load_renderer,
    model_device,
    model_dtype,
    skeleton,
    tokenizer_digest,
)
from spanset.features.rendering import Renderer
from spanset.features.represented import Represented
from spanset.features.sketches import PAPER_DIMENSION, PAPER_RANK, VERSION, check_sketch
from spanset.features.store import FeatureStore
from spanset.features.survey import Survey, survey
from spanset.features.targets import find_layers
from spanset.speed import products_per_second
from spanset.stages import SILENT, Watcher

EFFICIENCY = 0.4  # of a pass beside a large product: attention, norms, the sketch
BATCH_TOKENS = {"cpu": 2048, "cuda": 16384}  # of a pass, where --batch-tokens does not say


@dataclass(frozen=True)
class GradientFeatures:
    """Gradient features of one model: a representation (see the package).

    Attributes
    ----------
    files, renderer
        The model, and how rows are rendered for it.
    config : ModelConfig
        Settings.
    seed : int
        Of the sketch.
    on_bad_row : {"stop", "skip"}
        At a row that the chat template refuses.
    """

    files: ModelFiles
    renderer: Renderer
    config: ModelConfig
    seed: int
    on_bad_row: str = "stop"
    watcher: Watcher = field(default=SILENT, repr=False)

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
        files = find_model(name, config.revision)
        renderer = load_renderer(
            files,
            supervise=config.supervise,
            max_length=config.max_length,
            chat_template=config.chat_template,
        )
        return cls(files, renderer, config, seed, on_bad_row, watcher)

    def transform(self, data: Dataset) -> Represented:
        """Unit rows of the data set's rows; from the cache what is there."""
        return from_cache(self, data, on_bad_row=self.on_bad_row)

    def settings(self) -> dict[str, Any]:
        """All that the features depend on."""
        config, device = self.config, model_device(self.config.device)
        paper = config.sketch == "paper"
        sizes: dict[str, Any] = {
            "rank": PAPER_RANK if paper else config.rank,
            "dimension": PAPER_DIMENSION if paper else config.dimension,
        }
        return {
            "kind": "gradient",
            "model": {
                "name": self.files.name,
                "revision": self.files.revision,
                "digest": self.files.digest,
            },
            "model_dtype": model_dtype(config.model_dtype, device),
            "tokenizer": self._tokenizer,
            "supervise": config.supervise,
            "max_length": self.renderer.max_length,
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
        if self.config.sketch == "paper":
            return PAPER_DIMENSION
        if self.config.sketch == "fold":
            return self.config.dimension
        layers = find_layers(skeleton(self.files), self.config.targets)
        return sum(layer.inputs * layer.outputs for layer in layers)

    @property
    def columns(self) -> tuple[str, ...]:
        """Numbers of tokens, lengths of gradients, losses."""
        return ("tokens", "supervised", "norm", "loss")

    @property
    def batch(self) -> tuple[str, int]:
        """Tokens of a pass."""
        device = model_device(self.config.device)
        return "tokens", self.config.batch_tokens or BATCH_TOKENS[device.partition(":")[0]]

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """None: the model is all."""
        return {}

    def survey(self, data: Dataset) -> Survey:
        """Render every distinct row once."""
        return survey(data, self.renderer, on_bad_row=self.on_bad_row)

    def seconds(self, data: Dataset, seen: Survey) -> float:  # noqa: ARG002
        """From the model's size and the speed of matrix products; no weights are loaded.

        A weight takes two operations a token forward and two backward, where no gradient of weights
        is formed; the output layer, those of supervised tokens only.
        """
        device = model_device(self.config.device)
        dtype = model_dtype(self.config.model_dtype, device)
        model = skeleton(self.files)
        embedding = model.get_input_embeddings().weight
        weights = sum(one.numel() for one in model.parameters()) - embedding.numel()
        head = model.get_output_embeddings().weight
        body = weights - (0 if head is embedding else head.numel())
        cost = seen.cost
        products = 4 * (body * (cost.tokens or 0) + head.numel() * (cost.supervised or 0))
        return products / (EFFICIENCY * products_per_second(dtype, device))

    def prepare(self) -> None:
        """The model on its device, with layers that can be captured."""
        self._model  # noqa: B018 (loaded once, kept)

    @cached_property
    def _tokenizer(self) -> str:
        """Digest of the tokenizer: taken once, a large one is written out for it."""
        return tokenizer_digest(self.renderer)

    @cached_property
    def _model(self) -> Any:
        device = model_device(self.config.device)
        dtype = model_dtype(self.config.model_dtype, device)
        model = load_model(self.files, device=device, dtype=dtype)
        find_layers(model, self.config.targets)
        return model

    def machine(self) -> dict[str, Any]:
        """Device and software."""
        return machine(model_device(self.config.device))

    def fill(self, job: Job, store: FeatureStore) -> None:
        """Make the pending batches."""
        capture_rows(
            CaptureRun(self.files, self._model, self.renderer, self.config, job, self.watcher),
            store,
        )
