"""Rows as tokens, kept from the look at all of them for the passes that follow.

Rendering is Python's work, and so is launching a pass: a device would wait for both. So rows are
not rendered a second time, but for those that there was no room for.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spanset.data.dataset import Dataset
from spanset.models.rendering.renderer import Rendered
from spanset.models.rendering.sides import TokenRow

BESIDE = 200  # bytes of a sequence beside its tokens


class KeptTokens:
    """Rows of a data set as tokens, four bytes each.

    Parameters
    ----------
    data : Dataset
        That the rows are of.
    room : float
        Bytes that they may take, about; rows beyond are not kept.
    """

    def __init__(self, data: Dataset, room: float) -> None:
        self.data, self._room = data, room
        self._rows: dict[int, tuple[tuple[npt.NDArray[np.int32], bool], ...]] = {}

    def __contains__(self, row: int) -> bool:
        return row in self._rows

    def __getitem__(self, row: int) -> TokenRow:
        return TokenRow.of(
            Rendered(np.where(tokens < 0, ~tokens, tokens), tokens < 0, truncated)
            for tokens, truncated in self._rows[row]
        )

    def keep(self, row: int, read: TokenRow) -> None:
        """Keep a row, while there is room."""
        self._room -= sum(one.ids.nbytes + BESIDE for one in read.sequences)
        if self._room >= 0:
            self._rows[row] = tuple(  # supervised tokens as their complement, below zero
                (np.where(one.supervised, ~one.ids, one.ids), one.truncated)
                for one in read.sequences
            )
