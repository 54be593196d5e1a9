"""Unit rows, the form every representation ends in; and rows as the kernel sees them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.errors import DataError

STEP = 8192  # rows at a time, so that no second copy of the matrix is made


def unit_rows(
    X: npt.NDArray[Any],
    dtype: npt.DTypeLike,
    *,
    where: str = "features",
    fix: str = "",
    numbers: npt.NDArray[np.int64] | None = None,
) -> npt.NDArray[np.floating[Any]]:
    """Rows of X (N, d) scaled to length one, in `dtype`, as a new array; see `directions`."""
    return directions(X, dtype, where=where, fix=fix, numbers=numbers)[0]


def directions(
    X: npt.NDArray[Any],
    dtype: npt.DTypeLike,
    *,
    where: str = "features",
    fix: str = "",
    numbers: IntArray | None = None,
) -> tuple[npt.NDArray[np.floating[Any]], FloatArray]:
    """Rows of X (N, d) scaled to length one, in `dtype`, as a new array; and their lengths (N,).

    Lengths are computed in float64, so that rows are unit to the last bits of `dtype`: copies of a
    row then cancel in the kernel to rounding.

    Raises
    ------
    DataError
        A row that is not finite, or zero: it has no direction. Rows of zeros are refused also where
        lengths count, since measures of cosines stand beside those of the kernel.
    """
    unit, lengths = np.empty(X.shape, dtype), np.empty(len(X))
    for start in range(0, len(X), STEP):
        rows = X[start : start + STEP].astype(np.float64)
        largest, scaled = to_length_one(rows, start, where=where, fix=fix, numbers=numbers)
        unit[start : start + STEP] = rows
        with np.errstate(over="ignore"):  # `kernel_rows` refuses what is too long
            lengths[start : start + STEP] = scaled * largest
    return unit, lengths


def to_length_one(
    rows: FloatArray,
    start: int,
    *,
    where: str = "features",
    fix: str = "",
    numbers: IntArray | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Scale rows (b, d), from number `start` on, in place; what each was divided by, in turn.

    By the largest entry first: squares of very large or small values would overflow.

    Raises
    ------
    DataError
        As `directions`.
    """
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
    scaled = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    rows /= scaled[:, None]
    return largest, scaled


def kernel_rows(
    X: npt.NDArray[np.floating[Any]],
    lengths: FloatArray | None,
    dtype: npt.DTypeLike,
    *,
    where: str = "features",
) -> npt.NDArray[np.floating[Any]]:
    """The matrix that the kernel is computed of: unit rows, or rows at their lengths.

    Parameters
    ----------
    X : (n, d)
        Unit rows, or nearly.
    lengths : (n,) float64 or None
        None where lengths do not count.

    Raises
    ------
    DataError
        A length whose square is no ordinary number of `dtype`.
    """
    rows = unit_rows(X, dtype, where=where)
    if lengths is None:
        return rows
    require_ordinary(lengths, dtype, where)
    rows *= lengths.astype(dtype)[:, None]
    return rows


def rows_as_given(
    X: npt.NDArray[Any], dtype: npt.DTypeLike, *, where: str = "features"
) -> npt.NDArray[np.floating[Any]]:
    """Rows of X (N, d) in `dtype`, checked as `directions` and `kernel_rows` check them."""
    require_ordinary(directions(X, np.float32, where=where)[1], dtype, where)
    return X.astype(dtype, copy=False)


def of_rows(lengths: FloatArray | None, rows: IntArray | slice) -> FloatArray | None:
    """Lengths of some rows; None where lengths do not count."""
    return None if lengths is None else lengths[rows]


def require_ordinary(lengths: FloatArray, dtype: npt.DTypeLike, where: str) -> None:
    """Refuse lengths whose squares over- or underflow, sums of them included."""
    limits = np.finfo(dtype)
    low, high = np.sqrt(float(limits.tiny) / limits.eps), np.sqrt(float(limits.max) * limits.eps)
    bad = np.flatnonzero(~((lengths > low) & (lengths < high)))
    if len(bad):
        raise DataError(
            f"row {int(bad[0])} has the length {lengths[bad[0]]:.3g}",
            where=where,
            why=f"its square is beyond the numbers of {np.dtype(dtype).name}",
            fix="scale all features by one number, or compare directions only: leave out "
            "--no-normalize (normalize=False)",
        )
