"""Rows as tokens, packed, kept from the look at all of them for the passes that follow.

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

# Sequences of a row, four bytes a token, and whether each was cut: supervised tokens are there as
# their complement, below zero.
PackedRow = tuple[tuple[npt.NDArray[np.int32], bool], ...]


def packed(read: TokenRow) -> PackedRow:
    """A row, to be kept or sent."""
    return tuple(
        (np.where(one.supervised, ~one.ids, one.ids), one.truncated) for one in read.sequences
    )


def unpacked_row(row: PackedRow) -> TokenRow:
    """The row as it was."""
    return TokenRow.of(
        Rendered(np.where(tokens < 0, ~tokens, tokens), tokens < 0, truncated)
        for tokens, truncated in row
    )


class KeptTokens:
    """Rows of a data set as tokens.

    Parameters
    ----------
    data : Dataset
        That the rows are of.
    room : float
        Bytes that they may take, about; rows beyond are not kept.
    """

    def __init__(self, data: Dataset, room: float) -> None:
        self.data, self._room = data, room
        self._rows: dict[int, PackedRow] = {}

    def __contains__(self, row: int) -> bool:
        return row in self._rows

    def __getitem__(self, row: int) -> TokenRow:
        return unpacked_row(self._rows[row])

    def keep(self, row: int, read: PackedRow) -> None:
        """Keep a row, while there is room."""
        self._room -= sum(tokens.nbytes + BESIDE for tokens, _ in read)
        if self._room >= 0:
            self._rows[row] = read
