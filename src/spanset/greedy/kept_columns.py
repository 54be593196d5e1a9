"""Which rows still have a column in the factor, and where it is.

Columns of spent rows, picks and their copies, are never read again. When they are many, the others
move together and everything after costs less. Symbols: see rules.py.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray

SPENT_SHARE = 1 / 8  # of the columns, from which those of spent rows are let go of


class KeptColumns:
    """Rows by column and columns by row; every row has one at first.

    Attributes
    ----------
    rows : (n,) int64
        Row of each column, ascending.
    of_row : (N,) int64
        Column of each row: -1 where it has been let go of.
    """

    def __init__(self, N: int) -> None:
        self.rows: IntArray = np.arange(N)
        self.of_row: IntArray = np.arange(N)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def are_all(self) -> bool:
        """Whether no row's column has been let go of."""
        return len(self.rows) == len(self.of_row)

    def without(self, is_spent: npt.NDArray[np.bool_]) -> IntArray | None:
        """Columns to keep, ascending, where letting go of those of spent rows is worth it.

        Parameters
        ----------
        is_spent : (N,) bool
            Of each row.
        """
        left = np.flatnonzero(~is_spent[self.rows])
        is_worth_it = len(self) - len(left) >= SPENT_SHARE * len(self)
        return left if len(left) and is_worth_it else None

    def move(self, left: IntArray) -> None:
        """Only these columns are there, in their order."""
        self.of_row[self.rows] = -1
        self.rows = self.rows[left]
        self.of_row[self.rows] = np.arange(len(left))
