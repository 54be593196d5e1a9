"""Rows that nearly repeat another row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray
from spanset.diversity.estimate import Better, Estimate
from spanset.diversity.measures.distances import mean_of_looked_at
from spanset.diversity.sample import Sample

THRESHOLD = 0.95  # cosine from which two rows count as near duplicates


@dataclass(frozen=True)
class NearDuplicates:
    """Share of rows with another row at a cosine of `threshold` or more.

    Unit: fraction of rows, 0 to 1; both rows of a near pair count. Lower is more diverse. What
    cosine means "the same" depends on the features. Such pairs are what Lee et al. (2022)
    [lee2022deduplicating] find harmful, there by shared text.

    Parameters
    ----------
    threshold : float
        Cosine.
    """

    threshold: float = THRESHOLD

    unit: str = "fraction of rows"
    better: Better = "lower"
    needs_rows: bool = False

    @property
    def name(self) -> str:
        """As on the command line: ``near-duplicates``, ``near-duplicates:0.9``."""
        standard = self.threshold == THRESHOLD
        return "near-duplicates" if standard else f"near-duplicates:{self.threshold:g}"

    def __call__(self, sample: Sample) -> Estimate:
        """Share among the rows looked at; one row alone repeats nothing."""
        return _share(sample.nearest[:, :1].max(axis=1, initial=-np.inf), self.threshold, sample)


def near_duplicate_share(
    X: npt.NDArray[np.floating[Any]], *, threshold: float = THRESHOLD, seed: int = 0
) -> tuple[float, float]:
    """Share of rows with another row at cosine `threshold` or more.

    Parameters
    ----------
    X : (N, d)
        Unit rows.
    seed : int
        Of the rows that are looked at where N is above 20,000.

    Returns
    -------
    share, standard_error : float
        Fractions of N; the error is 0 where every row was looked at. Lower is more diverse.

    Notes
    -----
    Time O(min(N, 20000) N d) at most; memory O(N) beside the features. The value is that of
    `NearDuplicates`; only the nearest neighbour is searched for, which takes less time.
    """
    X = X.astype(np.float32, copy=False)
    sample = Sample(X, X, seed=seed)

    def highest(rows: IntArray, cosines: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        cosines[np.arange(len(rows)), rows] = -np.inf  # a row does not repeat itself
        return cosines.max(axis=1)

    share, error = _share(sample.of_cosines(highest), threshold, sample)
    return share, error


def _share(highest: npt.NDArray[np.float32], threshold: float, sample: Sample) -> Estimate:
    return mean_of_looked_at((highest >= threshold).astype(np.float64), sample)
