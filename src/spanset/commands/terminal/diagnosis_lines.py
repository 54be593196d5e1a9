"""Signs that a selection went wrong, as a rich renderable: what is seen, why, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from spanset.base.errors import printable

if TYPE_CHECKING:
    from spanset.runs.signs.sign import Sign


def diagnosis_lines(signs: Sequence[Sign]) -> RenderableType:
    """A paragraph a sign; words are not broken."""
    return Group(*(part for sign in signs for part in _paragraph(sign)))


def _paragraph(sign: Sign) -> Sequence[RenderableType]:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold")
    grid.add_column()
    for name, text in (("seen", sign.what), ("why", sign.why), ("do", sign.fix)):
        grid.add_row(name, Text(printable(text)))
    head = Text(f"Diagnosis: {sign.name.replace('-', ' ')}", style="bold yellow")
    return [head, Padding(grid, (0, 0, 1, 2))]
