"""The verb `trial`: whether a choice trains a better model than random rows do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from spanset.base.array_types import IntArray
from spanset.base.errors import UsageError
from spanset.base.stages import SILENT, Watcher
from spanset.commands.trying.trial_checks import (
    check_judging,
    draws_of,
    require_packages,
    training_of,
)
from spanset.commands.trying.trial_evaluations import HOME, Elsewhere
from spanset.commands.trying.trial_prepared import Prepared, tuned_model
from spanset.commands.verbs.arguments import picked_positions
from spanset.config.model_settings import ModelConfig
from spanset.config.trial_settings import JudgingConfig, TrainingConfig
from spanset.data.dataset import Dataset, require_dataset
from spanset.greedy.selection import Selection
from spanset.runs.kept_cells import KeptCells
from spanset.trials.candidate import Candidate
from spanset.trials.controls import Controls
from spanset.trials.outcome import Outcome
from spanset.trials.trial import trial_cells


def trial(
    data: Dataset,
    candidates: Mapping[str, Selection | Sequence[int] | IntArray],
    *,
    model: ModelConfig | str,
    evaluations: Mapping[str, Dataset] | None = None,
    home: int = 200,
    questions: Sequence[str] = (),
    tasks: Sequence[str] = (),
    task_folder: str | None = None,
    most: int = 300,
    seeds: int = 5,
    draws: int | None = None,
    epochs: float = 2.0,
    steps: int | None = None,
    learning_rate: float | None = None,
    batch_size: int = 16,
    schedule: Literal["cosine", "linear", "constant"] = "cosine",
    warmup: float = 0.03,
    lora: int | None = None,
    seed: int = 0,
    out: str | None = None,
    watcher: Watcher = SILENT,
) -> Outcome:
    """Tune a model on each choice of rows, and on random rows beside, and judge it.

    Parameters
    ----------
    data : Dataset
        What was chosen from.
    candidates : mapping
        Name of each choice to what `select` gave, or to positions in the data.
    model : ModelConfig or str
        The model to be tuned, or its name.
    evaluations : mapping, optional
        Rows from elsewhere, by name: the loss of their answers. Rows of the data that hold one of
        their prompts are left out of every choice.
    home : int
        Rows of the data that are held out, drawn from those that no choice picked.
    questions, tasks : sequence of str
        Files of multiple-choice questions; tasks of lm-eval, in `task_folder` or its own.
    most : int
        Rows or questions of each set.
    seeds : int
        Trainings on each choice, each with the rows in another order.
    draws : int, optional
        Of random rows; by default as many, at least 5.
    epochs, steps, learning_rate, batch_size, schedule, warmup
        Of every training; `steps` instead of epochs.
    lora : int, optional
        Rank of an adapter that is tuned; by default all weights are.
    seed : int
        Of what is held out and drawn, and the first of the trainings.
    out : str, optional
        Folder in which trainings are kept, to go on from; by default they are not.
    watcher : Watcher
        Told of progress.

    Returns
    -------
    Outcome
        Its `verdicts` are in words; `record()` has every difference with its 95 % interval.
    """
    require_dataset(data)
    judging = JudgingConfig(
        eval=tuple(evaluations or ()),
        eval_rows=most,
        home=home,
        questions=tuple(questions),
        task=tuple(tasks),
        task_folder=task_folder,
    )
    check_judging(judging)
    settings = TrainingConfig(
        seeds, draws, epochs, steps, learning_rate, batch_size, schedule, warmup, lora
    )
    training = training_of(settings)
    require_packages(training, judging)
    picked = picked_positions(candidates, len(data))
    if not picked:
        raise UsageError("nothing to try", where="candidates", fix="give a choice or more")
    config = ModelConfig(model=model) if isinstance(model, str) else model
    prepared = Prepared.of(
        data,
        [(name, data.ids[rows]) for name, rows in picked.items()],
        [Elsewhere(_named(name), name, rows) for name, rows in (evaluations or {}).items()],
        judging,
        tuned_model(config, watcher),
        training,
        seed=seed,
        watcher=watcher,
    )
    rows = prepared.rows
    chosen = [Candidate(name, len(ids), rows.places(ids)) for name, ids in prepared.before]
    controls = Controls.draw(chosen, rows.supervised, draws_of(settings), seed)
    cells = trial_cells(chosen, controls, seeds, seed)
    kept = None if out is None else KeptCells.at(out, "trial")
    if kept is not None:
        kept.make()
    with watcher.stage("train"):
        found = prepared.trained(training, cells, kept, watcher)
    return Outcome.of(chosen, rows.supervised, controls, prepared.groups, cells, found)


def _named(name: str) -> str:
    if name == HOME:
        raise UsageError("home are rows of the data", where="evaluations", fix="call it otherwise")
    return name
