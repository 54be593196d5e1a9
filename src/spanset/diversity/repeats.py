"""Rows of one data set that repeat a row of another: exactly, or nearly.

Exactly: the same conversation. Nearly: a row of the other at a cosine of `threshold` or more, the
near duplicates' cosine, whatever the features see as the same. Rows of one set that repeat each
other do not count: that is what near duplicates and log determinants are for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.cosines import as_float32, nearest_of
from spanset.diversity.matched import MeasuredData
from spanset.diversity.measures.near_duplicates import THRESHOLD

# Pairs of rows whose cosines are computed at most, over all sets: some seconds on two cores.
# Where there are more, as many rows of each set are looked at beside all of the others.
PAIRS = 200_000_000
FEWEST = 300  # rows of a set that are looked at however many pairs that makes


@dataclass(frozen=True, eq=False)
class Repeats:
    """How many rows of each data set (first axis) repeat a row of each other (second).

    Attributes
    ----------
    names : list of str
        Of the s data sets.
    rows : (s,) int64
        Rows of each.
    exact : (s, s) int64
        Rows whose conversation stands in the other set; 0 on the diagonal.
    near : (s, s) float64
        Share of rows with a row of the other at `threshold` or more, exact ones among them.
    error : (s, s) float64
        Standard error of `near`: 0 where all rows were looked at.
    threshold : float
        Cosine.
    """

    names: list[str]
    rows: IntArray
    exact: IntArray
    near: FloatArray
    error: FloatArray
    threshold: float

    def record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "names": self.names,
            "rows": self.rows.tolist(),
            "exact": self.exact.tolist(),
            "near": self.near.tolist(),
            "standard_error": self.error.tolist(),
            "threshold": self.threshold,
        }

    @property
    def any(self) -> bool:
        """Whether there are any."""
        return bool(self.exact.any() or self.near.any())


def repeats_between(
    sets: Sequence[MeasuredData], *, threshold: float = THRESHOLD, seed: int = 0
) -> Repeats | None:
    """Repeated rows of every pair of data sets; None of one alone.

    Parameters
    ----------
    sets : sequence of MeasuredData
        Features of one space, with their rows where there are such: else equal features count as
        exact repeats.
    seed : int
        Of the rows that are looked at where there are too many.

    Notes
    -----
    Time O(sum of rows looked at x all rows x d), at most `PAIRS` products of d numbers, or `FEWEST`
    rows a set.
    """
    count = len(sets)
    if count < 2:
        return None
    sizes = np.array([len(one.X) for one in sets], np.int64)
    exact = np.zeros((count, count), np.int64)
    near, error = np.zeros((count, count)), np.zeros((count, count))
    keys = [_keys(one) for one in sets]
    looked_at = max(FEWEST, PAIRS // int(sizes.sum()) // count)
    for number, one in enumerate(sets):
        rng = np.random.default_rng([seed, 7, number])
        rows = np.sort(rng.permutation(sizes[number])[:looked_at])
        for place, other in enumerate(sets):
            if place == number:
                continue
            is_exact = np.isin(keys[number], keys[place])
            is_near = is_exact[rows] | (_nearest(one, other, rows) >= threshold)
            share = float(is_near.mean())
            exact[number, place] = int(is_exact.sum())
            near[number, place] = share
            if len(rows) < sizes[number]:
                error[number, place] = np.sqrt(share * (1.0 - share) / len(rows))
    return Repeats([one.name for one in sets], sizes, exact, near, error, threshold)


def _keys(one: MeasuredData) -> npt.NDArray[np.void]:
    """What equal rows have in common; (n,) of bytes."""
    bytes_ = one.X.astype(np.float32) if one.data is None else one.data.digests
    bytes_ = np.ascontiguousarray(bytes_)
    return bytes_.view(np.dtype((np.void, bytes_.dtype.itemsize * bytes_.shape[1]))).ravel()


def _nearest(one: MeasuredData, other: MeasuredData, rows: IntArray) -> npt.NDArray[np.float32]:
    """Cosine of some rows of a data set with the nearest of another."""
    return nearest_of(as_float32(one.X[rows]), as_float32(other.X))[0]
