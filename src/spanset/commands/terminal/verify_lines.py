"""What `spanset verify` found, as a rich renderable: a line a check, then the verdict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from spanset.base.errors import printable
from spanset.commands.terminal.tables import facts_grid

if TYPE_CHECKING:
    from spanset.commands.verify import Verified
    from spanset.runs.finding import Finding, OtherPick, PickedRow

LONGEST_NAME = 160  # letters of a file's name, of which the end is shown


@dataclass(frozen=True)
class VerifyLines:
    """Checks with a tick each, what differs and why, and the verdict."""

    verified: Verified

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the lines."""
        yes, no = ("ok", "no") if options.ascii_only else ("✓", "✗")
        checks = Table.grid(padding=(0, 2))
        checks.add_column()
        checks.add_column(style="bold")
        checks.add_column(overflow="fold")
        for part, said in self.verified.passed.items():
            checks.add_row(Text(yes, style="green"), part, Text(printable(said)))
        finding = self.verified.finding
        if finding is not None:
            where = finding.where[-LONGEST_NAME:]
            said = f"{where}: {finding.what}" if where else finding.what
            checks.add_row(Text(no, style="red"), finding.part, Text(printable(said)))
        yield checks
        yield Text()
        if finding is not None:
            facts = facts_grid()
            for name, said in _facts(finding):
                facts.add_row(name, Text(printable(said)))
            yield facts
        else:
            yield Text(printable(_verdict(self.verified)), style="bold")


def _verdict(verified: Verified) -> str:
    said = f"{verified.folder}: verified. Made again, it is the same."
    return said if not verified.software else f"{said} Other now: {'; '.join(verified.software)}."


def _facts(finding: Finding) -> Iterator[tuple[str, str]]:
    if finding.pick is not None:
        yield from _pick(finding.pick)
    for number, cause in enumerate(finding.causes):
        yield "" if number else "likely cause", cause
    if finding.fix:
        yield "fix", finding.fix


def _pick(pick: OtherPick) -> Iterator[tuple[str, str]]:
    yield "then", _row(pick.then)
    yield "now", _row(pick.now)
    if pick.near_tie is not None:
        margin = (
            ""
            if pick.smallest_margin is None
            else f"; smallest margin of the run: {pick.smallest_margin:.2g}"
        )
        said = "yes, rounding may decide it" if pick.near_tie else "no, the scores differ"
        yield "near tie", said + margin


def _row(row: PickedRow | None) -> str:
    if row is None:
        return "no further pick"
    gain = "" if row.gain is None else f", gain {row.gain:.6g}"
    score = "" if row.score is None else f", score {row.score:.6g}"
    return f"{row.source}:{row.line}, row {row.row}{gain}{score}"
