"""Representations: from rows to unit feature vectors.

A representation is fitted once on the inputs and is then a function of a row and that state alone,
so that rows of another file (`--given`) are represented alike.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from spanset.data.dataset import Dataset
from spanset.errors import UsageError
from spanset.features.rows import unit_rows

__all__ = ["Representation", "dimension", "fit_transform", "unit_rows"]


class Representation(Protocol):
    """Fitted features."""

    def transform(self, data: Dataset) -> npt.NDArray[np.float32]:
        """Unit rows (N, d)."""
        ...


def fit_transform(
    spec: str, data: Dataset, *, seed: int = 0
) -> tuple[npt.NDArray[np.float32], Representation]:
    """Features of `data` (N, d), and the representation that made them.

    `spec` is the command line's ``--features``: ``lexical`` or ``array:FILE.npy``.
    """
    kind, _, argument = spec.partition(":")
    if kind == "lexical" and not argument:
        from spanset.features.lexical import fit_transform_lexical

        return fit_transform_lexical(data, seed=seed)
    if kind == "array" and argument:
        from spanset.features.array import ArrayFeatures

        features = ArrayFeatures(argument)
        return features.transform(data), features
    raise unknown_features(spec)


def dimension(spec: str) -> int:
    """Columns that features will have, without computing them."""
    kind, _, argument = spec.partition(":")
    if kind == "array" and argument:
        from spanset.features.array import load_array

        return load_array(argument).shape[1]
    if spec == "lexical":
        from spanset.features.lexical import DIMENSION

        return DIMENSION
    raise unknown_features(spec)


def require_known_features(spec: str) -> None:
    """Refuse a name that is no representation."""
    kind, mark, argument = spec.partition(":")
    if not ((kind == "lexical" and not mark) or (kind == "array" and argument)):
        raise unknown_features(spec)


def unknown_features(spec: str) -> UsageError:
    """Error for a name that is no representation."""
    return UsageError(
        f"no features {spec!r}", where="--features", fix="use lexical, or array:FILE.npy"
    )
