"""Which rows go through the model together: of like length, within a budget of tokens.

The plan is a function of the rows' lengths and the budget alone, so that shards, and a run that
was interrupted, make the same batches: their results are the same to the last bit.
"""

from __future__ import annotations

import numpy as np

from spanset.base.array_types import IntArray


def plan_batches(rows: IntArray, lengths: IntArray, budget: int) -> list[IntArray]:
    """Rows in batches, the longest first.

    The longest first, so that a batch that does not fit in memory shows at once, and because the
    time left is then over- rather than underestimated.

    Parameters
    ----------
    rows : (n,) int64
        Row numbers.
    lengths : (n,) int64
        Tokens of each.
    budget : int
        Tokens of a batch with its padding, at most; a longer row goes alone.
    """
    order = np.lexsort((rows, -lengths))
    batches: list[IntArray] = []
    start = 0
    while start < len(order):
        size = max(1, budget // max(1, int(lengths[order[start]])))
        batches.append(rows[order[start : start + size]])
        start += size
    return batches
