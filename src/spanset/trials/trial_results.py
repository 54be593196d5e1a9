"""What a trial tells, in numbers alone: what its tables and its page are made from.

It is kept as plain values, and read back from them: no model and no row is needed then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spanset.trials.differences import Difference
from spanset.trials.evaluation import Unit

UNTUNED = "the model as it is"  # beside choices and controls


@dataclass(frozen=True)
class Sets:
    """Sets that are judged together, of equal weight.

    Attributes
    ----------
    name : str
        home: rows of the data that were held out; away: rows from elsewhere; questions: right
        answers.
    unit : {"loss", "accuracy"}
        Nats per token, lower is better; a share, higher is.
    names : tuple of str
        The sets.
    """

    name: str
    unit: Unit
    names: tuple[str, ...]

    @property
    def each(self) -> list[Sets]:
        """Every set by itself."""
        return [Sets(name, self.unit, (name,)) for name in self.names]


@dataclass(frozen=True)
class Judged:
    """A choice by some sets, or by one.

    Attributes
    ----------
    mean, deviation : float
        Over its trainings; NaN of one.
    rows, tokens : Difference
        To random rows of as many rows, of as many supervised tokens.
    verdict : str
        In words.
    """

    mean: float
    deviation: float
    rows: Difference
    tokens: Difference
    verdict: str


@dataclass(frozen=True)
class ChoiceResult:
    """What came of a choice.

    Attributes
    ----------
    name : str
        What it is called.
    size, rows : int
        Rows that were asked for, and those that were trained on.
    tokens : int
        Supervised tokens of them.
    of_rows, of_tokens : str
        Names of the controls beside it.
    trainings : int
        On it.
    groups, each : mapping
        By the names of groups of sets, and of every set.
    """

    name: str
    size: int
    rows: int
    tokens: int
    of_rows: str
    of_tokens: str
    trainings: int
    groups: Mapping[str, Judged]
    each: Mapping[str, Judged]


@dataclass(frozen=True)
class ControlResult:
    """What came of random rows.

    Attributes
    ----------
    name : str
        What they are called.
    draws : int
        Of them.
    tokens : float
        Supervised tokens, mean over the draws.
    groups, each : mapping
        By the names of groups of sets, and of every set: the mean of each draw.
    """

    name: str
    draws: int
    tokens: float
    groups: Mapping[str, list[float]]
    each: Mapping[str, list[float]]


@dataclass(frozen=True)
class TrialResults:
    """All of it.

    Attributes
    ----------
    groups : sequence of Sets
        What was judged by.
    items : mapping
        Items of every set.
    untuned, untuned_each : mapping
        The model as it is, by groups and by every set.
    choices, controls
        What was tuned on.
    seconds : mapping
        Of a choice or control: what its trainings took, judging included.
    total_seconds : float
        Of all of them, those on the same rows once.
    """

    groups: Sequence[Sets]
    items: Mapping[str, int]
    untuned: Mapping[str, float]
    untuned_each: Mapping[str, float]
    choices: Sequence[ChoiceResult]
    controls: Sequence[ControlResult]
    seconds: Mapping[str, float]
    total_seconds: float

    def judged(self, number: int, sets: Sets) -> Judged:
        """A choice by its place, by a group or by one set."""
        one = self.choices[number]
        return one.groups[sets.name] if sets in self.groups else one.each[sets.name]

    def drawn(self, number: int, sets: Sets) -> list[float]:
        """Means of a control's draws, by a group or by one set."""
        one = self.controls[number]
        return one.groups[sets.name] if sets in self.groups else one.each[sets.name]

    def as_it_is(self, sets: Sets) -> float:
        """The untuned model, by a group or by one set."""
        return self.untuned[sets.name] if sets in self.groups else self.untuned_each[sets.name]

    def record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "sets": [
                {"group": sets.name, "unit": sets.unit, "names": list(sets.names)}
                for sets in self.groups
            ],
            "items": dict(self.items),
            "untuned": dict(self.untuned),
            "untuned_each": dict(self.untuned_each),
            "choices": [_choice_record(one) for one in self.choices],
            "controls": [
                {
                    "name": one.name,
                    "draws": one.draws,
                    "supervised_tokens": one.tokens,
                    "means": dict(one.groups),
                    "means_each": dict(one.each),
                }
                for one in self.controls
            ],
            "training_seconds": dict(self.seconds),
            "total_training_seconds": self.total_seconds,
        }

    @classmethod
    def of_record(cls, held: Mapping[str, Any]) -> TrialResults:
        """From plain values; `KeyError`, `TypeError` or `ValueError` where they are others."""
        return cls(
            [Sets(one["group"], one["unit"], tuple(one["names"])) for one in held["sets"]],
            dict(held["items"]),
            dict(held["untuned"]),
            dict(held["untuned_each"]),
            [_choice(one) for one in held["choices"]],
            [
                ControlResult(
                    one["name"],
                    one["draws"],
                    one["supervised_tokens"],
                    dict(one["means"]),
                    dict(one["means_each"]),
                )
                for one in held["controls"]
            ],
            dict(held["training_seconds"]),
            held["total_training_seconds"],
        )


def _choice_record(one: ChoiceResult) -> dict[str, Any]:
    return {
        "name": one.name,
        "k": one.size,
        "rows": one.rows,
        "supervised_tokens": one.tokens,
        "control_of_rows": one.of_rows,
        "control_of_tokens": one.of_tokens,
        "trainings": one.trainings,
        "groups": {name: _judged_record(found) for name, found in one.groups.items()},
        "each": {name: _judged_record(found) for name, found in one.each.items()},
    }


def _choice(held: Mapping[str, Any]) -> ChoiceResult:
    return ChoiceResult(
        held["name"],
        held["k"],
        held["rows"],
        held["supervised_tokens"],
        held["control_of_rows"],
        held["control_of_tokens"],
        held["trainings"],
        {name: _judged(one) for name, one in held["groups"].items()},
        {name: _judged(one) for name, one in held["each"].items()},
    )


def _judged_record(found: Judged) -> dict[str, Any]:
    return {
        "mean": found.mean,
        "deviation": _plain(found.deviation),
        "to_random_rows": _interval(found.rows),
        "to_as_many_tokens": _interval(found.tokens),
        "verdict": found.verdict,
    }


def _judged(held: Mapping[str, Any]) -> Judged:
    return Judged(
        held["mean"],
        _number(held["deviation"], np.nan),
        _difference(held["to_random_rows"]),
        _difference(held["to_as_many_tokens"]),
        held["verdict"],
    )


def _interval(one: Difference) -> dict[str, float | None]:
    return {"difference": one.mean, "low": _plain(one.low), "high": _plain(one.high)}


def _difference(held: Mapping[str, Any]) -> Difference:
    return Difference(
        held["difference"], _number(held["low"], -np.inf), _number(held["high"], np.inf)
    )


def _plain(value: float) -> float | None:
    """JSON has no numbers that are not finite."""
    return value if np.isfinite(value) else None


def _number(value: float | None, other: float) -> float:
    return other if value is None else float(value)
