"""SemDeDup (Abbas et al. 2023): of near rows in one cluster, the one farthest from the centre.

Rows of each k-means cluster are put in order, the farthest from its centre first; a row's
*repetition* is its highest cosine with a row before it in its cluster. Rows below a threshold stay,
or the k with the least: one order serves every k and threshold. Two differences to `dedup`: near
rows in two clusters both stay, and a row may be dropped for one that is dropped itself.
[abbas2023semdedup]
"""

from __future__ import annotations

import numpy as np

from spanset.base.array_types import IntArray
from spanset.base.blocks import by_blocks
from spanset.base.cosines import Cosines, as_float32, rounded
from spanset.greedy.selection import Selection, StopReason
from spanset.selectors.ranked import from_order
from spanset.selectors.request import Request
from spanset.selectors.row_clusters import Clusters, cluster_rows

BLOCK = 1024  # rows of a cluster beside all before them at once


def select_semdedup(request: Request) -> Selection:
    """The k rows that repeat least, or all below the threshold; scores are -repetition.

    By default sqrt(N) clusters. Time O(N c d) an iteration for c clusters, then the sum of the
    clusters' squared sizes times d.
    """
    X = as_float32(request.matrix)
    count = request.clusters or max(1, round(len(X) ** 0.5))
    repetition = _repetition(X, cluster_rows(X, min(count, len(X)), request.seed))
    order = np.argsort(repetition, kind="stable").astype(np.int64)
    if request.threshold is not None:
        order = order[repetition[order] < request.threshold]
    return from_order(order, -repetition.astype(np.float64), request, StopReason.THRESHOLD)


def _repetition(X: Cosines, found: Clusters) -> Cosines:
    """Highest cosine of each row with one before it in its cluster; -1 of a first row."""
    repetition = np.full(len(X), -1.0, np.float32)
    order = np.lexsort((rounded(found.cosine.copy()), found.of))
    ends = np.cumsum(np.bincount(found.of, minlength=found.number))

    def cluster(numbers: IntArray) -> None:
        for number in numbers.tolist():
            rows = order[(ends[number - 1] if number else 0) : ends[number]]
            for start in range(0, len(rows), BLOCK):
                own = rows[start : start + BLOCK]
                cosines = rounded(X[own] @ X[rows[: start + len(own)]].T)
                later = np.arange(start + len(own)) >= (start + np.arange(len(own)))[:, None]
                cosines[later] = -1.0
                repetition[own] = cosines.max(axis=1)

    by_blocks(np.arange(found.number), 16, cluster)
    return repetition
