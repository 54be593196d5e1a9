"""Radius: the spread of the rows over the dimensions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray
from spanset.diversity.estimate import Better, Estimate
from spanset.diversity.sample import Sample

STEP = 8192  # rows converted to float64 at once


@dataclass(frozen=True)
class Radius:
    """Geometric mean over dimensions of the rows' standard deviation.

    Unit: that of a feature, per dimension; at most d^-1/2 for unit rows. Higher is more diverse. 0
    where a dimension is the same in all rows of the sample, so also for one row. A dimension that
    is the same in all rows of the population (never written by the features) tells no set from
    another and is left out. Lai et al. (2020) [lai2020diversity].

    Notes
    -----
    Population standard deviations (divided by m), computed about the mean in float64. It depends on
    the axes of the features: a rotation changes it.
    """

    name: str = "radius"
    unit: str = "feature value"
    better: Better = "higher"
    needs_rows: bool = False

    def __call__(self, sample: Sample) -> Estimate:
        """Radius of all rows of the sample: exact."""
        varies = np.ptp(sample.population, axis=0) > 0.0
        deviations = _deviations(sample.X)[varies]
        if not deviations.all() or not len(deviations):
            return Estimate(0.0)
        return Estimate(float(np.exp(np.log(deviations).mean())))


def _deviations(X: npt.NDArray[np.float32]) -> FloatArray:
    """Standard deviation of every column; (d,)."""
    mean = X.mean(axis=0, dtype=np.float64)
    squares = np.zeros(X.shape[1])
    for start in range(0, len(X), STEP):
        gaps = X[start : start + STEP] - mean
        squares += np.einsum("ij,ij->j", gaps, gaps)
    return np.sqrt(squares / len(X))
