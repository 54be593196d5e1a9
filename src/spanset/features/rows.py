"""Unit rows: the form every representation ends in."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.errors import DataError

STEP = 8192  # rows at a time, so that no second copy of the matrix is made


def unit_rows(
    X: npt.NDArray[Any],
    dtype: npt.DTypeLike,
    *,
    where: str = "features",
    fix: str = "",
    numbers: npt.NDArray[np.int64] | None = None,
) -> npt.NDArray[np.floating[Any]]:
    """Rows of X (N, d) scaled to length one, in `dtype`, as a new array.

    Lengths are computed in float64, so that rows are unit to the last bits of `dtype`: copies of a
    row then cancel in the kernel to rounding.

    Raises
    ------
    DataError
        A row that is not finite, or zero: it has no direction.
    """
    unit = np.empty(X.shape, dtype)
    for start in range(0, len(X), STEP):
        rows = X[start : start + STEP].astype(np.float64)
        # Scaled by the largest entry first: squares of very large or small values would overflow.
        largest = np.abs(rows).max(axis=1, initial=0.0)
        bad = np.flatnonzero(~(np.isfinite(largest) & (largest > 0.0)))
        if len(bad):
            row = start + int(bad[0])
            shown = row if numbers is None else int(numbers[row])
            is_zero = largest[bad[0]] == 0.0
            raise DataError(
                f"row {shown} is {'all zeros' if is_zero else 'not finite'}",
                where=where,
                why="a row without a direction cannot be compared with others",
                fix=fix or "remove the row from the data and the features, or compute it again",
            )
        rows /= largest[:, None]
        rows /= np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
        unit[start : start + STEP] = rows
    return unit
