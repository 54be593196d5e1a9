"""Rows that are equal, to the last bit."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray


def distinct_rows(X: npt.NDArray[np.float32]) -> IntArray:
    """Positions of the rows that equal none before them, ascending."""
    first: dict[bytes, int] = {}
    for position, key in enumerate(row_keys(X)):
        first.setdefault(key, position)
    return np.fromiter(first.values(), np.int64, len(first))


def row_keys(X: npt.NDArray[np.float32]) -> Iterator[bytes]:
    """A key for every row, the same for equal rows: 16 bytes, so that chance plays no part."""
    for row in X:
        yield blake2b((row + np.float32(0)).tobytes(), digest_size=16).digest()  # -0.0 equals 0.0
