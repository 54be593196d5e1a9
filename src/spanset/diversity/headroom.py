"""What selecting could gain: greedy picks beside as many random rows of the same draw."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from spanset.base.unit_rows import unit_rows
from spanset.diversity.ldd import equivalent_size
from spanset.diversity.reference import sphere
from spanset.diversity.sample import Sample
from spanset.diversity.volume import Volume
from spanset.greedy.replay import replay

SHARE = 10  # one row in so many is picked: the usual size of a selection


class Room(NamedTuple):
    """Equivalent sizes of k greedy picks, of k random rows, and of k random uniform points."""

    k: int
    picked: float
    random: float
    uniform: float


def headroom(sample: Sample, volume: Volume) -> Room:
    """Equivalent sizes at k, a tenth of the draw and at most n.

    Random uniform points span less than k picked ones do, the more so in few dimensions: what
    greedy choice finds where there is nothing to choose. Time O(k^3) beside the greedy run, which
    the sample keeps.
    """
    k = max(1, min(len(sample) // SHARE, sample.n))
    rows = np.random.default_rng([sample.seed, 2]).permutation(len(sample))[:k]
    points = sphere(k, sample.X.shape[1], sample.seed + 1)

    def size(X: npt.NDArray[np.floating[Any]]) -> float:
        with threadpool_limits(1, user_api="blas"):  # the same bytes on any number of processors
            gains = replay(unit_rows(X, volume.dtype), volume.kernel)
        return float(equivalent_size(gains, sample.reference))

    picked = float(equivalent_size(sample.gains[:k], sample.reference))
    uniform = sample.once("random uniform points", lambda: size(points))
    return Room(k, picked, size(sample.X[rows]), uniform)
