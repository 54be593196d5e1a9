"""Weight gradients as features: rows through a frozen model into a store, and out as unit rows.

    survey -> plan batches -> capture and sketch -> store -> unit rows

A row's features are a function of its conversation and of the store's settings (model, template,
sketch, seed), and of nothing else: rows with the same conversation are computed once. The numbers
of two batches agree to about 1e-6 in float32; within one store they are the same bytes however
often a run was interrupted, because batches are fixed by its plan.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.config import ModelConfig
from spanset.data.dataset import Dataset
from spanset.features.batches import plan_batches
from spanset.features.cache import cache_folder
from spanset.features.capture_run import CaptureJob, capture_rows, machine
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
from spanset.features.shards import Shard
from spanset.features.sketch import PAPER_DIMENSION, PAPER_RANK, VERSION, check_sketch
from spanset.features.store import (
    COLUMNS,
    FeatureStore,
    Status,
    create_store,
    row_digests,
)
from spanset.features.store_checks import refuse_difference, refuse_place
from spanset.features.store_features import from_store
from spanset.features.store_files import cannot_write
from spanset.features.survey import Cost, Survey, first_rows, is_first, survey, with_copies
from spanset.features.targets import find_layers
from spanset.results import IntArray
from spanset.stages import SILENT, Watcher

BATCH_TOKENS = {"cpu": 2048, "cuda": 16384}  # of a pass, where --batch-tokens does not say
STORED = "float16"  # unit rows lose 3e-4 of their length to it, far below the sketch's error


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
        return from_store(self.store(data), data)

    def store(
        self, data: Dataset, path: Path | None = None, shard: Shard | None = None
    ) -> FeatureStore:
        """The finished store of these rows: made, gone on with, or found.

        Parameters
        ----------
        path : Path, optional
            Its folder; by default one in the user's cache, named by its content.
        shard : Shard, optional
            Make only a part, in a folder beside.
        """
        digests = row_digests(data)
        wanted = self._wanted(digests)
        if path is None:
            path = cache_folder() / _key(wanted)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise cannot_write(path, error) from error
        if shard is not None:
            path = shard.folder(path)
        model = None
        if os.path.lexists(path):
            store = FeatureStore(path)
            refuse_difference(store, wanted)
            self.watcher.note(f"features: {describe(store)}")
        else:
            refuse_place(path)
            seen = survey(data, digests, self.renderer, on_bad_row=self.on_bad_row)
            self.watcher.note(f"features: {self._cost(seen, path)}")
            model = self._model()  # one that cannot be used leaves no store behind
            store = self._create(seen, path, shard, wanted)
            refuse_difference(store, wanted)  # another process may have made it meanwhile
        if not store.complete:
            self._fill(store, data, model)
        return store

    def plan(self, data: Dataset) -> str:
        """What the features of these rows would take, in a line; no weights are loaded."""
        digests = row_digests(data)
        path = cache_folder() / _key(self._wanted(digests))
        if path.exists():
            return describe(FeatureStore(path))
        seen = survey(data, digests, self.renderer, on_bad_row=self.on_bad_row)
        return self._cost(seen, path)

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
            "tokenizer": tokenizer_digest(self.renderer),
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

    def _cost(self, seen: Survey, path: Path) -> str:
        """What is to be made, in a line."""
        size = len(seen.first) * self.dimension * np.dtype(STORED).itemsize
        return f"{seen.cost}; {size / 2**20:,.0f} MiB in {path}"

    def _wanted(self, digests: npt.NDArray[np.uint8]) -> dict[str, Any]:
        """What a store must be made with and of."""
        digest = hashlib.sha256(digests.tobytes()).hexdigest()
        return {"settings": self.settings(), "data": {"rows": len(digests), "digest": digest}}

    def _model(self) -> Any:
        """The model on its device, with layers that can be captured."""
        device = model_device(self.config.device)
        dtype = model_dtype(self.config.model_dtype, device)
        model = load_model(self.files, device=device, dtype=dtype)
        find_layers(model, self.config.targets)
        return model

    def _create(
        self, seen: Survey, path: Path, shard: Shard | None, wanted: dict[str, Any]
    ) -> FeatureStore:
        """Plan the batches, make room."""
        device = model_device(self.config.device)
        budget = self.config.batch_tokens or BATCH_TOKENS[device.partition(":")[0]]
        part = None if shard is None else [shard.number, shard.count]
        batches = _batches(seen.first, seen.status, seen.tokens, budget)
        place = None
        if shard is not None:
            own = [batches[number] for number in shard.own(len(batches))]
            rows = np.concatenate([np.array([], np.int64), *own])
            place = with_copies(seen.first, rows)[0]
        manifest = {
            **wanted,
            "plan": {"batch_tokens": budget},
            "cost": seen.cost.record(),
            "shard": part,
            "machines": [],
            "self_check": None,
            "splits": [],
        }
        return create_store(
            path,
            manifest,
            dimension=self.dimension,
            dtype=STORED,
            columns={
                "status": seen.status,
                "rows": seen.digests,
                "tokens": seen.tokens,
                "supervised": seen.supervised,
            },
            place=place,
        )

    def _fill(self, store: FeatureStore, data: Dataset, model: Any) -> None:
        """Make what is missing."""
        with store.writing():
            first = first_rows(np.array(store.column("rows")))
            status, tokens = np.array(store.column("status")), np.array(store.column("tokens"))
            excluded = np.where(np.isin(status, _EXCLUDED), status, Status.PENDING)
            budget = store.manifest["plan"]["batch_tokens"]
            batches = _batches(first, excluded, tokens, budget)
            shard = store.manifest["shard"]
            own = range(len(batches)) if shard is None else Shard(*shard).own(len(batches))
            lacking = np.unique(first[status == Status.PENDING])  # or a copy of theirs is
            pending = [number for number in own if np.isin(batches[number], lacking).any()]
            if pending:
                here = machine(model_device(self.config.device))
                if here not in store.manifest["machines"]:
                    store.update(machines=[*store.manifest["machines"], here])
                job = CaptureJob(
                    self.files,
                    model or self._model(),
                    self.renderer,
                    self.config,
                    data,
                    batches,
                    pending,
                    first,
                    self.watcher,
                )
                try:
                    capture_rows(job, store)
                except KeyboardInterrupt:
                    store.sync()
                    self.watcher.note(
                        f"{store.rows_done:,} rows are kept in {store.path}; the same command "
                        "goes on from there"
                    )
                    raise
        store.update(complete=True)


_EXCLUDED = (Status.NOT_SUPERVISED, Status.NOT_RENDERED)  # known before the model runs


def _batches(first: IntArray, status: Any, tokens: Any, budget: int) -> list[IntArray]:
    """Batches of the distinct rows that the model can take."""
    rows = np.flatnonzero(is_first(first) & (status == Status.PENDING))
    return plan_batches(rows, tokens[rows].astype(np.int64), budget)


def describe(store: FeatureStore) -> str:
    """What a store holds, in a line."""
    size = sum(store.column(name).nbytes for name in ("features", *COLUMNS))
    state = "complete" if store.complete else f"{store.rows_done:,} rows done"
    cost = Cost(**store.manifest["cost"])
    return f"{cost}; {size / 2**20:,.0f} MiB, {state}, in {store.path}"


def _key(wanted: dict[str, Any]) -> str:
    """Name of a store by its content; the model's own name does not count."""
    settings = dict(wanted["settings"], model=wanted["settings"]["model"]["digest"])
    text = json.dumps({**wanted, "settings": settings}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
