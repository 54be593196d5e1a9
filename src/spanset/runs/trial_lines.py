"""A trial as lines: every choice beside its controls, and what that says in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from spanset.base.alike_numbers import alike
from spanset.trials.differences import Difference, deviation
from spanset.trials.trial_results import UNTUNED, Judged, Sets, TrialResults
from spanset.trials.verdict import BETTER

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
WHERE = {"home": "at home", "away": "away from home", "questions": "by questions"}
BY_CHANCE = (
    "Of many choices one in twenty is told apart by chance: run a finding again with another "
    "--seed before you believe it."
)


class JudgedLine(NamedTuple):
    """A choice, a control or the model as it is, by some sets.

    Attributes
    ----------
    name : str
        What it is called.
    mean, spread : str
        Over trainings or draws; empty where there is none.
    to_rows, to_tokens : str
        Difference to random rows of as many rows, of as many tokens, with its interval; empty
        where there is none.
    values : tuple of float
        The same four as numbers; NaN where there is none.
    """

    name: str
    mean: str
    spread: str
    to_rows: str
    to_tokens: str
    values: tuple[float, float, float, float]

    @property
    def cells(self) -> list[str]:
        """All but the name."""
        return [self.mean, self.spread, self.to_rows, self.to_tokens]


def judged_lines(results: TrialResults, sets: Sets) -> list[JudgedLine]:
    """Choices, controls, and the model as it is, by a group of sets or by one."""
    scale = scale_of(sets)
    judged = [results.judged(number, sets) for number in range(len(results.choices))]
    drawn = [np.array(results.drawn(number, sets)) for number in range(len(results.controls))]
    values = [one.mean for one in judged] + [float(one.mean()) for one in drawn]
    shown = alike([scale * value for value in [*values, results.as_it_is(sets)]], most=4)
    digits = max(len(text.partition(".")[2]) for text in shown)
    spreads = [one.deviation for one in judged] + [deviation(one) for one in drawn]
    names = [one.name for one in results.choices] + [one.name for one in results.controls]
    lines = []
    for number, name in enumerate(names):
        spread = _spread(scale * spreads[number], digits)
        sides, numbers = ("", ""), (np.nan, np.nan)
        if number < len(judged):
            one = judged[number]
            sides = (_difference(one.rows, scale, digits), _difference(one.tokens, scale, digits))
            numbers = (one.rows.mean, one.tokens.mean)
        own = (values[number], spreads[number], *numbers)
        lines.append(JudgedLine(name, shown[number], spread, *sides, own))
    untuned = (results.as_it_is(sets), np.nan, np.nan, np.nan)
    return [*lines, JudgedLine(UNTUNED, shown[-1], "", "", "", untuned)]


def scale_of(sets: Sets) -> float:
    """Losses are shown as they are, shares in per cent."""
    return 1.0 if sets.unit == "loss" else 100.0


def title_of(sets: Sets) -> str:
    """What a group judges by."""
    return TITLES[sets.name].format(names=", ".join(sets.names))


def verdict_lines(results: TrialResults, most: int | None = None) -> Iterator[tuple[str, str]]:
    """Names of choices, the first `most` of them, and what is said of each; a line a group."""
    for number, one in enumerate(results.choices[:most]):
        yield (
            one.name,
            _said([(sets.name, results.judged(number, sets)) for sets in results.groups]),
        )


def headline(results: TrialResults) -> str:
    """How many choices are better than random rows, by every kind of judge; of one, what it is."""
    choices = results.choices
    if len(choices) == 1:
        groups = choices[0].groups
        parts = [f"{groups[sets.name].verdict} {WHERE[sets.name]}" for sets in results.groups]
        return f"{choices[0].name} beside random rows: {', '.join(parts)}."
    parts = []
    for sets in results.groups:
        better = sum(one.groups[sets.name].verdict == BETTER for one in choices)
        of = "" if parts else f" of {len(choices):,} choices"
        parts.append(f"{better or 'none'}{of} {WHERE[sets.name]}")
    return f"Better than random rows: {', '.join(parts)}."


def caption_of(results: TrialResults) -> str:
    """What the numbers of the tables are."""
    units = dict.fromkeys(sets.unit for sets in results.groups)
    draws = results.controls[0].draws
    return (
        "; ".join(UNITS[unit] for unit in units)
        + f". ±: deviation over trainings, of random rows over {draws} draws. Differences with "
        f"their 95 % interval; {TOLD} where it leaves out 0: one in twenty does by chance."
    )


def _spread(value: float, digits: int) -> str:
    return "" if not np.isfinite(value) else f"{value:.{digits}f}"


def _difference(one: Difference, scale: float, digits: int) -> str:
    width = scale * (one.high - one.low) / 2
    interval = f" ± {width:.{digits}f}" if np.isfinite(width) else ""
    mark = TOLD if one.sign else " "
    return f"{scale * one.mean:+.{digits}f}{interval}{mark}"


def _said(found: Sequence[tuple[str, Judged]]) -> str:
    words = list(dict.fromkeys(one.verdict for _, one in found))
    if len(words) == 1:
        return words[0]
    return "\n".join(f"{name}: {one.verdict}" for name, one in found)
