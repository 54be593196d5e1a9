"""A trial as rich renderables: every choice beside its controls, and what that says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from spanset.base.alike_numbers import alike
from spanset.base.errors import printable
from spanset.commands.terminal.fitting import Grid, Row, cut_middle
from spanset.commands.terminal.tables import add_costs, facts_grid
from spanset.trials.differences import means
from spanset.trials.outcome import deviation
from spanset.trials.trial import UNTUNED

if TYPE_CHECKING:
    from spanset.commands.trial import TrialPart, TrialRun
    from spanset.trials.differences import Difference
    from spanset.trials.outcome import Judged, Outcome, Sets

TOLD = "*"  # beside a difference whose interval leaves out 0
TITLES = {
    "home": "At home: rows of the same data, held out",
    "away": "Away from home: {names}",
    "questions": "Questions: {names}",
}
UNITS = {
    "loss": "Loss of answers in nats per token, lower is better",
    "accuracy": "Percent answered right, higher is better",
}
LONGEST = 76  # cells of a title
SHOWN = 24  # choices of which a verdict is spelled out


def trial_tables(run: TrialRun) -> RenderableType:
    """A table a kind of judge, the verdicts, and how the run went."""
    outcome = run.outcome
    parts: list[RenderableType] = [_choices(outcome)]
    parts += [_table(outcome, sets) for sets in outcome.groups]
    parts += [_verdicts(outcome), Text(_caption(outcome), style="dim"), Text(), _facts(run)]
    return Group(*parts)


def part_line(part: TrialPart) -> Text:
    """What a shard did, and what is next."""
    return Text(
        printable(
            f"{part.own:,} of {part.all:,} trainings are done, kept in {part.folder}; once all "
            "parts are, the same command without --shard tells"
        )
    )


def _choices(outcome: Outcome) -> Grid:
    rows = []
    for number, one in enumerate(outcome.candidates):
        beside = outcome.controls.all[outcome.controls.of_tokens[number]].name
        tokens = f"{outcome.tokens_of(number):,}"
        rows.append(Row(one.name, [f"{len(one.rows):,}", tokens, beside]))
    heads = ["rows", "answer\ntokens", "as many tokens have"]
    return Grid("Choices", "choice", heads, rows, words=(2,))


def _table(outcome: Outcome, sets: Sets) -> Grid:
    scale = 1 if sets.unit == "loss" else 100
    judged = [outcome.judged(number, sets) for number in range(len(outcome.candidates))]
    controls = [means(outcome.scored(one.name, sets)) for one in outcome.controls.all]
    values = [one.mean for one in judged] + [float(one.mean()) for one in controls]
    shown = alike([scale * value for value in [*values, outcome.as_it_is(sets)]], most=4)
    digits = max(len(text.partition(".")[2]) for text in shown)
    spreads = [one.deviation for one in judged] + [deviation(one) for one in controls]
    names = [one.name for one in outcome.candidates] + [one.name for one in outcome.controls.all]
    rows = []
    for number, name in enumerate(names):
        cells = [shown[number], _spread(scale * spreads[number], digits)]
        if number < len(judged):
            one = judged[number]
            cells += [_difference(one.rows, scale, digits), _difference(one.tokens, scale, digits)]
        else:
            cells += ["", ""]
        rows.append(Row(name, cells))
    rows.append(Row(UNTUNED, [shown[-1], "", "", ""]))
    heads = [sets.unit, "±", "beside random\nrows", "beside as\nmany tokens"]
    title = TITLES[sets.name].format(names=", ".join(sets.names))
    return Grid(cut_middle(title, LONGEST), "choice", heads, rows)


def _spread(value: float, digits: int) -> str:
    return "" if not np.isfinite(value) else f"{value:.{digits}f}"


def _difference(one: Difference, scale: float, digits: int) -> str:
    width = scale * (one.high - one.low) / 2
    interval = f" ± {width:.{digits}f}" if np.isfinite(width) else ""
    mark = TOLD if one.sign else " "
    return f"{scale * one.mean:+.{digits}f}{interval}{mark}"


def _verdicts(outcome: Outcome) -> RenderableType:
    rows = []
    for number, one in enumerate(outcome.candidates[:SHOWN]):
        found = [(sets.name, outcome.judged(number, sets)) for sets in outcome.groups]
        rows.append(Row(one.name, [_said(found)]))
    return Grid("Verdict", "choice", [""], rows, words=(0,))


def _said(found: list[tuple[str, Judged]]) -> str:
    words = list(dict.fromkeys(one.verdict for _, one in found))
    if len(words) == 1:
        return words[0]
    return "\n".join(f"{name}: {one.verdict}" for name, one in found)


def _caption(outcome: Outcome) -> str:
    units = dict.fromkeys(sets.unit for sets in outcome.groups)
    draws = len(outcome.controls.all[0].draws)
    return (
        "; ".join(UNITS[unit] for unit in units)
        + f". ±: deviation over trainings, of random rows over {draws} draws. Differences with "
        f"their 95 % interval; {TOLD} where it leaves out 0: one in twenty does by chance."
    )


def _facts(run: TrialRun) -> RenderableType:
    facts = facts_grid()
    add_costs(facts, run.timings, run.peak_bytes)
    facts.add_row("kept in", Text(printable(run.folder)))
    if run.drawn is not None:
        facts.add_row("drawn", Text(printable(run.drawn)))
    return facts
