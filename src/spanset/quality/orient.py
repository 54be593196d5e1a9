"""From a raw score to log quality, higher is better: direction and transform."""

from __future__ import annotations

import numpy as np

from spanset.errors import DataError, UsageError
from spanset.results import FloatArray

TRANSFORMS = ("log", "identity", "rank", "quantile")
LOWEST_QUANTILE = 0.01  # below it a row would count as infinitely bad


def log_quality(values: FloatArray, *, up: bool, transform: str, name: str) -> FloatArray:
    """Log quality of each row; (N,) float64.

    Parameters
    ----------
    values : (N,) float64
        Raw scores, finite.
    up : bool
        Whether a higher score is better.
    transform : str
        ``log``: the score is q (1 / score where lower is better); ``identity``: the score is log q
        already; ``rank``: q = (rank + 1) / N, equals sharing the mean rank; ``quantile``: q = share
        of rows at or below, clipped to [0.01, 1].
    name : str
        Of the quality, for messages.

    Raises
    ------
    DataError
        A score that is not positive under ``log``, or the same score for every row.
    """
    if transform not in TRANSFORMS:
        raise UsageError(
            f"no transform {transform!r}", where="--transform", fix=f"use {', '.join(TRANSFORMS)}"
        )
    if len(values) > 1 and (values == values[0]).all():
        raise DataError(
            f"every row has the same {name}: {values[0]:g}",
            where="--quality",
            why="a constant quality cannot prefer any row",
            fix="choose another quality, or leave it out",
        )
    direction = 1.0 if up else -1.0
    if transform == "identity":
        return direction * values
    if transform == "log":
        if values.min() <= 0.0:
            row = int(np.argmin(values))
            raise DataError(
                f"{name} of row {row} is {values[row]:g}; a logarithm needs positive values",
                where="--quality",
                why=f"{int((values <= 0.0).sum()):,} of {len(values):,} rows are at or below zero",
                fix="use --transform rank (or quantile), or identity if the score is a logarithm",
            )
        return direction * np.log(values)
    if transform == "rank":
        return np.log((_mean_rank(direction * values) + 1.0) / len(values))
    return np.log(np.clip(_share_at_or_below(direction * values), LOWEST_QUANTILE, 1.0))


def _mean_rank(values: FloatArray) -> FloatArray:
    """Rank from 0, equal values sharing their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    first = np.cumsum(counts) - counts
    return (first + (counts - 1) / 2.0)[inverse]


def _share_at_or_below(values: FloatArray) -> FloatArray:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) / len(values))[inverse]
