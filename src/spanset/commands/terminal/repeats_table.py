"""What repeats across inputs, as a rich renderable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from spanset.commands.terminal.fitting import Grid, Row, cut_middle

if TYPE_CHECKING:
    from spanset.diversity.repeats import Repeats

LONGEST_HEAD = 12  # cells of a data set's name above a column


def repeats_table(repeats: Repeats) -> RenderableType:
    """Rows of each data set that repeat a row of another, as a matrix of those that have any."""
    if not repeats.any:
        return Text(f"{_repeating(repeats)}: none.\n")
    found = (repeats.near > 0) | (repeats.exact > 0)
    own = np.flatnonzero(found.any(axis=1)).tolist()
    others = np.flatnonzero(found.any(axis=0)).tolist()
    rows = [Row(repeats.names[i], [_repeated(repeats, i, j) for j in others]) for i in own]
    heads = [cut_middle(repeats.names[j], LONGEST_HEAD) for j in others]
    text = f"{_repeating(repeats)}, in % of the set on the left"
    text += "; in brackets, the rows that are the same." if repeats.exact.any() else "."
    if repeats.error.any():
        errors = 100 * float(repeats.error.max())
        text += f" Of some rows of each, drawn at random: ± {errors:.1f} at most."
    return Group(Grid("Repeats", "rows of", heads, rows), Text(text), Text())


def _repeating(repeats: Repeats) -> str:
    return f"Rows that repeat a row of another input (cosine {repeats.threshold:g} or more)"


def _repeated(repeats: Repeats, row: int, column: int) -> str:
    if row == column or not (repeats.near[row, column] or repeats.exact[row, column]):
        return "" if row == column else "-"
    share, exact = 100 * repeats.near[row, column], int(repeats.exact[row, column])
    shown = "<0.1" if share < 0.1 else "100" if share >= 99.95 else f"{share:.1f}"
    return f"{shown} ({exact:,})" if exact else shown
