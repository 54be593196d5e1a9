"""Gains of the picks beside those of random rows, in the order in which they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.unit_rows import kernel_rows, of_rows
from spanset.greedy.replay import replay
from spanset.greedy.rules import is_exact_enough
from spanset.greedy.selection import Selection
from spanset.kernels.kernel import Kernel

# Rows up to which random subsets are compared: the replay takes k^2 numbers and k^3 / 3 steps.
COMPARED_ROWS = 20_000

# Random subsets of so many rows differ by less than 0.1 % in their log determinants: one is enough.
ALIKE_ROWS = 4_000

Features = npt.NDArray[np.floating[Any]]


def draws_for(count: int, asked: int | None) -> int:
    """Random subsets that `count` rows are compared with; by default fewer of many rows."""
    if asked is not None:
        return asked
    return 3 if count <= ALIKE_ROWS else 1


@dataclass(frozen=True)
class ComparedGains:
    """Residual variances of rows given those before them.

    Attributes
    ----------
    picked : (k,) float64
        Of the picks; NaN where the method computes none and there are too many to replay.
    drawn : list of (k,) int64
        Random rows, a draw each.
    random : list of (k,) float64
        Their gains; none where there are too many to replay.
    """

    picked: FloatArray
    drawn: list[IntArray]
    random: list[FloatArray]

    @classmethod
    def of(
        cls,
        X: Features,
        picks: Selection,
        count: int,
        kernel: Kernel,
        *,
        given: Features | None = None,
        draws: int | None = None,
        seed: int = 0,
        lengths: FloatArray | None = None,
    ) -> ComparedGains:
        """Of the first `count` picks, and of as many random rows.

        Parameters
        ----------
        X : (N, d)
            Unit rows.
        given : (g, d), optional
            Rows that gains are conditional on, as the kernel sees them.
        draws : int, optional
            Random subsets; see `draws_for`.
        lengths : (N,) float64, optional
            Lengths of the rows, where these count.

        Notes
        -----
        Gains of random rows are computed in float32, where the kernel can be: against float64 their
        log determinants differ by less than 1e-5 of their value.
        """

        def replayed(rows: IntArray) -> FloatArray:
            points = kernel_rows(X[rows], of_rows(lengths, rows), np.float32)
            if not is_exact_enough(kernel, points):
                points = kernel_rows(X[rows], of_rows(lengths, rows), np.float64)
            return _replayed(points, given, kernel)

        picked = picks.gains
        compared = count + (0 if given is None else len(given)) <= COMPARED_ROWS
        if np.isnan(picked).any() and compared:
            picked = replayed(picks.order[:count])
        drawn = [
            np.random.default_rng([seed, draw]).permutation(len(X))[:count]
            for draw in range(draws_for(count, draws))
        ]
        return cls(picked, drawn, [replayed(rows) for rows in drawn if compared])


def _replayed(rows: Features, given: Features | None, kernel: Kernel) -> FloatArray:
    """Gains of rows in this order, after the given ones."""
    if given is None:
        return replay(rows, kernel)
    return replay(np.concatenate([given.astype(rows.dtype), rows]), kernel)[len(given) :]
