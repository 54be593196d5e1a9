"""Representations: from rows to unit feature vectors.

A representation is fitted once on the inputs and is then a function of a row and that state alone,
so that rows of another file (`--given`) are represented alike.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from spanset.config import ModelConfig
from spanset.data.dataset import Dataset
from spanset.errors import UsageError
from spanset.features.represented import Represented
from spanset.features.rows import unit_rows
from spanset.stages import SILENT, Watcher

__all__ = [
    "Representation",
    "Represented",
    "Spec",
    "dimension",
    "fit_transform",
    "parse_features",
    "unit_rows",
]

KINDS = ("lexical", "gradient:MODEL", "store:FOLDER", "array:FILE.npy")


class Representation(Protocol):
    """Fitted features."""

    def transform(self, data: Dataset) -> Represented:
        """Unit rows of the rows that can be represented."""
        ...

    def settings(self) -> dict[str, Any]:
        """All that the features depend on beside the rows, for a manifest."""
        ...


class Spec(NamedTuple):
    """A representation's name taken apart: its kind, and the model or file that it names."""

    kind: str
    argument: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.argument}" if self.argument else self.kind

    @property
    def path(self) -> str | None:
        """File or folder that is read, where the kind reads one."""
        return self.argument if self.kind in ("array", "store") else None


def parse_features(features: str | None, model: str | None = None) -> Spec:
    """Representation by the flags ``--features`` and ``--model``.

    ``--model M`` alone is ``gradient:M``; neither is ``lexical``.

    Raises
    ------
    UsageError
        A name that is no representation, or two models.
    """
    if features is None:
        return Spec("lexical") if model is None else Spec("gradient", model)
    kind, _, argument = features.partition(":")
    if kind == "gradient" and not argument and model:
        argument = model
    if features != "lexical" and not (kind in ("gradient", "store", "array") and argument):
        raise UsageError(
            f"no features {features!r}", where="--features", fix=f"use {', '.join(KINDS)}"
        )
    spec = Spec(kind, argument)
    if model is not None and spec != Spec("gradient", model):
        raise UsageError(
            f"--model {model} and --features {features} do not go together",
            where="--model",
            fix="drop one of them: --model M alone means --features gradient:M",
        )
    return spec


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
    if spec.kind == "lexical":
        from spanset.features.lexical import fit_transform_lexical

        return fit_transform_lexical(data, seed=seed)
    fitted: Representation
    if spec.kind == "gradient":
        from spanset.features.gradient import GradientFeatures

        fitted = GradientFeatures.load(
            spec.argument, model or ModelConfig(), seed=seed, on_bad_row=on_bad_row, watcher=watcher
        )
    elif spec.kind == "store":
        from spanset.features.store_features import StoreFeatures

        fitted = StoreFeatures(spec.argument)
    else:
        from spanset.features.array import ArrayFeatures

        fitted = ArrayFeatures(spec.argument)
    return fitted.transform(data), fitted


def dimension(spec: Spec) -> int:
    """Columns that features which need no model will have, without computing them."""
    if spec.kind == "lexical":
        from spanset.features.lexical import DIMENSION

        return DIMENSION
    if spec.kind == "store":
        from spanset.features.store_features import StoreFeatures

        return StoreFeatures(spec.argument).dimension
    from spanset.features.array import load_array

    return load_array(spec.argument).shape[1]
