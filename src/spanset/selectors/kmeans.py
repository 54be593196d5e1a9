"""k-means: a cluster for each pick, and of each cluster the row nearest its centre, or the best.

Clusters follow the rows' density, as facility location does. With fewer clusters than picks
(``--clusters``) each gives one row in turn, as in the clustering baselines of Chen et al. (2023)
[chen2023maybe]: an even share of topics, and of each topic the best rows.
"""

from __future__ import annotations

import numpy as np

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.cosines import as_float32, rounded
from spanset.greedy.selection import Selection
from spanset.selectors.ranked import from_order
from spanset.selectors.request import Request
from spanset.selectors.row_clusters import Clusters, cluster_rows


def select_kmeans(request: Request) -> Selection:
    """Rows in turns over the clusters, large ones first; scores are cosines with the centre.

    Within a cluster by quality where there is one, else by nearness to the centre. Time O(N c d)
    an iteration for c clusters, at most 20.
    """
    X = as_float32(request.matrix)
    found = cluster_rows(X, min(request.clusters or request.k, len(X)), request.seed)
    order = in_turns(found, request.log_quality)
    if request.clusters is None:  # one of each: an empty cluster gives none
        order = order[: len(np.unique(found.of))]
    return from_order(order, found.cosine.astype(np.float64), request)


def in_turns(found: Clusters, log_quality: FloatArray | None) -> IntArray:
    """All rows: the first of every cluster, then the second, and so on."""
    nearness = rounded(found.cosine.copy())
    keys = [-nearness] if log_quality is None else [-nearness, -log_quality]
    by_cluster = np.lexsort((*keys, found.of))  # the lowest index among equals
    sizes = np.bincount(found.of, minlength=found.number)
    turn = np.empty(len(found.of), np.int64)
    starts = np.cumsum(sizes) - sizes
    turn[by_cluster] = np.arange(len(found.of)) - np.repeat(starts, sizes)
    return np.lexsort((found.of, -sizes[found.of], turn)).astype(np.int64)
