"""NovelSum: distances to the other rows, the near ones weighing most, times the density."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.blocks import by_blocks
from spanset.base.errors import UsageError
from spanset.diversity.estimate import Better, Estimate
from spanset.diversity.measures.copies import distinct_rows
from spanset.diversity.measures.distances import mean_of_looked_at
from spanset.diversity.sample import Sample

BLOCK = 128  # rows whose neighbours are taken from the population at once

# Squared distance up to which a row of the population is the row itself. The last bits of float32
# features that were scaled twice, or computed in another batch, differ by about 1e-14.
SAME = 1e-12

# Added to the mean squared distance before it divides, as in the authors' code: a row among
# neighbours that are all but equal to it has a finite density.
REGULARISATION = 1e-9


@dataclass(frozen=True)
class NovelSum:
    """Mean over rows of a weighted mean distance to all rows, times a power of the row's density.

    Of row i, sorted by 1 - cosine, the row itself at rank 1 with distance 0::

        novelty(i) = density(i)^b * sum over ranks r of r^-a distance(i, r) / sum over r of r^-a
        density(i) = 1 / (mean squared Euclidean distance to its K nearest rows of the population)

    Unit: none that can be named, as a distance times a power of a density; at least 0. Higher is
    more diverse. NaN for one row. Yang et al. (2025) [yang2025measuring].

    Parameters
    ----------
    neighbours : int
        K, at least 1; all there are where the population has fewer.
    density_power : float
        b; at 0 the density plays no part.
    proximity_power : float
        a; at 0 all rows weigh the same.

    Raises
    ------
    UsageError
        Fewer than 1 neighbour, or a power that is negative or not finite.

    Notes
    -----
    Paper and published code differ; this is the code. In the paper each distance is multiplied by
    the density of the *other* row, and all are summed. In the code it is the density of the row
    itself, the weights of a row sum to one and rows are averaged, so that the value does not grow
    with the number of rows.

    The density of rows refers to a population without its exact copies. The authors drop the
    nearest row found, which is the row itself in their use. Here the population may lack the row,
    so the nearest is dropped only where it is (numerically) the row. Where no other row is left, as
    with a population of copies, the density counts as 1.

    Time O(a (m + u) d + a m log m) for `a` rows looked at; memory O(m + u) beside the features.
    """

    neighbours: int = 10
    density_power: float = 0.5
    proximity_power: float = 1.0

    unit: str = "distance x density^b"
    better: Better = "higher"
    needs_rows: bool = False

    def __post_init__(self) -> None:
        powers = (self.density_power, self.proximity_power)
        if self.neighbours < 1 or not all(0.0 <= power < np.inf for power in powers):
            raise UsageError(
                f"{self.neighbours} neighbours and powers {powers} make no density",
                where="novelsum",
                fix="give at least 1 neighbour, and powers of 0 or more",
            )

    @property
    def name(self) -> str:
        """``novelsum``, followed by the parameters where they are not the published ones."""
        parameters = (self.neighbours, self.density_power, self.proximity_power)
        if parameters == (10, 0.5, 1.0):
            return "novelsum"
        return ":".join(["novelsum", *(f"{parameter:g}" for parameter in parameters)])

    def __call__(self, sample: Sample) -> Estimate:
        """Mean over the rows looked at."""
        if len(sample) < 2:
            return Estimate(float("nan"))
        novelty = _weighted_distances(sample, self.proximity_power)
        if self.density_power > 0.0:
            novelty *= self._densities(sample) ** self.density_power
        return mean_of_looked_at(novelty, sample)

    def _densities(self, sample: Sample) -> FloatArray:
        """Density of every row looked at, in the population."""
        population = sample.once("distinct rows", lambda: _distinct(sample.population))

        def densities(rows: IntArray) -> FloatArray:
            return _density(sample.X[rows], population, self.neighbours)

        return np.concatenate(by_blocks(sample.looked_at, BLOCK, densities))


def _distinct(population: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    kept = distinct_rows(population)
    return population if len(kept) == len(population) else population[kept]


def _weighted_distances(sample: Sample, power: float) -> FloatArray:
    """Mean distance of every row looked at to all rows, weighted by rank^-power."""
    weights = np.arange(1, len(sample) + 1, dtype=np.float64) ** -power
    weights /= weights.sum()

    def weighted(rows: IntArray, distances: npt.NDArray[np.float32]) -> FloatArray:
        np.subtract(1.0, distances, out=distances)
        np.maximum(distances, 0.0, out=distances)  # float32 cosines of copies can exceed 1
        distances[np.arange(len(rows)), rows] = 0.0
        distances.sort(axis=1)
        return distances @ weights

    return sample.of_cosines(weighted)


def _density(
    X: npt.NDArray[np.float32], population: npt.NDArray[np.float32], count: int
) -> FloatArray:
    """Inverse mean squared distance of rows to their nearest others in the population."""
    squared = _nearest_squared(X, population, count + 1)
    squared[squared[:, 0] <= SAME, 0] = np.inf  # the row itself: it now sorts last
    squared.sort(axis=1)
    squared = squared[:, :count]
    others = np.isfinite(squared)
    number = others.sum(axis=1)
    mean = squared.sum(axis=1, where=others) / np.maximum(number, 1)
    return np.where(number > 0, 1.0 / (mean + REGULARISATION), 1.0)


def _nearest_squared(
    X: npt.NDArray[np.float32], population: npt.NDArray[np.float32], count: int
) -> FloatArray:
    """Squared distances to the `count` nearest rows of the population, rising; at most u."""
    cosines = X @ population.T
    if count < len(population):
        nearest = np.argpartition(cosines, -count, axis=1)[:, -count:]
    else:
        nearest = np.broadcast_to(np.arange(len(population)), cosines.shape)
    # From differences: 2 - 2 cosine would lose small distances, which divide, to rounding.
    gaps = X[:, None, :] - population[nearest]
    return np.sort(np.einsum("ijk,ijk->ij", gaps, gaps).astype(np.float64), axis=1)
