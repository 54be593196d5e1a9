"""Kinds of features by their names: what makes each, and what they give."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from spanset.base.errors import UsageError
from spanset.base.stages import SILENT, Watcher
from spanset.config.model_settings import ModelConfig
from spanset.data.dataset import Dataset
from spanset.features.specs import MADE, Spec, refuse_idle_model
from spanset.models.placing import check_model
from spanset.sketches.kinds import check_sketch
from spanset.stores.represented import Represented

if TYPE_CHECKING:
    from spanset.features.gradient import GradientFeatures
    from spanset.features.hidden import HiddenFeatures
    from spanset.features.lexical import LexicalFeatures
    from spanset.features.sentence import SentenceFeatures


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
    """
    fitted: Representation
    if spec.kind == "lexical":
        fitted = lexical_maker(data, seed=seed, watcher=watcher)
    elif spec.kind == "sentence" or spec.takes_model:
        fitted = maker_of(
            spec, model or ModelConfig(), seed=seed, on_bad_row=on_bad_row, watcher=watcher
        )
    elif spec.kind == "store":
        from spanset.features.stored import StoreFeatures

        fitted = StoreFeatures(spec.argument, watcher)
    else:
        from spanset.features.array import ArrayFeatures

        fitted = ArrayFeatures(spec.argument)
    return fitted.transform(data), fitted


def maker_of(
    spec: Spec,
    model: ModelConfig,
    *,
    seed: int = 0,
    on_bad_row: str = "stop",
    watcher: Watcher = SILENT,
) -> SentenceFeatures | HiddenFeatures | GradientFeatures:
    """Features of a model, which is looked at; its weights are loaded when they are needed."""
    if spec.kind == "sentence":
        from spanset.features.sentence import SentenceFeatures

        return SentenceFeatures.load(spec.argument, model, watcher=watcher)
    if spec.kind == "hidden":
        from spanset.features.hidden import HiddenFeatures

        return HiddenFeatures.load(spec.argument, model, on_bad_row=on_bad_row, watcher=watcher)
    from spanset.features.gradient import GradientFeatures

    return GradientFeatures.load(
        spec.argument, model, seed=seed, on_bad_row=on_bad_row, watcher=watcher
    )


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
    if spec.path is not None:
        raise UsageError(
            f"{spec} are made already", where="--features", fix=f"use {', '.join(MADE)}"
        )


def dimension(spec: Spec) -> int:
    """Columns of features that the user brings."""
    if spec.kind == "store":
        from spanset.features.stored import StoreFeatures

        return StoreFeatures(spec.argument).dimension
    from spanset.features.array import load_array

    return load_array(spec.argument).shape[1]
