"""From a raw score to log quality, higher is better: direction and transform."""

from __future__ import annotations

import numpy as np

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.errors import DataError, UsageError

TRANSFORMS = ("log", "identity", "rank", "quantile", "standard")
LOWEST_QUANTILE = 0.01  # below it a row would count as infinitely bad


def log_quality(
    values: FloatArray, *, up: bool, transform: str, name: str, rows: IntArray | None = None
) -> FloatArray:
    """Log quality of each row; (N,) float64.

    Parameters
    ----------
    values : (N,) float64
        Raw scores.
    up : bool
        Whether a higher score is better.
    transform : str
        ``log``: the score is q (1 / score where lower is better); ``identity``: the score is log q
        already; ``rank``: q = (rank + 1) / N, equals sharing the mean rank; ``quantile``: q = share
        of rows at or below, clipped to [0.01, 1]; ``standard``: log q = (score - mean) / standard
        deviation, for scores whose unit says nothing.
    name : str
        Of the quality, for messages.
    rows : (N,) int64, optional
        Numbers of the rows, likewise; by default they are counted from 0.

    Raises
    ------
    DataError
        A score that is not finite, or not positive under ``log``; the same score for every row.
    """
    if transform not in TRANSFORMS:
        raise UsageError(
            f"no transform {transform!r}", where="--transform", fix=f"use {', '.join(TRANSFORMS)}"
        )
    numbers = np.arange(len(values)) if rows is None else rows
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise DataError(
            f"{name} of row {numbers[bad[0]]} is not finite: {values[bad[0]]:g}",
            where="--quality",
            why=f"{len(bad):,} of {len(values):,} rows have no score",
            fix="remove such rows, or choose another quality; if a model gives it, try "
            "--model-dtype float32 or another model",
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
                f"{name} of row {numbers[row]} is {values[row]:g}; "
                "a logarithm needs positive values",
                where="--quality",
                why=f"{int((values <= 0.0).sum()):,} of {len(values):,} rows are at or below zero",
                fix="use --transform rank (or quantile), or identity if the score is a logarithm",
            )
        return direction * np.log(values)
    if transform == "standard":
        return direction * (values - values.mean()) / values.std()
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
