"""What the command line shows, as rich renderables; nothing is printed here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from spanset.base.errors import printable
from spanset.data.remarks import remark_lines

if TYPE_CHECKING:
    from pathlib import Path

    from spanset.commands.select import Outcome
    from spanset.data.dataset import Dataset
    from spanset.runs.summary import SetSummary
    from spanset.stores.user_cache import CachedStore

SHOWN_VALUES = 16  # values of a field in the table; the rest are added up


def input_table(data: Dataset) -> RenderableType:
    """Inputs with their format and what was left out; then what was recognised in their rows."""
    heads = ["format", "rows", "malformed", "no answer"]
    heads += ["not represented"] if data.unrepresented else []
    table = plain_table("input", *heads, title="Data")
    for number, (source, format) in enumerate(zip(data.sources, data.formats, strict=True)):
        left_out = [data.bad, data.empty]
        left_out += [data.unrepresented] if data.unrepresented else []
        table.add_row(
            Text(printable(source.name)),
            format.name,
            f"{int((data.source == number).sum()):,}",
            *(f"{sum(row.source == source.name for row in rows):,}" for rows in left_out),
        )
    lines = [Text(printable(line)) for line in remark_lines(data)]
    return Group(table, *lines, Text()) if lines else table


def selection_table(outcome: Outcome) -> RenderableType:
    """Pool, picks and random subsets side by side; then how the run went."""
    sets = outcome.summaries
    many = len({one.rows for one in sets if one.name == "picked"}) > 1
    heads = [
        f"{one.name} {one.rows:,}" if many and one.name != "pool" else one.name for one in sets
    ]
    table = plain_table("", *heads, title="Selection")
    table.add_row("rows", *(f"{one.rows:,}" for one in sets))
    table.add_row("tokens (about)" if _estimated(outcome) else "tokens", *map(_tokens, sets))
    table.add_row("tokens per row", *(f"{one.tokens / one.rows:,.0f}" for one in sets))
    table.add_row("log det, nats", *map(_log_det, sets))
    table.add_row("near duplicates", *map(_near_duplicates, sets))
    for field, rows in _share_rows(sets):
        table.add_section()
        table.add_row(Text(f"share by {printable(field)}", style="bold"))
        for value, shares in rows:
            table.add_row(Text(f"  {printable(value)}"), *shares)
    return Group(table, Text(), _facts(outcome))


def _facts(outcome: Outcome) -> Table:
    picks = outcome.run.picks
    facts = facts_grid()
    short = outcome.wanted is not None and len(picks) < outcome.wanted
    count = f"after {len(picks):,} of {outcome.wanted:,}: " if short else ""
    last = "" if np.isnan(picks.gains[-1]) else f"; gain of the last pick {picks.gains[-1]:.4g}"
    facts.add_row("stopped", f"{count}{picks.stop_reason.value}{last}")
    times = outcome.timings
    facts.add_row("seconds", "  ".join(f"{name} {times[name]:.1f}" for name in times))
    facts.add_row("peak memory", f"{outcome.peak_bytes / 2**30:.2f} GiB")
    for number, name in enumerate(outcome.written):
        facts.add_row("" if number else "written", Text(printable(name)))
    return facts


def facts_grid() -> Table:
    """Names and values in two columns, without lines."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold")
    facts.add_column(overflow="fold")
    return facts


def plan_table(plan: dict[str, str]) -> Table:
    """What a run would do and take."""
    facts = facts_grid()
    for name, value in plan.items():
        facts.add_row(name, Text(printable(value)))
    return facts


def cache_table(stores: Sequence[CachedStore], references: Sequence[Path] = ()) -> Table:
    """Stores in the cache and their sizes; then the curves of uniform points."""
    table = plain_table("features of", "rows", "MiB", "", "folder", title="Cache")
    for store in stores:
        state = "complete" if store.is_complete else "unfinished"
        size = f"{store.bytes / 2**20:,.0f}"
        table.add_row(
            Text(printable(store.name)),
            f"{store.rows:,}",
            size,
            state,
            Text(printable(f"{store.path.parent.name[:8]}/{store.path.name[:8]}")),
        )
    total = sum(one.bytes for one in stores) / 2**20
    lines = [f"{total:,.0f} MiB in all, in {stores[0].path.parents[1]}"] if stores else []
    if references:
        size = sum(path.stat().st_size for path in references) / 2**20
        lines.append(
            f"{len(references):,} curves of uniform points, {size:,.1f} MiB, in "
            f"{references[0].parent}"
        )
    table.caption = Text("\n".join(map(printable, lines)) or "nothing is cached")
    table.caption_justify = "left"
    return table


def plain_table(first: str, *heads: str | Text, title: str) -> Table:
    """A titled table; all columns but the first are numbers."""
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    table.add_column(first, overflow="fold")
    for head in heads:
        table.add_column(head, justify="right")
    return table


def _estimated(outcome: Outcome) -> bool:
    from spanset.quality.lengths import APPROXIMATION

    return outcome.run.tokens.method == APPROXIMATION


def _tokens(one: SetSummary) -> str:
    for unit, size in (("M", 10**6), ("k", 10**3)):
        if one.tokens >= 10 * size:
            return f"{one.tokens / size:,.1f}{unit}"
    return f"{one.tokens:,}"


def _log_det(one: SetSummary) -> str:
    if one.log_det is None:
        return "-"
    spread = f" ± {one.log_det_deviation:,.0f}" if one.name == "random" else ""
    return f"{one.log_det:,.0f}{spread}"


def _near_duplicates(one: SetSummary) -> str:
    error = one.near_duplicates_error
    about = f" ± {100 * error:.1f}" if error else ""
    return f"{100 * one.near_duplicates:.1f}{about} %"


def _share_rows(
    sets: Sequence[SetSummary],
) -> list[tuple[str, list[tuple[str, list[str]]]]]:
    """Fields with the shares of their values in every set, the pool's most common first."""
    fields = []
    for field in sets[0].shares:
        values = list(sets[0].shares[field])
        if field == "source" and len(values) < 2:
            continue  # one file: nothing to compare
        rows = [
            (
                value or "(empty)",
                [f"{100 * one.shares[field].get(value, 0.0):.1f} %" for one in sets],
            )
            for value in values[:SHOWN_VALUES]
        ]
        if rest := values[SHOWN_VALUES:]:
            sums = (sum(one.shares[field].get(value, 0.0) for value in rest) for one in sets)
            rows.append((f"{len(rest):,} others", [f"{100 * total:.1f} %" for total in sums]))
        fields.append((field, rows))
    return fields
