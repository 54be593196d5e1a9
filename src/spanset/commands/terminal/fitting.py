"""Tables that fit the terminal: no number and no word is broken.

Labels are cut in the middle, for both ends tell names apart. Columns that find no room beside the
others go on in a table below, in which the first may stand again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from spanset.base.errors import printable

LONGEST = 48  # cells of a label, where there are more: numbers far away from it are hard to follow
SHORTEST = 15  # cells of a label, below which it says too little: columns go into a table below


class Row(NamedTuple):
    """A label and the cells beside it; a heading of the rows below, where there are none."""

    label: str
    cells: Sequence[str] = ()
    indent: int = 0


@dataclass(frozen=True)
class Grid:
    """A table of labelled rows, as wide as the terminal lets it be.

    Attributes
    ----------
    title : str
        Above it; empty where it goes on from a table before.
    head, heads : str, sequence of str
        Of the labels, and of the columns; line breaks are kept.
    rows : sequence of Row
        In order.
    repeats : bool
        Whether the first column stands in every part, where there are several.
    words : tuple of int
        Numbers of the columns that do not hold numbers.
    longest : int
        Cells of a label at most.
    """

    title: str
    head: str
    heads: Sequence[str]
    rows: Sequence[Row]
    repeats: bool = False
    words: tuple[int, ...] = ()
    longest: int = LONGEST

    def fits(self, width: int, *, whole: bool = False) -> bool:
        """Whether all columns find room beside their labels, cut ones unless these are `whole`."""
        label = self._label_width if whole else min(self._label_width, SHORTEST)
        return label + self._taken(range(len(self.heads))) <= width

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the lines of all parts."""
        parts = self._parts(options.max_width)
        rest = options.max_width - max(map(self._taken, parts))
        room = max(1, min(self._label_width, self.longest, rest))
        for number, part in enumerate(parts):
            table = self._table(part, room, "" if number else self.title)
            lines = console.render_lines(table, options, pad=False)
            # The blank line above its head stands there already: the table before ends in one.
            for line in lines if table.title else lines[1:]:
                yield from (*line, Segment.line())

    def _parts(self, width: int) -> list[list[int]]:
        """Numbers of the columns that stand side by side."""
        if self.fits(width):
            return [list(range(len(self.heads)))]
        label = min(self._label_width, SHORTEST)
        first = [0] if self.repeats else []
        parts: list[list[int]] = []
        for column in range(len(first), len(self.heads)):
            if parts and label + self._taken([*parts[-1], column]) <= width:
                parts[-1].append(column)
            elif label + self._taken([*first, column]) <= width:
                parts.append([*first, column])
            else:  # not even beside the first, which stands alone, once
                parts += [[column]] if parts or not first else [first, [column]]
        return parts or [first]

    def _table(self, columns: Sequence[int], room: int, title: str) -> Table:
        table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
        table.add_column(_text(self.head, room), no_wrap=True)
        for column in columns:
            justify = "left" if column in self.words else "right"
            table.add_column(Text(self.heads[column]), justify=justify, no_wrap=True)
        for row in self.rows:
            label = _text(row.label, room, row.indent)
            if not row.cells:
                table.add_section()
                label.stylize("bold")
            table.add_row(label, *(Text(row.cells[column]) for column in columns if row.cells))
        return table

    @property
    def _label_width(self) -> int:
        rows = (row.indent + cell_len(printable(row.label)) for row in self.rows)
        return max((*rows, cell_len(printable(self.head))))

    def _taken(self, columns: Sequence[int]) -> int:
        """Cells of a table with these columns, less those of the labels."""
        return sum(self._width(column) for column in columns) + 3 * (len(columns) + 1) + 1

    def _width(self, column: int) -> int:
        cells = (row.cells[column] for row in self.rows if row.cells)
        return max(cell_len(line) for text in (self.heads[column], *cells) for line in _lines(text))


@dataclass(frozen=True)
class Items:
    """Words in a row, on as many lines as they take; a line never ends within one."""

    items: Sequence[str]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the lines."""
        line = ""
        for item in self.items:
            longer = f"{line}  {item}" if line else item
            if line and cell_len(longer) > options.max_width:
                yield Text(line)
                longer = item
            line = longer
        yield Text(line)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """The longest item, and all of them."""
        widths = [cell_len(item) for item in self.items]
        most = sum(widths) + 2 * (len(widths) - 1)
        return Measurement(max(widths), most).with_maximum(options.max_width)


def cut_middle(text: str, width: int) -> str:
    """Text on one line of at most `width` cells; of a longer one the middle goes."""
    text = printable(text)
    if cell_len(text) <= width:
        return text
    tail = max(0, width - 1) // 2
    end = _start(text[::-1], tail)[::-1]
    return _start(text, width - 1 - tail) + "…" * (width > 0) + end


def _start(text: str, width: int) -> str:
    """As much of a text as finds room; letters may be two cells wide."""
    for number in range(len(text)):
        if cell_len(text[: number + 1]) > width:
            return text[:number]
    return text


def _text(label: str, room: int, indent: int = 0) -> Text:
    return Text(" " * min(indent, room) + cut_middle(label, room - indent))


def _lines(text: str) -> list[str]:
    return text.splitlines() or [""]
