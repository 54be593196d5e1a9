"""What selecting could gain: greedy picks beside as many random rows of the same draw."""

from __future__ import annotations

import numpy as np

from spanset.diversity.ldd import equivalent_size
from spanset.diversity.sample import Sample
from spanset.features.rows import unit_rows
from spanset.greedy import replay

SHARE = 10  # one row in so many is picked: the usual size of a selection


def headroom(sample: Sample) -> tuple[int, float, float]:
    """Rows k, and the equivalent sizes of the first k picks and of k random rows.

    k is a tenth of the draw, at most n. Time O(k^3) beside the greedy run, which the sample keeps.
    """
    volume = sample.volume
    assert volume is not None  # noqa: S101 - asked of samples with a log determinant only
    k = max(1, min(len(sample) // SHARE, sample.n))
    rows = np.random.default_rng([sample.seed, 2]).permutation(len(sample))[:k]
    gains = replay(unit_rows(sample.X[rows], volume.dtype), volume.kernel)
    picked = equivalent_size(sample.gains[:k], sample.reference)
    return k, float(picked), float(equivalent_size(gains, sample.reference))
