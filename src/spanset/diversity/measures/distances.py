"""Cosine distances between rows: the mean over all pairs, and to a near neighbour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spanset.base.array_types import FloatArray
from spanset.base.errors import UsageError
from spanset.diversity.estimate import Better, Estimate
from spanset.diversity.sample import NEAREST, Sample


@dataclass(frozen=True)
class MeanDistance:
    """Mean of 1 - cosine over all pairs of distinct rows.

    Unit: cosine distance, 0 (all rows equal) to m / (m - 1), which rows that sum to zero reach:
    1 for unrelated rows. Higher is more diverse. NaN for one row. A few copies hardly move it: they
    are few of the pairs. One of the measures that Yang et al. (2025) compare
    [yang2025measuring].

    Notes
    -----
    Exact in O(m d): the cosines of all pairs, each twice, sum to |sum of rows|^2 - m.
    """

    name: str = "mean-distance"
    unit: str = "cosine distance"
    better: Better = "higher"
    needs_rows: bool = False

    def __call__(self, sample: Sample) -> Estimate:
        """Mean over the pairs of the sample."""
        m = len(sample)
        if m < 2:
            return Estimate(float("nan"))
        total = sample.X.sum(axis=0, dtype=np.float64)
        cosine = (float(total @ total) - m) / (m * (m - 1))
        # Rows are unit to float32: the distance of equal rows could round to below zero.
        return Estimate(max(0.0, 1.0 - cosine))


@dataclass(frozen=True)
class NearestDistance:
    """Mean of 1 - cosine with the k-th nearest other row.

    Unit: cosine distance, 0 (every row has k copies) to 2. Higher is more diverse. A copy of a row
    is another row, at distance 0; k above 1 overlooks rows that have fewer than k copies. NaN where
    a row has fewer than k others. One of the measures that Yang et al. (2025) compare
    [yang2025measuring].

    Parameters
    ----------
    k : int
        Which neighbour, 1 to 10.

    Raises
    ------
    UsageError
        Another k.
    """

    k: int = 1

    unit: str = "cosine distance"
    better: Better = "higher"
    needs_rows: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.k <= NEAREST:
            raise UsageError(
                f"neighbour {self.k} is not kept", where="knn", fix=f"give 1 to {NEAREST}"
            )

    @property
    def name(self) -> str:
        """As on the command line: ``knn``, ``knn:5``."""
        return "knn" if self.k == 1 else f"knn:{self.k}"

    def __call__(self, sample: Sample) -> Estimate:
        """Mean over the rows looked at."""
        if len(sample) <= self.k:
            return Estimate(float("nan"))
        cosines = sample.nearest[:, self.k - 1].astype(np.float64)
        return mean_of_looked_at(np.maximum(0.0, 1.0 - cosines), sample)


def mean_of_looked_at(values: FloatArray, sample: Sample) -> Estimate:
    """Mean of a value per row looked at, with its standard error: 0 where that is every row."""
    error = 0.0
    if len(values) < len(sample):
        error = float(values.std(ddof=1)) / float(np.sqrt(len(values)))
    return Estimate(float(values.mean()), error)
