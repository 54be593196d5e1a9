"""What a representation gives: unit rows, and the rows of the data they belong to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.data.dataset import Dataset
from spanset.results import FloatArray, IntArray


@dataclass(frozen=True)
class Represented:
    """Features of the rows that could be represented.

    Attributes
    ----------
    X : (n, d) float32
        Unit rows.
    data : Dataset
        Their rows; those left out are listed in `data.unrepresented`.
    kept : (n,) int64
        Their positions in the data that was given.
    lengths : (n,) float64 or None
        Lengths of the rows before they were scaled; None where all are one.
    """

    X: npt.NDArray[np.floating[Any]]
    data: Dataset
    kept: IntArray
    lengths: FloatArray | None = None

    @classmethod
    def whole(
        cls, X: npt.NDArray[np.floating[Any]], data: Dataset, lengths: FloatArray | None = None
    ) -> Represented:
        """Features of every row."""
        return cls(X, data, np.arange(len(data)), lengths)
