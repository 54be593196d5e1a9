"""Share of rows that nearly repeat another row."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

THRESHOLD = 0.95  # cosine from which two rows count as near duplicates
EXACT_UP_TO = 20_000  # rows; beyond it the share is estimated
SAMPLE = 2_000  # rows of the estimate: standard error at most 1.1 percentage points
BLOCK = 512  # rows compared at once


def near_duplicate_share(
    X: npt.NDArray[np.floating[Any]], *, threshold: float = THRESHOLD, seed: int = 0
) -> tuple[float, float]:
    """Share of rows with another row at cosine `threshold` or more.

    Parameters
    ----------
    X : (N, d)
        Unit rows.
    seed : int
        Of the sample that estimates the share where N is above 20,000.

    Returns
    -------
    share, standard_error : float
        Fractions of N; the error is 0 where every row was looked at. Lower is more diverse.

    Notes
    -----
    Time O(min(N, 20000) N d) at most; memory O(N) beside the features.
    """
    N = len(X)
    X = X.astype(np.float32, copy=False)
    rows = np.arange(N)
    if N > EXACT_UP_TO:
        rows = np.sort(np.random.default_rng(seed).choice(N, SAMPLE, replace=False))
    repeats = 0
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        cosines = X[block] @ X.T
        cosines[np.arange(len(block)), block] = -1.0  # a row does not repeat itself
        repeats += int((cosines.max(axis=1, initial=-1.0) >= threshold).sum())
    share = repeats / N if len(rows) == N else repeats / len(rows)
    error = 0.0 if len(rows) == N else float(np.sqrt(share * (1 - share) / len(rows)))
    return share, error
