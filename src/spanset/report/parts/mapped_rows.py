"""Which rows of a pool the page shows, and where they lie: all of a small pool, a draw of a large.

shown_of -> components -> on_plane (projections.py) -> nearest_picks beside each
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.cosines import NUMBERS, as_float32, nearest_of, rounded
from spanset.report.parts.projections import on_plane

MOST = 52_500  # rows: each takes about 350 bytes of the page
MOST_PICKS = 20_000  # of them
COMPONENTS = 32  # in which groups are sought, and which the map is made of
STREAM = 17  # of the seed: other draws of a run take other numbers

Features = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class MappedRows:
    """Rows that are shown.

    Attributes
    ----------
    rows : (n,) int64
        Positions among the candidates: picks by rank, then rows left out in their order.
    picks : int
        How many of them are picks.
    ranks : (n,) int64
        From 1; 0 of rows left out.
    places : (n, c) float64
        Principal components, the largest first.
    on_map : (n, 2) float64
        Where they lie on the map.
    projection : str
        By what: pca or umap.
    explained : float
        Share of the features' variance in the first two.
    nearest : (n,) int64
        Rank of the nearest pick, of a pick the nearest before it; 0 where there is none.
    cosine : (n,) float32
        With it.
    """

    rows: IntArray
    picks: int
    ranks: IntArray
    places: FloatArray
    on_map: FloatArray
    projection: str
    explained: float
    nearest: IntArray
    cosine: npt.NDArray[np.float32]

    @classmethod
    def of(cls, X: Features, order: IntArray, *, projection: str = "pca", seed: int) -> MappedRows:
        """Of unit rows X (N, d) and picks (k,) among them; time O(n k d)."""
        rows, ranks = shown_of(len(X), order, seed=seed)
        places, explained = components(X[rows], seed=seed)
        picks = int((ranks > 0).sum())
        nearest, cosine = nearest_picks(X, order, rows, ranks)
        on_map = on_plane(places, projection, seed=seed)
        return cls(rows, picks, ranks, places, on_map, projection, explained, nearest, cosine)


def shown_of(N: int, order: IntArray, *, seed: int) -> tuple[IntArray, IntArray]:
    """Rows to show and their ranks: all, or picks evenly by rank and a draw of the others."""
    ranks = np.arange(1, len(order) + 1)
    if N > MOST and len(order) > MOST_PICKS:
        ranks = np.unique(np.linspace(1, len(order), MOST_PICKS).round().astype(np.int64))
    left = np.setdiff1d(np.arange(N), order)
    if len(left) > MOST - len(ranks):
        rng = np.random.default_rng([seed, STREAM])
        left = np.sort(rng.choice(left, MOST - len(ranks), replace=False))
    rows = np.concatenate([order[ranks - 1], left])
    return rows, np.concatenate([ranks, np.zeros(len(left), np.int64)])


def components(X: Features, *, seed: int) -> tuple[FloatArray, float]:
    """Principal components (n, c) of rows, and the share of variance in the first two."""
    from sklearn.decomposition import PCA

    count = min(COMPONENTS, *X.shape)
    if len(X) < 2 or not (spread := float(np.var(as_float32(X), axis=0).sum())):
        return np.zeros((len(X), 2)), 0.0
    found = PCA(count, svd_solver="randomized", random_state=seed)
    places = np.asarray(found.fit_transform(as_float32(X)), np.float64)
    explained = float(places[:, :2].var(axis=0).sum() / spread)
    if count == 1:
        places = np.column_stack([places, np.zeros(len(X))])
    return places, min(explained, 1.0)


def nearest_picks(
    X: Features, order: IntArray, rows: IntArray, ranks: IntArray
) -> tuple[IntArray, npt.NDArray[np.float32]]:
    """Rank (n,) of the pick at the largest cosine with each row, and the cosine; of a pick before.

    The first pick has none: rank 0, cosine 0.
    """
    picked = as_float32(X[order])
    nearest, cosine = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.float32)
    left = ranks == 0
    if left.any() and len(order):
        found, where = nearest_of(as_float32(X[rows[left]]), picked)
        nearest[left], cosine[left] = where + 1, found
    step = max(1, min(1024, NUMBERS // max(1, len(order))))
    of_picks = np.flatnonzero(~left)
    for start in range(0, len(of_picks), step):
        some = of_picks[start : start + step]
        own = ranks[some]
        before = int(own.max()) - 1
        if not before:
            continue
        cosines = rounded(as_float32(X[rows[some]]) @ picked[:before].T)
        cosines[np.arange(before) >= own[:, None] - 1] = -np.inf
        best = cosines.argmax(axis=1)
        known = own > 1
        nearest[some[known]] = best[known] + 1
        cosine[some[known]] = cosines[np.arange(len(some)), best][known]
    return nearest, cosine
