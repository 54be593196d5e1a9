"""k-means clusters of unit rows: Lloyd's iterations by scikit-learn, or a part of the rows at once.

Starts are rows drawn with the seed: k-means++ would cost as much as all that follows. One thread,
since how sums are split between threads changes their last bits and, by them, clusters.
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from spanset.base.array_types import IntArray
from spanset.base.cosines import Cosines, rounded

ITERATIONS = 20  # of Lloyd's; the inertia falls by less than 1 % after
TOLERANCE = 1e-3  # relative movement of the centres that ends them
AT_ONCE = 2**31  # rows x clusters up to which all rows are looked at in each iteration
BATCH = 16_384  # rows of an iteration beyond
COPY = 1.0 - 1e-5  # cosine with the centre from which a row is all of its cluster


class Clusters(NamedTuple):
    """Clusters of rows.

    Attributes
    ----------
    of : (N,) int64
        Cluster of each row.
    cosine : (N,) float32
        With the cluster's centre.
    number : int
        Clusters, empty ones among them.
    """

    of: IntArray
    cosine: Cosines
    number: int


def cluster_rows(X: Cosines, count: int, seed: int) -> Clusters:
    """k-means clusters of unit rows X (N, d); time O(N count d) an iteration."""
    # Imported here: it takes a second, which `spanset --help` has no use for.
    from sklearn.cluster import KMeans, MiniBatchKMeans
    from sklearn.exceptions import ConvergenceWarning

    starts: Any = {"init": "random", "n_init": 1, "max_iter": ITERATIONS, "random_state": seed}
    model: Any = KMeans(count, tol=TOLERANCE, **starts)
    if len(X) * count > AT_ONCE:
        parts: Any = {"batch_size": BATCH, "init_size": 3 * count, "reassignment_ratio": 0.0}
        model = MiniBatchKMeans(count, **starts, **parts)
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct rows than clusters
        of = np.asarray(model.fit_predict(X), np.int64)
    centres = model.cluster_centers_.astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", centres, centres))
    centres /= np.maximum(lengths, np.finfo(np.float32).tiny)[:, None]
    cosine = np.empty(len(X), np.float32)
    for start in range(0, len(X), BATCH):
        rows = slice(start, start + BATCH)
        cosine[rows] = np.einsum("ij,ij->i", X[rows], centres[of[rows]])
    of = _merged(X, of, cosine, count)
    _fill(X, of, cosine, count)
    return Clusters(of, cosine, count)


def _merged(X: Cosines, of: IntArray, cosine: Cosines, count: int) -> IntArray:
    """Clusters that hold copies of one row alone, made one.

    Two centres may be the same row; to which of them a copy is nearer, its last bits say.
    """
    lowest, first = np.full(count, np.inf, np.float32), np.full(count, len(X))
    np.minimum.at(lowest, of, cosine)
    np.minimum.at(first, of, np.arange(len(X)))
    into = np.arange(count)
    seen: dict[bytes, int] = {}
    for one in np.flatnonzero((lowest >= COPY) & (first < len(X))).tolist():
        into[one] = seen.setdefault(X[first[one]].tobytes(), one)
    return into[of]


def _fill(X: Cosines, of: IntArray, cosine: Cosines, count: int) -> None:
    """Give empty clusters the rows farthest from their centres, as Lloyd's iterations do.

    Where only a part of the rows is looked at, some centres end without a row. With fewer distinct
    rows than clusters all rows are their own centres: those stay empty.
    """
    sizes = np.bincount(of, minlength=count)
    empty = np.flatnonzero(sizes == 0).tolist()
    moved: set[bytes] = set()
    for row in np.argsort(rounded(cosine.copy()), kind="stable").tolist() if empty else ():
        if not empty or cosine[row] >= COPY:
            break
        if sizes[of[row]] > 1 and (features := X[row].tobytes()) not in moved:
            moved.add(features)
            sizes[of[row]] -= 1
            of[row], cosine[row] = empty.pop(0), 1.0
