"""What a trial would take, without a training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spanset.base.memory import available_bytes
from spanset.base.speed import products_per_second
from spanset.commands.trying.trial_checks import TrialTask, require_memory
from spanset.commands.trying.trial_prepared import Prepared
from spanset.config.amounts import duration, size_of
from spanset.models.language_model import EFFICIENCY
from spanset.trials.trial import BACKWARD


@dataclass(frozen=True)
class TrialPlan:
    """A trial that could be run.

    Attributes
    ----------
    choices : list of str
        Names, with the number of rows.
    trainings : int
        At most: choices of as many tokens share a control.
    tokens : float
        That the model reads, each as often as a forward pass would cost.
    seconds : float
        About, on this machine; choosing not included.
    """

    choices: list[str]
    pool: int
    home: int
    sets: list[str]
    trainings: int
    tokens: float
    seconds: float
    memory_bytes: int

    def record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return vars(self)

    def lines(self) -> dict[str, str]:
        """What a terminal shows."""
        return {
            "pool": f"{self.pool:,} rows, and {self.home:,} held out",
            "choices": "; ".join(self.choices),
            "judged by": ", ".join(self.sets),
            "trainings": f"{self.trainings:,} at most, random rows among them",
            "time": f"about {duration(self.seconds)}, where choices are as long as other rows",
            "memory": f"{size_of(self.memory_bytes)} of {size_of(available_bytes())}, and a batch",
        }


def plan_of(task: TrialTask, prepared: Prepared) -> TrialPlan:
    """By the numbers of rows and tokens, and the speed of matrix products."""
    rows, model, evaluations = prepared.rows, prepared.model, prepared.evaluations
    sizes = [(name, len(ids)) for name, ids in prepared.before]
    if task.grid is not None:
        grid = task.grid
        sizes += [(cell.label, size) for cell in grid.cells for size in grid.sizes]
    seeds, draws = task.config.training.seeds, task.draws
    controls = len({size for _, size in sizes}) + len(sizes)
    trainings = len(sizes) * seeds + controls * draws
    a_row = float(rows.tokens.mean()) if len(rows.tokens) else 0.0
    mean = float(np.mean([size * task.training.passes_of(size) for _, size in sizes])) * a_row
    judged = sum(one.tokens for one in evaluations)
    tokens = trainings * (BACKWARD * mean + judged) + judged
    speed = EFFICIENCY * products_per_second("float32", model.device)
    return TrialPlan(
        [f"{name} ({size:,})" for name, size in sizes],
        len(rows.pool),
        len(rows.home),
        [f"{one.name} ({len(one):,})" for one in evaluations],
        trainings,
        tokens,
        2.0 * model.weight_count * tokens / speed,
        require_memory(model, task.training),
    )
