"""Rows of a matrix as the kernel sees them, made from features when they are asked for.

Features are kept in float32, in memory or mapped from a file; engines compute with unit rows, or
rows at their lengths, in float64 or float32. Made a chunk at a time these take no memory of their
own. They are those of `unit_rows`, `kernel_rows` and `rows_as_given`, to the last bit.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.unit_rows import STEP, require_ordinary, to_length_one

Matrix = npt.NDArray[np.floating[Any]]

WHERE = "features"  # what errors are about


@dataclass(frozen=True, eq=False)
class LazyRows:
    """Rows (N, d) that are made when they are taken: ``rows[start:stop]``, ``rows[positions]``.

    Attributes
    ----------
    source : (N, d)
        Features as they are kept.
    dtype : dtype
        Of the rows.
    computed : dtype
        That they are computed in, before they are converted to `dtype`.
    scales : ((N,), (N,)) float64 or None
        Largest entry of each row, and its length after division by that; None for rows as they are.
    lengths : (N,) or None
        Lengths to bring unit rows to.
    """

    source: npt.NDArray[Any]
    dtype: np.dtype[Any]
    computed: np.dtype[Any]
    scales: tuple[FloatArray, FloatArray] | None = None
    lengths: npt.NDArray[Any] | None = None

    @classmethod
    def unit(
        cls, X: npt.NDArray[Any], dtype: npt.DTypeLike, lengths: FloatArray | None = None
    ) -> LazyRows:
        """As `unit_rows`, or with lengths as `kernel_rows`; all rows are checked now.

        Raises
        ------
        DataError
            As these.
        """
        kind = np.dtype(dtype)
        largest, scaled = np.empty(len(X)), np.empty(len(X))
        for start in range(0, len(X), STEP):
            step = slice(start, start + STEP)
            rows = _read(X, step).astype(np.float64)
            largest[step], scaled[step] = to_length_one(rows, start)
        if lengths is None:
            return cls(X, kind, kind, (largest, scaled))
        require_ordinary(lengths, kind, WHERE)
        return cls(X, kind, kind, (largest, scaled), lengths.astype(kind))

    @classmethod
    def as_given(cls, X: npt.NDArray[Any], dtype: npt.DTypeLike) -> LazyRows:
        """As `rows_as_given`; all rows are checked now.

        Raises
        ------
        DataError
            As there.
        """
        scales = cls.unit(X, dtype).scales
        assert scales is not None  # noqa: S101 (of unit rows)
        with np.errstate(over="ignore"):
            require_ordinary(scales[0] * scales[1], np.dtype(dtype), WHERE)
        return cls.converted(X, dtype)

    @classmethod
    def converted(cls, X: npt.NDArray[Any], dtype: npt.DTypeLike) -> LazyRows:
        """The rows as they are, in another type; unchecked."""
        return cls(X, np.dtype(dtype), X.dtype)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.source.shape[0], self.source.shape[1]

    @property
    def itemsize(self) -> int:
        """Bytes of a number."""
        return self.dtype.itemsize

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, rows: slice | IntArray) -> Matrix:
        kept = self.kept(rows)
        if self.scales is not None and kept.dtype == np.float64:
            kept = kept.copy()  # the rows are made in place
        return self.made(kept, rows, lambda one: one, _converted)

    def kept(self, rows: slice | IntArray) -> Matrix:
        """Rows as they are kept: `source[rows]`."""
        return _read(self.source, rows)

    def made(
        self,
        kept: Any,
        rows: slice | IntArray,
        brought: Callable[[npt.NDArray[Any]], Any],
        converted: Callable[[Any, np.dtype[Any]], Any],
    ) -> Any:
        """Rows from what is kept of them, here or where they are going: the same to the last bit.

        Parameters
        ----------
        kept : (b, d)
            `kept(rows)`, as an array of either kind; scaled in place where it is of float64.
        brought, converted : callable
            A numpy array as one of its kind; an array of its kind in another type.
        """
        if self.scales is None:
            return converted(kept, self.dtype)
        largest, scaled = (brought(one[rows]) for one in self.scales)
        made = converted(kept, np.dtype(np.float64))
        made /= largest[:, None]
        made /= scaled[:, None]
        made = converted(made, self.computed)
        if self.lengths is not None:
            made *= brought(self.lengths[rows])[:, None]
        return converted(made, self.dtype)

    def astype(self, dtype: npt.DTypeLike) -> LazyRows:
        """The same rows, converted when they are made."""
        return replace(self, dtype=np.dtype(dtype))

    def only(self, rows: slice | IntArray) -> LazyRows:
        """Some of the rows, still to be made."""
        scales = self.scales
        return replace(
            self,
            source=np.ascontiguousarray(_read(self.source, rows)),
            scales=None if scales is None else (scales[0][rows], scales[1][rows]),
            lengths=None if self.lengths is None else self.lengths[rows],
        )

    def held(self) -> Matrix:
        """All of them, made."""
        made = np.empty(self.shape, self.dtype)
        for start in range(0, len(self), STEP):
            made[start : start + STEP] = self[start : start + STEP]
        return made


AnyRows = Matrix | LazyRows


def some_of(X: AnyRows, rows: slice | IntArray) -> AnyRows:
    """Some rows, lazy where they were."""
    return X.only(rows) if isinstance(X, LazyRows) else X[rows]


def by_steps(X: AnyRows, of_rows: Callable[[Matrix], FloatArray]) -> FloatArray:
    """What a function gives for each row, which it looks at alone; (N,) float64."""
    if not isinstance(X, LazyRows):
        return of_rows(X)
    steps = [of_rows(X[start : start + STEP]) for start in range(0, len(X), STEP)]
    return np.concatenate(steps) if steps else np.zeros(0)


def _converted(array: Matrix, dtype: np.dtype[Any]) -> Matrix:
    return array.astype(dtype, copy=False)


def _read(X: npt.NDArray[Any], rows: slice | IntArray) -> npt.NDArray[Any]:
    """Rows as they are kept; pages of a file do not stay this process's memory."""
    if not isinstance(X, np.memmap):
        return X[rows]
    found = np.array(X[rows])
    mapped: Any = X._mmap  # pyright: ignore[reportAttributeAccessIssue]
    if hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)
    return found
