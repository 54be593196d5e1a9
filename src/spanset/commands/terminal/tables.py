"""What the command line shows, as rich renderables; nothing is printed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from spanset.base.errors import printable
from spanset.base.short_names import short_names
from spanset.commands.terminal.fitting import Grid, Items, Row
from spanset.config.amounts import size_of
from spanset.data.remarks import remark_lines
from spanset.runs.read_inputs import read_inputs

if TYPE_CHECKING:
    from pathlib import Path

    from spanset.data.dataset import Dataset
    from spanset.stores.user_cache import CachedStore


def input_table(data: Dataset) -> RenderableType:
    """Inputs with their format and what was left out; then what was recognised in their rows."""
    lines = [Text(printable(line)) for line in remark_lines(data)]
    table = InputTable(data)
    return Group(table, *lines, Text()) if lines else table


@dataclass(frozen=True)
class InputTable:
    """A row an input: by its whole name where there is room for it, else by its short one."""

    data: Dataset

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table."""
        names = [source.name for source in self.data.sources]
        table = self._named(names)
        if not table.fits(options.max_width, whole=True):
            table = self._named(short_names(names))
        yield table

    def _named(self, names: Sequence[str]) -> Grid:
        inputs = read_inputs(self.data)
        rows = []
        for name, one in zip(names, inputs, strict=True):
            counts = (f"{count:,}" for count in (one.rows, *one.left_out.values()))
            rows.append(Row(name, [one.format, *counts]))
        heads = ["format", "rows", *(inputs[0].left_out if inputs else ())]
        # Where a file lies can be read at any length.
        return Grid("Data", "input", heads, rows, longest=1000, words=(0,))


def facts_grid() -> Table:
    """Names and values in two columns, without lines."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold")
    facts.add_column(overflow="fold")
    return facts


def add_costs(facts: Table, timings: Mapping[str, float], peak_bytes: int) -> None:
    """What a run took."""
    facts.add_row("seconds", Items(seconds_of(timings)))
    facts.add_row("peak memory", f"{peak_bytes / 2**30:.2f} GiB")


def seconds_of(timings: Mapping[str, float]) -> list[str]:
    """Stages with the seconds that they took, without digits that say nothing."""
    return [f"{name} {_seconds(value)}" for name, value in timings.items()]


def _seconds(value: float) -> str:
    if value < 0.05:
        return "0"
    return f"{value:.1f}" if value < 99.95 else f"{value:,.0f}"


def plan_table(plan: dict[str, str]) -> Table:
    """What a run would do and take."""
    facts = facts_grid()
    for name, value in plan.items():
        facts.add_row(name, Text(printable(value)))
    return facts


def cache_table(
    stores: Sequence[CachedStore], references: Sequence[Path] = (), pairs: Sequence[Path] = ()
) -> RenderableType:
    """Stores in the cache and their sizes; curves of uniform points; near pairs of data sets."""
    rows = [
        Row(
            store.name,
            [
                f"{store.rows:,}",
                "complete" if store.is_complete else "unfinished",
                size_of(store.bytes),
                printable(f"{store.path.parent.name[:8]}/{store.path.name[:8]}"),
            ],
        )
        for store in stores
    ]
    lines = []
    if stores:
        total = size_of(sum(one.bytes for one in stores))
        lines.append(f"{total} in all, in {stores[0].path.parents[1]}")
    for files, what in ((references, "curves of uniform points"), (pairs, "files of near pairs")):
        if files:
            size = size_of(sum(path.stat().st_size for path in files))
            lines.append(f"{len(files):,} {what}, {size}, in {files[0].parent}")
    said = Text("\n".join(map(printable, lines)) or "nothing is cached")
    heads = ["rows", "state", "size", "folder"]
    return Group(Grid("Cache", "features of", heads, rows, words=(1, 3)), said) if stores else said


def plain_table(first: str, *heads: str | Text, title: str) -> Table:
    """A titled table; all columns but the first are numbers."""
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    table.add_column(first, overflow="fold")
    for head in heads:
        table.add_column(head, justify="right")
    return table
