"""Where rows lie on the map: their first two principal components, or UMAP of the first few.

UMAP (McInnes et al. 2018) keeps near rows near and tells nothing of how far groups are from each
other. It runs on one processor here, so that the same rows lie in the same places.
"""

from __future__ import annotations

import warnings

import numpy as np
from threadpoolctl import threadpool_limits

from spanset.base.array_types import FloatArray
from spanset.base.extras import require

NEIGHBOURS = 15  # of each row, that stay near


def check_projection(name: str) -> None:
    """Refuse a projection of which the package is missing.

    Raises
    ------
    MissingExtraError
        With the extra that brings it.
    """
    if name == "umap":
        _umap()


def on_plane(components: FloatArray, projection: str, *, seed: int) -> FloatArray:
    """Places (n, 2) of rows by their principal components (n, c), the largest first."""
    if projection == "pca" or len(components) < 3:
        return components[:, :2]
    placed = _umap().UMAP(
        n_neighbors=min(NEIGHBOURS, len(components) - 1), init="pca", n_jobs=1, random_state=seed
    )
    with threadpool_limits(1):  # its compiler starts threads of its own, and others' count is lost
        return np.asarray(placed.fit_transform(components), np.float64)


def _umap():  # noqa: ANN202 (the package has no types)
    """The package; it warns at import of a network that is not used here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return require("umap", extra="map")
