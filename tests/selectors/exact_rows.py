"""Unit rows whose cosines float32 computes without an error, whatever the order of its sums.

Each row is an eighth of eight whole numbers whose squares sum to 64: cosines are multiples of 1/64.
Many are equal, so that these rows are full of ties, and oracles can tell who wins them.
"""

import numpy as np

NUMBERS = np.array(
    [
        [8, 0, 0, 0, 0, 0, 0, 0],
        [4, 4, 4, 4, 0, 0, 0, 0],
        [7, 3, 2, 1, 1, 0, 0, 0],
        [5, 5, 3, 2, 1, 0, 0, 0],
        [6, 3, 3, 3, 1, 0, 0, 0],
        [5, 4, 3, 3, 2, 1, 0, 0],
        [7, 2, 2, 2, 1, 1, 1, 0],
        [4, 4, 4, 3, 2, 1, 1, 1],
    ]
)


def exact_rows(rng, n, *, copies=False):
    """Rows (n, 8) float32; with copies, each of about half as many rows twice."""
    rows = rng.permuted(NUMBERS[rng.integers(0, len(NUMBERS), n)], axis=1)
    rows = rows * rng.choice([-1, 1], rows.shape) / 8
    if copies:
        rows = rows[rng.integers(0, (n + 1) // 2, n)]
    return rows.astype(np.float32)
