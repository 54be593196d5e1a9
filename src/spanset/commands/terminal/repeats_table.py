"""What repeats across inputs, as a rich renderable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from spanset.commands.terminal.fitting import Grid, Row, cut_middle
from spanset.runs.repeat_lines import repeat_lines, repeats_caption

if TYPE_CHECKING:
    from spanset.diversity.repeats import Repeats

LONGEST_HEAD = 12  # cells of a data set's name above a column


def repeats_table(repeats: Repeats) -> RenderableType:
    """Rows of each data set that repeat a row of another, as a matrix of those that have any."""
    if not repeats.any:
        return Text(f"{repeats_caption(repeats)}\n")
    found = repeat_lines(repeats)
    heads = [cut_middle(name, LONGEST_HEAD) for name in found.heads]
    rows = [Row(name, cells) for name, cells in found.rows]
    return Group(Grid("Repeats", "rows of", heads, rows), Text(repeats_caption(repeats)), Text())
