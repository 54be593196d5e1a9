"""`spanset trial`: read, hold out, choose, tune on every choice and on random rows, judge, tell.

A choice is worth its trouble where the model that is tuned on it is better than one tuned on random
rows: as many, and as many supervised tokens of them. Trainings that are finished are kept, and
found again when the same is asked.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from spanset.base.errors import DataError
from spanset.base.memory import peak_bytes
from spanset.base.stages import Watcher, stopwatch
from spanset.commands.trying.trial_candidates import brought, candidates_of
from spanset.commands.trying.trial_checks import TrialTask
from spanset.commands.trying.trial_evaluations import read_elsewhere
from spanset.commands.trying.trial_plan import TrialPlan, plan_of
from spanset.commands.trying.trial_prepared import Prepared, tuned_model
from spanset.config.comma_lists import comma_list
from spanset.config.told_settings import told_settings
from spanset.config.trial_settings import TrialConfig
from spanset.data.dataset import Dataset
from spanset.data.reader import read_data
from spanset.report.plots.figure_files import save_figure
from spanset.report.plots.trial_figure import trial_figure
from spanset.report.tried.trial_page import trial_page
from spanset.runs.folder import PAGE
from spanset.runs.kept_cells import KeptCells
from spanset.runs.kept_trial import RESULT, KeptTrial
from spanset.stores.shards import Shard
from spanset.trials.controls import Controls
from spanset.trials.outcome import Outcome
from spanset.trials.trial import TrialCell, trial_cells
from spanset.trials.trial_results import TrialResults


@dataclass(frozen=True, eq=False)
class TrialRun:
    """A finished trial.

    Attributes
    ----------
    data : Dataset
        All rows.
    outcome : Outcome
        What came of it.
    results : TrialResults
        The same in numbers alone.
    settings : dict
        What it was made from and how, plain values.
    drawn, page : str or None
        Files of the figure and of the page.
    """

    data: Dataset
    outcome: Outcome
    results: TrialResults
    settings: dict[str, Any]
    timings: dict[str, float]
    peak_bytes: int
    folder: str
    drawn: str | None = None
    page: str | None = None

    def record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            **self.results.record(),
            **self.settings,
            "seconds": self.timings,
            "peak_bytes": self.peak_bytes,
            "folder": self.folder,
            "drawn": self.drawn,
            "page": self.page,
        }


@dataclass(frozen=True)
class TrialPart:
    """What a shard did.

    Attributes
    ----------
    own, all : int
        Its trainings, and those of the whole trial.
    """

    own: int
    all: int
    folder: str

    def record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def run_trial(config: TrialConfig, watcher: Watcher) -> TrialRun | TrialPart:
    """Run ``spanset trial``; of a shard, its part.

    Raises
    ------
    SpansetError
        With what, where, why and what to do; trainings that were finished stay.
    """
    task = TrialTask.check(config)
    kept = KeptCells.at(config.output.out, "trial")
    timings: dict[str, float] = {}
    stage = stopwatch(watcher, timings)
    seed = config.choices.shared.seed
    with stage("read"):
        prepared = _prepared(task, watcher)
        kept.make()
    with stage("choose"):
        candidates = candidates_of(task.grid, prepared.before, prepared.rows, kept, watcher)
        controls = Controls.draw(candidates, prepared.rows.supervised, task.draws, seed)
    cells = trial_cells(candidates, controls, config.training.seeds, seed)
    own = _own(cells, task.shard)
    with stage("train"):
        found = prepared.trained(task.training, own, kept, watcher)
    if task.shard is not None:
        return TrialPart(len(own), len(cells), config.output.out)
    outcome = Outcome.of(
        candidates, prepared.rows.supervised, controls, prepared.groups, cells, found
    )
    run = TrialRun(
        prepared.data,
        outcome,
        outcome.results(),
        _settings(config, task, prepared),
        timings,
        peak_bytes(),
        config.output.out,
    )
    kept.keep_beside(RESULT, run.record())
    # Once the result is kept: a page or figure that fails takes nothing along.
    if config.output.report:
        with stage("report"):
            page = trial_page(KeptTrial.of_record(run.record())).encode()
            run = replace(run, page=kept.write_beside(PAGE, page))
    plot = config.output.plot
    if plot is not None:
        with stage("draw"):
            save_figure(trial_figure(outcome), plot, force=config.output.force)
    return replace(run, drawn=plot)


def _settings(config: TrialConfig, task: TrialTask, prepared: Prepared) -> dict[str, Any]:
    """What a trial is made from and how, as plain values."""
    return {
        **prepared.record(),
        "training": asdict(task.training),
        "machine": prepared.trial(task.training).machine(),
        "seed": config.choices.shared.seed,
        "asked": {
            "grid": asdict(config.choices.grid),
            "shared": asdict(config.choices.shared),
            "training": asdict(config.training),
            "judging": asdict(config.judging),
        },
        "told": told_settings(config),
    }


def plan_trial(config: TrialConfig, watcher: Watcher) -> tuple[Dataset, TrialPlan]:
    """What ``spanset trial`` would do, and about how long it takes."""
    task = TrialTask.check(config)
    prepared = _prepared(task, watcher)
    return prepared.data, plan_of(task, prepared)


def _prepared(task: TrialTask, watcher: Watcher) -> Prepared:
    """Everything that a trial reads."""
    config, grid = task.config, task.grid
    choices = config.choices
    if grid is not None:
        grid.read()
        data = grid.data
    else:
        data = read_data(choices.data, choices.reading)
    prepared = Prepared.of(
        data,
        brought(config.output.candidate, data),
        read_elsewhere(comma_list(config.judging.eval), choices.reading),
        config.judging,
        tuned_model(choices.model, watcher, on_bad_row=choices.reading.on_bad_row),
        task.training,
        seed=choices.shared.seed,
        watcher=watcher,
    )
    if grid is not None:
        grid.left_out = (prepared.rows.outside, "held out, or not to be trained on")
        _require_rows(grid.sizes[-1], prepared)
    return prepared


def _require_rows(k: int, prepared: Prepared) -> None:
    """Refuse more picks than there can be, before anything is computed."""
    pool, held = len(prepared.rows.pool), len(prepared.rows.home)
    if k > pool:
        raise DataError(
            f"{k:,} rows are wanted, only {pool:,} can be picked",
            where="-k",
            why=f"{held:,} rows are held out, {len(prepared.rows.left_out):,} are left out",
            fix=f"give -k {pool} or less, or hold out fewer (--home)",
        )


def _own(cells: list[TrialCell], shard: Shard | None) -> list[TrialCell]:
    return cells if shard is None else [cells[number] for number in shard.own(len(cells))]
