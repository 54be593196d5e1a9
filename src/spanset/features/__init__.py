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

__all__ = ["Representation", "array_path", "dimension", "fit_transform", "unit_rows"]


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
    path = array_path(spec)
    if path is None:
        from spanset.features.lexical import fit_transform_lexical

        return fit_transform_lexical(data, seed=seed)
    from spanset.features.array import ArrayFeatures

    features = ArrayFeatures(path)
    return features.transform(data), features


def dimension(spec: str) -> int:
    """Columns that features will have, without computing them."""
    path = array_path(spec)
    if path is None:
        from spanset.features.lexical import DIMENSION

        return DIMENSION
    from spanset.features.array import load_array

    return load_array(path).shape[1]


def array_path(spec: str) -> str | None:
    """File that ``array:FILE`` names, None for ``lexical``; any other name is refused."""
    kind, _, argument = spec.partition(":")
    if kind == "array" and argument:
        return argument
    if spec == "lexical":
        return None
    raise UsageError(
        f"no features {spec!r}", where="--features", fix="use lexical, or array:FILE.npy"
    )
