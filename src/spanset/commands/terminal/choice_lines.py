"""What a method found beside its picks, as rich renderables: where to stop, what repeats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from spanset.base.errors import printable
from spanset.base.short_names import short_names
from spanset.commands.terminal.fitting import Grid, Row

if TYPE_CHECKING:
    from spanset.data.dataset import Dataset
    from spanset.greedy.enough import Reached
    from spanset.runs.dropped_rows import DroppedRows

LARGEST = 5  # groups that are named
WORDS = 36  # characters of their prompts


def reached_table(reached: Reached, *, ended: bool) -> RenderableType:
    """What rows add, up to where they add little; what fewer and more would."""
    rows = [
        Row(f"{picks:,}", [f"{gain:.3f}", f"{100 * gain / reached.first:.0f} %", _percent(share)])
        for picks, gain, share in reached.curve
    ]
    heads = ["a row\nadds", "of what the\nfirst add", "of what\nall add"]
    last = f"{100 * reached.last / reached.first:.0f} %"
    said = f"The last of {reached.picks:,} rows add {last} of what the first add"
    said += "." if ended else ": nowhere less than asked. A larger --least-gain ends earlier."
    said += f" Half as many keep {_percent(reached.half)} of what all add together"
    if ended:
        said += f"; {reached.more:,} would have {_percent(reached.more_at_most)} at most"
    return Group(Grid("Where rows add little", "picks", heads, rows), Text(said + "."), Text())


def dropped_table(dropped: DroppedRows, data: Dataset) -> RenderableType:
    """How many rows repeat others, and which stand for most of them."""
    exact = int(dropped.exact.sum())
    said = (
        f"{len(dropped.rows):,} of {len(data):,} rows repeat another (cosine "
        f"{dropped.threshold:g} or more): {exact:,} exactly, {len(dropped.rows) - exact:,} nearly."
    )
    given = int((dropped.of < 0).sum())
    if given:
        said += f" {given:,} repeat a given row."
    if not len(dropped.rows):
        return Text(f"No row repeats another (cosine {dropped.threshold:g} or more).\n")
    rows = []
    names = short_names([source.name for source in data.sources])
    for row, count in zip(*dropped.groups(), strict=True):
        if row < 0 or len(rows) == LARGEST:
            continue
        prompt = data.conversation(int(row)).prompt or data.conversation(int(row)).text
        words = printable(" ".join(prompt.split()))[:WORDS]
        where = f"{names[int(data.source[row])]}:{data.line[row]}"
        rows.append(Row(where, [f"{count:,}", words]))
    table = Grid("Stand for most", "row", ["rows", "which begins"], rows, words=(1,))
    return Group(*([table] if rows else []), Text(said), Text())


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
