"""What came of a trial: every choice beside its controls, by what models were judged by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spanset.base.array_types import IntArray
from spanset.base.data_frames import as_pandas
from spanset.base.errors import printable
from spanset.base.views import Shown, figure_of
from spanset.trials.candidate import Candidate
from spanset.trials.controls import Controls
from spanset.trials.differences import deviation, difference, means
from spanset.trials.evaluation import SetScores
from spanset.trials.trial import TrainedCell, TrialCell
from spanset.trials.trial_results import (
    UNTUNED,
    ChoiceResult,
    ControlResult,
    Judged,
    Sets,
    TrialResults,
)
from spanset.trials.trial_table import trial_table
from spanset.trials.verdict import verdict

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False, repr=False)
class Outcome(Shown):
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

    def __repr__(self) -> str:
        """The verdicts, on one line."""
        choices = []
        for name, verdicts in self.verdicts.items():
            said = ", ".join(f"{judge}: {one}" for judge, one in verdicts.items())
            choices.append(f"{name} ({said})")
        return f"<Outcome of {printable(', '.join(choices))}>"

    def to_arrow(self) -> pa.Table:
        """A line for each choice and kind of judge, as an Arrow table (see `trial_table`)."""
        return trial_table(self.record())

    def to_pandas(self) -> Any:
        """The same as a `pandas.DataFrame`."""
        return as_pandas(self.to_arrow())

    def plot(self) -> Figure:
        """Draw how far each choice is from random rows, with its intervals (extra ``plot``).

        Raises
        ------
        MissingExtraError
            matplotlib is not installed.
        """
        return figure_of(self)

    def results(self) -> TrialResults:
        """All of it in numbers, without rows and models."""
        names = [*(one.name for one in self.candidates), *(one.name for one in self.controls.all)]
        made = {id(cell): cell for name in names for cell in self.trained[name]}
        every = [one for sets in self.groups for one in sets.each]
        return TrialResults(
            self.groups,
            {one.name: len(self.untuned.values[one.name]) for one in every},
            {sets.name: self.as_it_is(sets) for sets in self.groups},
            {one.name: self.as_it_is(one) for one in every},
            [self._choice(number) for number in range(len(self.candidates))],
            [
                ControlResult(
                    one.name,
                    len(one.draws),
                    one.tokens,
                    self._means(one.name, self.groups),
                    self._means(one.name, every),
                )
                for one in self.controls.all
            ],
            {name: sum(cell.seconds for cell in self.trained[name]) for name in names},
            sum(cell.seconds for cell in made.values()),
        )

    def record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return self.results().record()

    def _choice(self, number: int) -> ChoiceResult:
        one = self.candidates[number]
        return ChoiceResult(
            one.name,
            one.size,
            len(one.rows),
            self.tokens_of(number),
            self.controls.all[self.controls.of_rows[number]].name,
            self.controls.all[self.controls.of_tokens[number]].name,
            len(self.trained[one.name]),
            {sets.name: self.judged(number, sets) for sets in self.groups},
            {one.name: self.judged(number, one) for sets in self.groups for one in sets.each},
        )

    def _means(self, name: str, some: Sequence[Sets]) -> dict[str, list[float]]:
        return {sets.name: means(self.scored(name, sets)).tolist() for sets in some}
