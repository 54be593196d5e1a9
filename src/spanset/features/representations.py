"""Kinds of features by their names: what makes each, and what they give."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from spanset.base.errors import UsageError
from spanset.base.stages import SILENT, Watcher
from spanset.config.cluster_settings import ClusterConfig
from spanset.config.model_settings import ModelConfig
from spanset.data.dataset import Dataset
from spanset.features.on_cluster import made_on
from spanset.features.specs import KINDS, Spec, refuse_idle_model
from spanset.models.placing import check_model
from spanset.sketches.kinds import check_sketch
from spanset.stores.keeping import from_cache
from spanset.stores.represented import Represented

if TYPE_CHECKING:
    from spanset.features.lexical import LexicalFeatures


class Representation(Protocol):
    """Fitted features."""

    def transform(self, data: Dataset) -> Represented:
        """Unit rows of the rows that can be represented."""
        ...

    def settings(self) -> dict[str, Any]:
        """All that the features depend on beside the rows, for a manifest."""
        ...


def fit_transform(
    spec: Spec,
    data: Dataset,
    *,
    seed: int = 0,
    model: ModelConfig | None = None,
    on_bad_row: str = "stop",
    only: Dataset | None = None,
    cluster: ClusterConfig | None = None,
    watcher: Watcher = SILENT,
) -> tuple[Represented, Representation]:
    """Features of `data`, and the representation that made them.

    Parameters
    ----------
    seed : int
        Of the random projection.
    model : ModelConfig, optional
        How a model is run, where one is.
    on_bad_row : {"stop", "skip"}
        At a row that a model's chat template refuses.
    only : Dataset, optional
        Rows of `data` to represent, if not all of them.
    cluster : ClusterConfig, optional
        Where what is not kept yet is made.
    """
    fitted: Any
    if spec.kind == "lexical":
        fitted = lexical_maker(data, seed=seed, watcher=watcher)
    else:
        fitted = loaded(spec, model, seed=seed, on_bad_row=on_bad_row, watcher=watcher)
    rows = data if only is None else only
    if cluster is None or cluster.ray is None or not KINDS[spec.kind].is_made:
        return fitted.transform(rows), fitted
    with made_on(cluster, fitted, model or ModelConfig()) as making:
        return from_cache(making, rows, on_bad_row=on_bad_row), fitted


def loaded(
    spec: Spec,
    model: ModelConfig | None = None,
    *,
    seed: int = 0,
    on_bad_row: str = "stop",
    watcher: Watcher = SILENT,
) -> Any:
    """Features of a kind that is not fitted to data; weights are loaded when they are needed.

    Those that are made are a `Maker` as well as a `Representation`.
    """
    module, _, name = KINDS[spec.kind].home.partition(":")
    kind = getattr(import_module(f"spanset.features.{module}"), name)
    config = model or ModelConfig()
    return kind.load(spec.argument, config, seed=seed, on_bad_row=on_bad_row, watcher=watcher)


def lexical_maker(
    data: Dataset, store: Path | None = None, *, seed: int = 0, watcher: Watcher = SILENT
) -> LexicalFeatures:
    """Lexical features fitted to `data`; to what a store was fitted to, where there is one."""
    from spanset.features.lexical import LexicalFeatures, lexical_features
    from spanset.stores.store import FeatureStore

    if store is not None and store.exists():
        there = FeatureStore(store)
        if there.manifest["settings"]["kind"] == "lexical":
            return replace(LexicalFeatures.of_store(there, watcher), seed=seed)
    return lexical_features(data, seed=seed, watcher=watcher)


def check_representation(spec: Spec, model: ModelConfig, *, scores: bool = False) -> None:
    """Refuse settings that features cannot be made with, before any work.

    Parameters
    ----------
    scores : bool
        Whether rows are scored by the model, beside or instead.
    """
    if spec.kind == "gradient":
        check_sketch(model.sketch, model.rank, model.dimension)
    check_model(model)
    refuse_idle_model(spec, model.model, scores=scores)


def require_making(spec: Spec) -> None:
    """Refuse features that are not made: those that the user brings."""
    if not KINDS[spec.kind].is_made:
        raise UsageError(
            f"{spec} are made already",
            where="--features",
            fix=f"use {', '.join(kind.form for kind in KINDS.values() if kind.is_made)}",
        )


def dimension(spec: Spec) -> int:
    """Columns of features that the user brings."""
    if spec.kind == "store":
        from spanset.features.stored import StoreFeatures

        return StoreFeatures(spec.argument).dimension
    from spanset.features.array import load_array

    return load_array(spec.argument).shape[1]
