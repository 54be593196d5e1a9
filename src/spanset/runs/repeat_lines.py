"""What repeats across inputs, as lines of a matrix of those that have any."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spanset.diversity.repeats import Repeats


class RepeatLines(NamedTuple):
    """Data sets that repeat another, beside those that are repeated.

    Attributes
    ----------
    heads : list of str
        Names of those that are repeated.
    rows : list of (str, list of str)
        Name of a data set, and how much of it each of the others repeats.
    """

    heads: list[str]
    rows: list[tuple[str, list[str]]]


def repeat_lines(repeats: Repeats) -> RepeatLines:
    """The matrix; empty where nothing repeats."""
    found = (repeats.near > 0) | (repeats.exact > 0)
    own = np.flatnonzero(found.any(axis=1)).tolist()
    others = np.flatnonzero(found.any(axis=0)).tolist()
    rows = [(repeats.names[i], [_repeated(repeats, i, j) for j in others]) for i in own]
    return RepeatLines([repeats.names[j] for j in others], rows)


def repeats_caption(repeats: Repeats) -> str:
    """What the matrix says, or that nothing repeats."""
    if not repeats.any:
        return f"{_repeating(repeats)}: none."
    text = f"{_repeating(repeats)}, in % of the set on the left"
    text += "; in brackets, the rows that are the same." if repeats.exact.any() else "."
    if repeats.error.any():
        errors = 100 * float(repeats.error.max())
        text += f" Of some rows of each, drawn at random: ± {errors:.1f} at most."
    return text


def _repeating(repeats: Repeats) -> str:
    return f"Rows that repeat a row of another input (cosine {repeats.threshold:g} or more)"


def _repeated(repeats: Repeats, row: int, column: int) -> str:
    if row == column or not (repeats.near[row, column] or repeats.exact[row, column]):
        return "" if row == column else "-"
    share, exact = 100 * repeats.near[row, column], int(repeats.exact[row, column])
    shown = "<0.1" if share < 0.1 else "100" if share >= 99.95 else f"{share:.1f}"
    return f"{shown} ({exact:,})" if exact else shown
