"""What a representation gives: unit rows, and the rows of the data they belong to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.scratch_files import taken
from spanset.data.dataset import Dataset


@dataclass(frozen=True)
class Scored:
    """What a store keeps of rows beside their features.

    Attributes
    ----------
    values : mapping of str to (n,) float64
        Columns by name.
    data, kept
        The rows, those left out listed in `data.unrepresented`, and their positions in what was
        given.
    """

    values: Mapping[str, FloatArray]
    data: Dataset
    kept: IntArray


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

    def only(self, scored: Scored) -> Represented:
        """The rows of these that were scored."""
        if len(scored.kept) == len(self.X):
            return self
        lengths = None if self.lengths is None else self.lengths[scored.kept]
        return Represented(taken(self.X, scored.kept), scored.data, self.kept[scored.kept], lengths)

    def without(self, rows: IntArray, reasons: Sequence[str]) -> Represented:
        """These less rows that are to be avoided."""
        left = np.setdiff1d(np.arange(len(self.X)), rows)
        lengths = None if self.lengths is None else self.lengths[left]
        data = self.data.without(rows, reasons, "avoided")
        return Represented(taken(self.X, left), data, self.kept[left], lengths)
