"""Measures by k-means clusters: how wide the clusters are, and how evenly the rows fill them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from spanset.base.array_types import IntArray
from spanset.base.errors import UsageError
from spanset.diversity.estimate import Better, Estimate
from spanset.diversity.sample import Sample

if TYPE_CHECKING:
    from sklearn.cluster import KMeans

CLUSTERS = 100
FITTED = 20_000  # rows that centres are fitted to, at most
ITERATIONS = 50
STEP = 8192  # rows converted to float64 at once


@dataclass(frozen=True)
class _OfClusters:
    """What both measures of clusters have in common."""

    kind: ClassVar[str]

    clusters: int = CLUSTERS

    better: Better = "higher"
    needs_rows: bool = False

    def __post_init__(self) -> None:
        if self.clusters < 1:
            raise UsageError(
                f"{self.clusters} clusters hold no rows", where=self.kind, fix="give 1 or more"
            )

    @property
    def name(self) -> str:
        """The kind, followed by the number of clusters where it is not 100."""
        return self.kind if self.clusters == CLUSTERS else f"{self.kind}:{self.clusters}"


@dataclass(frozen=True)
class Inertia(_OfClusters):
    """Mean squared distance of a row to its centre, of k-means clusters of the sample.

    Unit: squared distance, up to 1 for unit rows; NaN with no more rows than clusters. Higher is
    more diverse: the rows do not gather round few points. Du and Black (2019) [du2019boosting];
    k-means++ starts by Arthur and Vassilvitskii (2007) [arthur2007kmeans].

    Parameters
    ----------
    clusters : int
        Number of centres.

    Raises
    ------
    UsageError
        Fewer than 1 cluster.

    Notes
    -----
    Centres are fitted to 20,000 random rows at most; the mean is over all rows.
    """

    kind: ClassVar[str] = "inertia"

    unit: str = "squared distance"

    def __call__(self, sample: Sample) -> Estimate:
        """Mean over all rows of the sample."""
        if len(sample) <= self.clusters:
            return Estimate(float("nan"))
        model = _fitted(sample.X, self.clusters, sample.seed)
        clusters = _assigned(model, sample.X)
        total = 0.0
        for start in range(0, len(sample), STEP):
            block = slice(start, start + STEP)
            gaps = sample.X[block] - model.cluster_centers_[clusters[block]]
            total += float(np.square(gaps, dtype=np.float64).sum())
        return Estimate(total / len(sample))


@dataclass(frozen=True)
class PartitionEntropy(_OfClusters):
    """Entropy of the sample's rows over k-means clusters of the population.

    -sum of p log p, p being the share of the sample's rows in a cluster. Unit: nats, 0 (all in one
    cluster) to log(clusters), an even spread. Higher is more diverse. Han et al. (2022)
    [han2022measuring].

    Parameters
    ----------
    clusters : int
        Number of clusters; as many as there are rows of the population where these are fewer.

    Raises
    ------
    UsageError
        Fewer than 1 cluster.

    Notes
    -----
    Centres are fitted to 20,000 random rows of the population at most.
    """

    kind: ClassVar[str] = "partition-entropy"

    unit: str = "nats"

    def __call__(self, sample: Sample) -> Estimate:
        """Entropy over all rows of the sample."""
        model = sample.once(self, lambda: _fitted(sample.population, self.clusters, sample.seed))
        counts = np.bincount(_assigned(model, sample.X))
        shares = counts[counts > 0] / len(sample)
        # Adding zero: the entropy of one cluster would be shown as -0.
        return Estimate(float(-(shares * np.log(shares)).sum()) + 0.0)


def _fitted(X: npt.NDArray[np.float32], clusters: int, seed: int) -> KMeans:
    """k-means of at most `FITTED` random rows."""
    # Imported here: it takes a second, which `spanset --help` has no use for.
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    if len(X) > FITTED:
        X = X[np.sort(np.random.default_rng(seed).choice(len(X), FITTED, replace=False))]
    model = KMeans(
        min(clusters, len(X)),
        init="k-means++",
        n_init="auto",  # one start, as those of k-means++ are good
        max_iter=ITERATIONS,
        random_state=seed % 2**32,  # all that scikit-learn takes
    )
    # One thread: several add their parts in the order they finish, which changes last bits.
    with threadpool_limits(1), warnings.catch_warnings():
        # Said where copies leave clusters empty. Rows that differ in last bits count as copies
        # there, so a limit to the number of distinct rows would not silence it.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X)


def _assigned(model: KMeans, X: npt.NDArray[np.float32]) -> IntArray:
    """Cluster of every row."""
    with threadpool_limits(1):
        return np.asarray(model.predict(X), np.int64)
