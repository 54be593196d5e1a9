"""Every choice and every draw of its controls: tuned, judged, kept; a cell at a time.

A cell is one training: some rows and a seed. Cells go seed by seed, so that all choices are equally
far when a trial is stopped. A cell's name is a digest of all that it depends on: the same trial
again finds it, and so does another one with the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from time import perf_counter
from typing import Any

import numpy as np

from spanset.base.array_types import IntArray
from spanset.base.software import machine
from spanset.base.stages import Watcher
from spanset.models.language_model import LanguageModel
from spanset.models.passes.model_run import free
from spanset.models.rendering.renderer import Rendered
from spanset.trials.candidate import Candidate
from spanset.trials.controls import Controls
from spanset.trials.evaluation import Evaluation, SetScores
from spanset.trials.training import Training, tuned
from spanset.trials.trial_results import UNTUNED

BACKWARD = 3.0  # a step of training, in forward passes over the same tokens


@dataclass(frozen=True, eq=False)
class TrialCell:
    """One training.

    Attributes
    ----------
    name : str
        Of the choice or control.
    rows : (k,) int64
        Positions in the pool; none for the model as it is.
    seed : int
        Of the order of rows.
    """

    name: str
    rows: IntArray
    seed: int

    @property
    def content(self) -> tuple[bytes, int]:
        """What tells it from others: two choices may be of the same rows."""
        return self.rows.tobytes(), self.seed


def trial_cells(
    candidates: Sequence[Candidate], controls: Controls, seeds: int, first: int
) -> list[TrialCell]:
    """All trainings, seed by seed, so that a trial that is stopped has something of each choice."""
    cells = [TrialCell(UNTUNED, np.zeros(0, np.int64), 0)]
    draws = max(len(one.draws) for one in controls.all)
    for number in range(max(seeds, draws)):
        seed = first + number
        if number < seeds:
            cells += [TrialCell(one.name, one.rows, seed) for one in candidates]
        if number < draws:
            cells += [TrialCell(one.name, one.draws[number], seed) for one in controls.all]
    return cells


@dataclass(frozen=True)
class TrainedCell:
    """What came of a cell, as it is kept.

    Attributes
    ----------
    values, weights : mapping
        Of each set: see `SetScores`.
    seconds : float
        That it took.
    """

    values: Mapping[str, list[float]]
    weights: Mapping[str, list[float]]
    seconds: float

    def scored(self, name: str) -> SetScores:
        """On one set."""
        return SetScores(np.array(self.values[name]), np.array(self.weights[name]))


@dataclass(frozen=True)
class TrialProgress:
    """How far a trial is."""

    done: int
    cells: int
    work_done: float

    @property
    def line(self) -> str:
        """Where it stands."""
        return f"{self.done} of {self.cells} trainings"


@dataclass(frozen=True, eq=False)
class Trial:
    """What all cells share.

    Attributes
    ----------
    model : LanguageModel
        To be tuned.
    training : Training
        How.
    evaluations : sequence of Evaluation
        What judges it.
    rendered : callable
        Rows at some positions of the pool as tokens.
    digests : (N, 16) uint8
        Of the pool's rows.
    tokens : (N,) int64
        Tokens of the pool's rows, for progress.
    """

    model: LanguageModel
    training: Training
    evaluations: Sequence[Evaluation]
    rendered: Callable[[IntArray], list[Rendered]]
    digests: Any
    tokens: IntArray

    def key(self, cell: TrialCell) -> list[Any]:
        """All that a cell's numbers depend on but for their rounding, as plain values."""
        return [*self._common, self.digests[cell.rows].tobytes().hex(), cell.seed]

    @cached_property
    def _common(self) -> list[Any]:
        """The part of the key that all cells share: of questions it is a digest of all tokens."""
        return [
            self.model.settings(),
            {name: value for name, value in self.machine().items() if name != "threads"},
            asdict(self.training),
            [one.settings() for one in self.evaluations],
        ]

    def machine(self) -> dict[str, Any]:
        """Device and software that trains."""
        packages = (
            ("trl", "accelerate") if self.training.lora is None else ("trl", "accelerate", "peft")
        )
        return machine(self.model.device, *packages)

    def work(self, cell: TrialCell) -> float:
        """Tokens that the model reads for it, each as often as a forward pass would cost."""
        judged = sum(one.tokens for one in self.evaluations)
        if not len(cell.rows):
            return float(judged)
        passes = self.training.passes_of(len(cell.rows))
        return BACKWARD * passes * float(self.tokens[cell.rows].sum()) + judged

    def run(
        self,
        cells: Sequence[TrialCell],
        find: Callable[[TrialCell], TrainedCell | None],
        keep: Callable[[TrialCell, TrainedCell], None],
        watcher: Watcher,
    ) -> list[TrainedCell]:
        """All cells, in their order; what is found is not made, and equal ones are made once."""
        found: dict[tuple[bytes, int], TrainedCell] = {}
        for cell in cells:
            one = None if cell.content in found else find(cell)
            if one is not None:
                found[cell.content] = one
        missing = {cell.content: cell for cell in cells if cell.content not in found}
        work, total = 0.0, sum(map(self.work, missing.values()))
        for done, (content, cell) in enumerate(missing.items()):
            watcher.progress(TrialProgress(done, len(missing), work / total))
            found[content] = self._made(cell)
            free()  # a trainer holds its optimiser until the next search for garbage
            keep(cell, found[content])
            work += self.work(cell)
        return [found[cell.content] for cell in cells]

    def _made(self, cell: TrialCell) -> TrainedCell:
        started = perf_counter()
        model = self.model.loaded
        if len(cell.rows):
            rows = self.rendered(cell.rows)
            tokenizer = self.model.renderer.tokenizer
            model = tuned(
                model,
                tokenizer,
                rows,
                self.training,
                seed=cell.seed,
                checkpointing=self.model.config.gradient_checkpointing,
            )
        scored = {one.name: one.scored(model) for one in self.evaluations}
        return TrainedCell(
            {name: one.values.tolist() for name, one in scored.items()},
            {name: one.weights.tolist() for name, one in scored.items()},
            perf_counter() - started,
        )
