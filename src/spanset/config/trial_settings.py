"""Settings of ``spanset trial``: choices, how a model is tuned on each, and what judges it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from cyclopts import Parameter

from spanset.config.amounts import count_flag
from spanset.config.grid_settings import ChoicesConfig
from spanset.config.groups import GRID, JUDGE, OUTPUT, TRAIN


@dataclass(frozen=True)
class TrainingConfig:
    """How the model is tuned on every choice; what your trainer does, too."""

    seeds: Annotated[int, Parameter(group=TRAIN)] = 5
    """Trainings on each choice, each with the rows in another order; random rows are drawn as
    often, and at least five times (--draws)."""

    draws: Annotated[int | None, Parameter(group=TRAIN)] = None
    """Draws of random rows beside the choices: how much they differ is what a choice is judged
    by. By default as many as --seeds, at least 5."""

    epochs: Annotated[float, Parameter(group=TRAIN)] = 2.0
    """Passes over the rows."""

    steps: Annotated[int | None, Parameter(converter=count_flag, group=TRAIN)] = None
    """Steps instead of epochs: the same number for every choice."""

    learning_rate: Annotated[float | None, Parameter(group=TRAIN)] = None
    """At its highest; by default 2e-5, with --lora 2e-4."""

    batch_size: Annotated[int, Parameter(group=TRAIN)] = 16
    """Rows of a step."""

    schedule: Annotated[Literal["cosine", "linear", "constant"], Parameter(group=TRAIN)] = "cosine"
    """Of the learning rate after the warm-up."""

    warmup: Annotated[float, Parameter(group=TRAIN)] = 0.03
    """Share of the steps in which the learning rate rises."""

    lora: Annotated[int | None, Parameter(group=TRAIN)] = None
    """Rank of an adapter beside every linear layer; by default all weights are tuned."""


@dataclass(frozen=True)
class JudgingConfig:
    """What tuned models are judged by."""

    eval: Annotated[
        tuple[str, ...], Parameter(group=JUDGE, negative="", allow_leading_hyphen=True)
    ] = ()
    """Rows from elsewhere, a set a file: the loss of their answers. Rows of DATA that hold one of
    their prompts are left out of every choice, and told."""

    eval_rows: Annotated[int, Parameter(converter=count_flag, group=JUDGE)] = 300
    """Rows or questions of each set at most, drawn at random."""

    home: Annotated[int, Parameter(converter=count_flag, group=JUDGE)] = 200
    """Rows of DATA that are held out of every choice; 0 for none."""

    questions: Annotated[tuple[str, ...], Parameter(group=JUDGE, negative="")] = ()
    """Multiple-choice questions, a set a file: the share that is answered right, by likelihood."""

    task: Annotated[tuple[str, ...], Parameter(group=JUDGE, negative="")] = ()
    """Tasks of lm-eval by name, with commas."""

    task_folder: Annotated[str | None, Parameter(group=JUDGE)] = None
    """Folder of your own lm-eval tasks."""


@dataclass(frozen=True)
class TrialOutputConfig:
    """Which choices are there already, and where things go."""

    candidate: Annotated[tuple[str, ...], Parameter(group=GRID, negative="")] = ()
    """Choices that were made: run folders of `spanset select`, folders of `spanset compare`, files
    of row numbers. They join those of the grid."""

    out: Annotated[str, Parameter(group=OUTPUT)] = "spanset-trial"
    """Folder of what is done; the same command goes on from there."""

    shard: Annotated[str | None, Parameter(group=OUTPUT)] = None
    """Run part i of n of the trainings, as i/n: at once, or on several machines with one folder.
    The command without it gathers them."""

    plot: Annotated[str | None, Parameter(group=OUTPUT)] = None
    """Draw the differences: a PNG or SVG file (extra `plot`)."""

    report: Annotated[bool, Parameter(group=OUTPUT)] = True
    """Write report.html into the folder: the page of the trial, to open and to send."""

    force: Annotated[bool, Parameter(negative="", group=OUTPUT)] = False
    """Replace the figure where it is there."""

    dry_run: Annotated[bool, Parameter(negative="", group=OUTPUT)] = False
    """Tell what would be trained and about how long it takes."""

    json: Annotated[bool, Parameter(negative="", group=OUTPUT)] = False
    """Print everything as JSON."""


@dataclass(frozen=True)
class TrialConfig:
    """All settings of ``spanset trial``."""

    choices: ChoicesConfig
    training: TrainingConfig = field(default_factory=TrainingConfig)
    judging: JudgingConfig = field(default_factory=JudgingConfig)
    output: TrialOutputConfig = field(default_factory=TrialOutputConfig)
