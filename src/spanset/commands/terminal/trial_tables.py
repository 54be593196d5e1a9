"""A trial as rich renderables: every choice beside its controls, and what that says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from spanset.base.errors import printable
from spanset.commands.terminal.fitting import Grid, Row, cut_middle
from spanset.commands.terminal.tables import add_costs, facts_grid
from spanset.runs.trial_lines import caption_of, judged_lines, title_of, verdict_lines

if TYPE_CHECKING:
    from spanset.commands.trial import TrialPart, TrialRun
    from spanset.trials.trial_results import Sets, TrialResults

LONGEST = 76  # cells of a title
SHOWN = 24  # choices of which a verdict is spelled out


def trial_tables(run: TrialRun) -> RenderableType:
    """A table a kind of judge, the verdicts, and how the run went."""
    results = run.results
    parts: list[RenderableType] = [_choices(results)]
    parts += [_table(results, sets) for sets in results.groups]
    parts += [_verdicts(results), Text(caption_of(results), style="dim"), Text(), _facts(run)]
    return Group(*parts)


def part_line(part: TrialPart) -> Text:
    """What a shard did, and what is next."""
    return Text(
        printable(
            f"{part.own:,} of {part.all:,} trainings are done, kept in {part.folder}; once all "
            "parts are, the same command without --shard tells"
        )
    )


def _choices(results: TrialResults) -> Grid:
    rows = [
        Row(one.name, [f"{one.rows:,}", f"{one.tokens:,}", one.of_tokens])
        for one in results.choices
    ]
    heads = ["rows", "answer\ntokens", "as many tokens have"]
    return Grid("Choices", "choice", heads, rows, words=(2,))


def _table(results: TrialResults, sets: Sets) -> Grid:
    rows = [Row(one.name, one.cells) for one in judged_lines(results, sets)]
    heads = [sets.unit, "±", "beside random\nrows", "beside as\nmany tokens"]
    return Grid(cut_middle(title_of(sets), LONGEST), "choice", heads, rows)


def _verdicts(results: TrialResults) -> RenderableType:
    rows = [Row(name, [said]) for name, said in verdict_lines(results, SHOWN)]
    return Grid("Verdict", "choice", [""], rows, words=(0,))


def _facts(run: TrialRun) -> RenderableType:
    facts = facts_grid()
    add_costs(facts, run.timings, run.peak_bytes)
    facts.add_row("kept in", Text(printable(run.folder)))
    if run.drawn is not None:
        facts.add_row("drawn", Text(printable(run.drawn)))
    if run.page is not None:
        facts.add_row("page", Text(printable(run.page)))
    return facts
