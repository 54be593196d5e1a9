"""Whether a measure goes with what models score: correlation over data sets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from spanset.base.array_types import FloatArray
from spanset.diversity.estimate import Better

FEWEST = 3  # data sets: two points always lie on a line
COVERED = (2.5, 97.5)  # percentiles that a 95 % interval lies between

NAN = float("nan")


@dataclass(frozen=True)
class Correlation:
    """How a measure goes with the scores of models tuned on the data sets.

    Attributes
    ----------
    metric : str
        Name of the measure.
    pearson, spearman : float
        Correlation of the values, and of their ranks (ties share their mean rank), from -1 to 1;
        NaN where either side is constant or fewer than three data sets are left.
    pearson_interval, spearman_interval : tuple of float
        95 % interval, lower and upper end.
    n : int
        Data sets that have a value: those whose value is NaN or infinite are left out.
    better : {"higher", "lower"}
        Direction of the measure. Values are not turned: a good measure has a positive correlation
        where higher values mean more diverse, a negative one where lower values do.
    """

    metric: str
    pearson: float
    pearson_interval: tuple[float, float]
    spearman: float
    spearman_interval: tuple[float, float]
    n: int
    better: Better


def correlate(
    metric: str,
    values: npt.ArrayLike,
    scores: npt.ArrayLike,
    better: Better,
    *,
    resamples: int = 2000,
    seed: int = 0,
) -> Correlation:
    """Pearson and Spearman correlation of a measure with the score, with 95 % intervals.

    Values of a measure whose lower values mean more diverse (``better == "lower"``) are not
    turned: such a measure is good where its correlation is negative.

    Parameters
    ----------
    metric : str
        Name of the measure.
    values, scores : (n,)
        Value and score of every data set, in the same order.
    better : {"higher", "lower"}
        Direction of the measure, handed on to the result.
    resamples : int
        Draws with replacement of n data sets, value and score together, whose percentiles are the
        interval [efron1993bootstrap]. A draw in which either side is constant has no correlation
        and is left out, so the intervals of a handful of data sets are rough.
    seed : int
        Of the draws: measures of the same data sets share them.
    """
    x, y = np.asarray(values, np.float64), np.asarray(scores, np.float64)
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    n = len(x)
    if n < FEWEST:
        return Correlation(metric, NAN, (NAN, NAN), NAN, (NAN, NAN), n, better)
    x, y = _scaled(x), _scaled(y)
    # The first "draw" is the data sets themselves.
    draws = np.random.default_rng(seed).integers(n, size=(resamples + 1, n))
    draws[0] = np.arange(n)
    x, y = x[draws], y[draws]
    pearson = _correlations(x, y)
    spearman = _correlations(rankdata(x, axis=1), rankdata(y, axis=1))
    return Correlation(
        metric,
        float(pearson[0]),
        _interval(pearson),
        float(spearman[0]),
        _interval(spearman),
        n,
        better,
    )


def _scaled(x: FloatArray) -> FloatArray:
    """Values centred and scaled to 1: no square of them overflows."""
    x = x / (np.abs(x).max() or 1.0)
    x = x - x.mean()
    return x / (np.abs(x).max() or 1.0)


def _correlations(x: FloatArray, y: FloatArray) -> FloatArray:
    """Pearson correlation of every pair of rows; NaN where either is constant."""
    # Equal numbers are told by comparison: their distances to their mean need not be 0.
    constant = (np.ptp(x, axis=1) == 0) | (np.ptp(y, axis=1) == 0)
    x = x - x.mean(axis=1, keepdims=True)
    y = y - y.mean(axis=1, keepdims=True)
    norms = np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
    usable = ~constant & (norms > 0)  # squares of the tiniest differences vanish
    found = np.full(len(x), NAN)
    np.divide((x * y).sum(axis=1), norms, out=found, where=usable)
    return np.clip(found, -1.0, 1.0)


def _interval(correlations: FloatArray) -> tuple[float, float]:
    """Interval from the draws after the first."""
    drawn = correlations[1:]
    drawn = drawn[~np.isnan(drawn)]
    if np.isnan(correlations[0]) or not len(drawn):
        return NAN, NAN
    low, high = np.percentile(drawn, COVERED)
    return float(low), float(high)
