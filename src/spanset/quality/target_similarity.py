"""How near rows are to a target: rows like those that the model shall be good at."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray
from spanset.base.cosines import as_float32, nearest_of

# The nearest target row counts, or all of them: the mean prefers what is near the target's middle.
TARGET_SCORES = ("target", "target:max", "target:mean")

STEP = 8192  # rows in float64 at once


def target_similarity(
    X: npt.NDArray[np.floating[Any]], target: npt.NDArray[np.floating[Any]], score: str
) -> FloatArray:
    """Highest, or mean, cosine of each row of X (N, d) with the target's rows (t, d); (N,)."""
    if score.endswith(":mean"):
        mean = target.mean(axis=0, dtype=np.float64)
        steps = range(0, len(X), STEP)
        return np.concatenate([X[at : at + STEP].astype(np.float64) @ mean for at in steps])
    return nearest_of(as_float32(X), as_float32(target))[0].astype(np.float64)
