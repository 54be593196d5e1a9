"""Sequences of tokens for one pass of a model, padded on the right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray, IntArray


@dataclass(frozen=True)
class Batch:
    """Sequences of one pass.

    Attributes
    ----------
    ids : (B, T) int64
        Tokens; what the padding holds does not matter.
    supervised : (B, T) bool
        Tokens whose prediction counts; never the first.
    weights : (B, T) float64, optional
        Of the supervised tokens' losses in what is differentiated; 1 by default. Scores are taken
        of all supervised tokens alike.
    lengths : (B,) int64, optional
        Tokens before the padding; T by default.
    reads_last : bool
        Whether a model reads the last column; where not, it is only predicted, so that T - 1 tokens
        must fit the model's context. Not together with pooled states.
    """

    ids: npt.NDArray[np.int64]
    supervised: npt.NDArray[np.bool_]
    weights: FloatArray | None = None
    lengths: IntArray | None = None
    reads_last: bool = True

    @classmethod
    def pad(
        cls,
        ids: Sequence[npt.NDArray[np.int32]],
        supervised: Sequence[npt.NDArray[np.bool_]],
        weights: Sequence[FloatArray] | None = None,
    ) -> Batch:
        """Sequences of different lengths as one batch."""
        lengths = np.array([len(one) for one in ids])
        shape = (len(ids), int(lengths.max()))
        padded, marks = np.zeros(shape, np.int64), np.zeros(shape, np.bool_)
        factors = None if weights is None else np.zeros(shape)
        for row, length in enumerate(lengths):
            padded[row, :length] = ids[row]
            marks[row, :length] = supervised[row]
            if factors is not None and weights is not None:
                factors[row, :length] = weights[row]
        return cls(padded, marks, factors, lengths)

    def first_half(self) -> Batch:
        """The first half of the sequences, with the padding as it is."""
        part = slice(len(self.ids) // 2)
        return Batch(
            self.ids[part],
            self.supervised[part],
            None if self.weights is None else self.weights[part],
            None if self.lengths is None else self.lengths[part],
            self.reads_last,
        )
