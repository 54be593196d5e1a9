"""Rows unlike those before them: one pass in order of preference, each row beside the kept ones.

A row is kept where no kept row before it is at a cosine of `threshold` or more. Time O(N kept d) as
matrix products, memory O(kept d).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray
from spanset.base.cosines import as_float32, nearest_of, rounded
from spanset.greedy.quotas import Quotas

BLOCK = 1024  # rows looked at together


def novel_rows(
    X: npt.NDArray[np.floating[Any]],
    order: IntArray,
    threshold: float,
    limit: int,
    given: npt.NDArray[np.floating[Any]] | None = None,
    quotas: Quotas | None = None,
) -> IntArray:
    """The first `limit` rows in this order that are below the threshold with all kept before.

    Parameters
    ----------
    X : (N, d)
        Unit rows.
    order : (n,) int64
        Rows by preference.
    given : (g, d), optional
        Unit rows that are kept from the start, and not among the result.
    quotas : Quotas, optional
        Rows that they do not allow when it is their turn are not kept: no other is near them.
    """
    X = as_float32(X)
    kept: list[int] = []
    ledger = None if quotas is None else quotas.ledger()
    for start in range(0, len(order), BLOCK):
        rows = order[start : start + BLOCK]
        points = X[rows]
        near = np.zeros(len(rows), bool)
        if ledger is not None:
            near = ~ledger.open()[ledger.quotas.groups[rows]]
        for before in (given, X[kept]):
            if before is not None and len(before):
                near |= nearest_of(points, as_float32(before))[0] >= threshold
        among = rounded(points @ points.T) >= threshold
        for place in range(len(rows)):
            if not near[place]:
                kept.append(int(rows[place]))
                if len(kept) == limit:
                    return np.array(kept, np.int64)
                near |= among[place]
                if ledger is not None:  # groups only close
                    ledger.take(int(rows[place]))
                    near |= ~ledger.open()[ledger.quotas.groups[rows]]
    return np.array(kept, np.int64)
