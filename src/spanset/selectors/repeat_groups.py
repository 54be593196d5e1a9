"""Groups of rows that repeat each other: whoever is near another row, and those near that one.

Pairs of rows at the threshold or more are edges, groups are what hangs together. So a row is in a
group of two or more if and only if it is a near duplicate; ends of a long chain may be less alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from spanset.base.array_types import IntArray
from spanset.base.errors import SpansetError
from spanset.base.stages import SILENT, Watcher
from spanset.selectors.dedup import THRESHOLD
from spanset.selectors.near_pairs import NearPairs, near_pairs

# Rows that are looked at where all have too many pairs: all pairs of these fit into memory.
FEWER = 5_000
STREAM = 23  # of the seed


@dataclass(frozen=True, eq=False)
class RepeatGroups:
    """Groups of the rows that were looked at.

    Attributes
    ----------
    rows : (n,) int64
        Positions of those rows, ascending: all, unless too many of them are near each other.
    group : (n,) int64
        Group of each.
    threshold : float
        Cosine.
    """

    rows: IntArray
    group: IntArray
    threshold: float

    @classmethod
    def of(
        cls,
        X: npt.NDArray[np.floating[Any]],
        *,
        threshold: float = THRESHOLD,
        seed: int = 0,
        watcher: Watcher = SILENT,
    ) -> RepeatGroups:
        """Of unit rows X (N, d); time O(N^2 d / 2), as near pairs take."""
        rows = np.arange(len(X))
        try:
            pairs = near_pairs(X, threshold, watcher=watcher)
        except SpansetError:  # more pairs than memory should hold
            rng = np.random.default_rng([seed, STREAM])
            rows = np.sort(rng.permutation(len(X))[:FEWER])
            pairs = near_pairs(X[rows], threshold, watcher=watcher)
        return cls(rows, grouped(pairs, threshold), threshold)

    @property
    def sizes(self) -> IntArray:
        """Rows in the group of each row that was looked at; 1 of a row like no other."""
        return np.bincount(self.group)[self.group]

    @property
    def share(self) -> float:
        """Share of the rows with another at the threshold or more."""
        return float((self.sizes > 1).mean())

    def largest(self, most: int) -> list[IntArray]:
        """Positions of the rows of the largest groups of two or more.

        Of groups of one size the one with the first row goes first.
        """
        counts = np.bincount(self.group)
        order = np.argsort(-counts, kind="stable")[:most]
        return [self.rows[self.group == one] for one in order if counts[one] > 1]


def grouped(found: NearPairs, threshold: float) -> IntArray:
    """Group (n,) of each row, numbered by their first rows."""
    n = len(found.leader)
    pairs = found.pairs[found.pairs["cosine"] >= np.float32(threshold)]
    first = np.concatenate([np.arange(n), pairs["first"]])
    second = np.concatenate([found.leader, pairs["second"]])
    edges = coo_array((np.ones(len(first), np.int8), (first, second)), shape=(n, n))
    _, labels = connected_components(edges.tocsr(), directed=False)
    _, where, group = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(where))[group.ravel()].astype(np.int64)
