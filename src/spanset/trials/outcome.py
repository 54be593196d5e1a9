"""What came of a trial: every choice beside its controls, by what models were judged by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spanset.base.array_types import FloatArray, IntArray
from spanset.trials.candidate import Candidate
from spanset.trials.controls import Controls
from spanset.trials.differences import Difference, difference, means
from spanset.trials.evaluation import SetScores, Unit
from spanset.trials.trial import UNTUNED, TrainedCell, TrialCell
from spanset.trials.verdict import verdict


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


@dataclass(frozen=True, eq=False)
class Outcome:
    """All of it.

    Attributes
    ----------
    candidates : sequence of Candidate
        Choices.
    supervised : (N,) int64
        Supervised tokens of the pool's rows.
    controls : Controls
        Random rows beside them.
    groups : sequence of Sets
        What was judged by.
    untuned : TrainedCell
        The model as it is.
    trained : mapping
        Name of a choice or control to its trainings.
    """

    candidates: Sequence[Candidate]
    supervised: IntArray
    controls: Controls
    groups: Sequence[Sets]
    untuned: TrainedCell
    trained: Mapping[str, Sequence[TrainedCell]]

    @classmethod
    def of(
        cls,
        candidates: Sequence[Candidate],
        supervised: IntArray,
        controls: Controls,
        groups: Sequence[Sets],
        cells: Sequence[TrialCell],
        found: Sequence[TrainedCell],
    ) -> Outcome:
        """From all cells, and what came of each."""
        trained: dict[str, list[TrainedCell]] = {}
        for cell, one in zip(cells, found, strict=True):
            trained.setdefault(cell.name, []).append(one)
        (untuned,) = trained.pop(UNTUNED)
        return cls(candidates, supervised, controls, groups, untuned, trained)

    @property
    def verdicts(self) -> dict[str, dict[str, str]]:
        """Of every choice: the verdict at home, away and by questions, what there is."""
        return {
            one.name: {sets.name: self.judged(number, sets).verdict for sets in self.groups}
            for number, one in enumerate(self.candidates)
        }

    def judged(self, number: int, sets: Sets) -> Judged:
        """A choice by its place, by some sets."""
        candidate = self.candidates[number]
        own = self.scored(candidate.name, sets)
        rows = self.scored(self.controls.all[self.controls.of_rows[number]].name, sets)
        tokens = self.scored(self.controls.all[self.controls.of_tokens[number]].name, sets)
        by_rows, by_tokens = difference(own, rows), difference(own, tokens)
        values = means(own)
        return Judged(
            float(values.mean()),
            deviation(values),
            by_rows,
            by_tokens,
            verdict(by_rows, by_tokens, sets.unit),
        )

    def scored(self, name: str, sets: Sets) -> list[list[SetScores]]:
        """Of every training what it got on every set; (trainings, sets)."""
        return [[cell.scored(one) for one in sets.names] for cell in self.trained[name]]

    def as_it_is(self, sets: Sets) -> float:
        """The untuned model, by some sets."""
        return float(np.mean([self.untuned.scored(name).mean for name in sets.names]))

    def tokens_of(self, number: int) -> int:
        """Supervised tokens of a choice."""
        return int(self.supervised[self.candidates[number].rows].sum())

    def record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "sets": [
                {"group": sets.name, "unit": sets.unit, "names": list(sets.names)}
                for sets in self.groups
            ],
            "untuned": {sets.name: self.as_it_is(sets) for sets in self.groups},
            "choices": [self._choice(number) for number in range(len(self.candidates))],
            "controls": [
                {
                    "name": one.name,
                    "draws": len(one.draws),
                    "supervised_tokens": one.tokens,
                    "means": {
                        sets.name: means(self.scored(one.name, sets)).tolist()
                        for sets in self.groups
                    },
                }
                for one in self.controls.all
            ],
        }

    def _choice(self, number: int) -> dict[str, Any]:
        one = self.candidates[number]
        return {
            "name": one.name,
            "k": one.size,
            "rows": len(one.rows),
            "supervised_tokens": self.tokens_of(number),
            "control_of_rows": self.controls.all[self.controls.of_rows[number]].name,
            "control_of_tokens": self.controls.all[self.controls.of_tokens[number]].name,
            "trainings": len(self.trained[one.name]),
            "groups": {sets.name: self._numbers(number, sets) for sets in self.groups},
            "each": {
                name: self._numbers(number, Sets(name, sets.unit, (name,)))
                for sets in self.groups
                for name in sets.names
            },
        }

    def _numbers(self, number: int, sets: Sets) -> dict[str, Any]:
        found = self.judged(number, sets)
        return {
            "mean": found.mean,
            "deviation": _plain(found.deviation),
            "to_random_rows": _interval(found.rows),
            "to_as_many_tokens": _interval(found.tokens),
            "verdict": found.verdict,
        }


def deviation(values: FloatArray) -> float:
    """Standard deviation (n - 1); NaN of one value."""
    return float(values.std(ddof=1)) if len(values) > 1 else float("nan")


def _interval(one: Difference) -> dict[str, float | None]:
    return {"difference": one.mean, "low": _plain(one.low), "high": _plain(one.high)}


def _plain(value: float) -> float | None:
    return value if np.isfinite(value) else None
