"""What is asked of a trial, checked before anything is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from spanset.base.errors import SpansetError, UsageError
from spanset.base.extras import require
from spanset.base.memory import available_bytes
from spanset.commands.grids.grid import Grid
from spanset.commands.grids.grid_cells import Cell, cells_of
from spanset.config.amounts import refuse_below_one, refuse_negative, size_of
from spanset.config.trial_settings import JudgingConfig, TrainingConfig, TrialConfig
from spanset.data.containers.inputs import refuse_second_stdin
from spanset.data.reader import check_reading
from spanset.models.language_model import LanguageModel
from spanset.models.placing import check_model
from spanset.quality.model_scores import MODEL_SCORES
from spanset.report.plots.figure_files import check_plot
from spanset.stores.shards import Shard
from spanset.trials.training import Training

FULL_RATE, LORA_RATE = 2e-5, 2e-4  # usual, of all weights and of an adapter
DRAWS = 5  # of random rows at least: fewer say little of how much draws differ

# Bytes a weight takes while all are tuned: the model as it is, the copy that is tuned, its gradient
# and two moments of Adam, in float32. Of an adapter's base model two copies are held.
FULL_BYTES, LORA_BYTES = 20, 8


@dataclass(frozen=True)
class TrialTask:
    """A trial, checked.

    Attributes
    ----------
    config : TrialConfig
        All settings.
    training : Training
        How the model is tuned.
    draws : int
        Of random rows.
    grid : Grid or None
        Choices to make; None where all were made before.
    shard : Shard or None
        Which trainings to run; None for all.
    """

    config: TrialConfig
    training: Training
    draws: int
    grid: Grid | None
    shard: Shard | None

    @classmethod
    def check(cls, config: TrialConfig) -> TrialTask:
        """Refuse what cannot be meant.

        Raises
        ------
        UsageError
            With the flag; `MissingExtraError` without what training takes.
        """
        choices, model = config.choices, config.choices.model
        if model.model is None:
            raise UsageError(
                "no model is named", where="--model", fix="add --model, the model to be tuned"
            )
        if model.quantize != "none" or model.device_map is not None:
            flag = "--quantize" if model.quantize != "none" else "--device-map"
            raise UsageError(
                "a trial tunes the weights of a model on one device, as they are",
                where=flag,
                fix="leave it out; --lora needs less memory",
            )
        check_model(model)
        check_judging(config.judging)
        training = training_of(config.training)
        draws = draws_of(config.training)
        check_reading(choices.reading)
        others = (choices.shared.given, choices.shared.target, *config.judging.eval)
        refuse_second_stdin((*choices.data, *others), "--eval")
        if config.output.plot is not None:
            check_plot(config.output.plot, force=config.output.force)
        require_packages(training, config.judging)
        shard = None if config.output.shard is None else Shard.parse(config.output.shard)
        return cls(config, training, draws, _grid(config), shard)


def require_different(names: Sequence[str], what: str) -> None:
    """Refuse two of one name: tables could not tell them apart."""
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise UsageError(
            f"two {what} are called the same",
            where=twice[0],
            fix="give one of the files or folders another name, or leave one out",
        )


def require_memory(model: LanguageModel, training: Training) -> int:
    """Bytes that tuning takes beside what a batch does, about.

    Raises
    ------
    SpansetError
        More than there is on the processor; a card says so itself.
    """
    weights = model.weight_count
    needed = weights * (FULL_BYTES if training.lora is None else LORA_BYTES)
    available = available_bytes()
    if model.device == "cpu" and needed > available:
        advice = (
            "use --lora 16, or a smaller model" if training.lora is None else "use a smaller model"
        )
        raise SpansetError(
            f"the model does not fit in memory while it is tuned: {size_of(needed)} of "
            f"{size_of(available)}",
            where=f"--model {model.files.name}",
            why=f"{weights:,} weights",
            fix=advice,
        )
    return needed


def check_judging(judging: JudgingConfig) -> None:
    """Refuse numbers that cannot be, and nothing to judge by."""
    refuse_negative(("--home", judging.home))
    refuse_below_one(("--eval-rows", judging.eval_rows))
    if not (judging.home or judging.eval or judging.questions or judging.task):
        raise UsageError(
            "nothing judges the tuned models",
            where="--home 0",
            fix="add --eval FILE, --questions FILE or --task NAME",
        )
    if judging.task_folder is not None and not judging.task:
        raise UsageError("it goes with --task", where="--task-folder", fix="leave it out")


def training_of(config: TrainingConfig) -> Training:
    """How the model is tuned, checked."""
    refuse_below_one(("--seeds", config.seeds), ("--batch-size", config.batch_size))
    if config.draws is not None and config.draws < 2:
        raise UsageError(
            f"{config.draws} draws of random rows do not tell how much draws differ",
            where="--draws",
            fix="give 2 or more, better 5",
        )
    for flag, value in (("--steps", config.steps), ("--lora", config.lora)):
        if value is not None:
            refuse_below_one((flag, value))
    rate = config.learning_rate
    if rate is None:
        rate = FULL_RATE if config.lora is None else LORA_RATE
    for flag, value, most in (("--epochs", config.epochs, 1000.0), ("--learning-rate", rate, 1.0)):
        if not 0 < value <= most:
            raise UsageError(f"{value:g}", where=flag, fix=f"give a number above 0, up to {most:g}")
    if not 0 <= config.warmup < 1:
        raise UsageError(f"{config.warmup:g}", where="--warmup", fix="give a share in [0, 1)")
    return Training(
        config.epochs,
        config.steps,
        rate,
        config.batch_size,
        config.schedule,
        config.warmup,
        config.lora,
    )


def draws_of(config: TrainingConfig) -> int:
    """Draws of random rows."""
    return max(DRAWS, config.seeds) if config.draws is None else config.draws


def _grid(config: TrialConfig) -> Grid | None:
    choices = config.choices
    if not choices.grid.k and config.output.candidate:
        return None
    cells = cells_of(choices)
    if not cells and not config.output.candidate:
        raise UsageError(
            "random rows are there anyway: nothing stands beside them",
            where="--method",
            fix="add a method, or --candidate",
        )
    name = choices.model.model
    return Grid.check(choices, [_apart(cell, str(name)) for cell in cells]) if cells else None


def _apart(cell: Cell, tuned: str) -> Cell:
    """The cell by itself: the model that is tuned makes features and scores only where it is asked.

    For `spanset select` one --model says all three; here rows may be chosen by static features, or
    by the gradients of another model than the one that is tuned.
    """
    settings = cell.settings
    features = settings.features.features
    if features is None:
        return cell  # gradients of the model that is tuned
    if features in ("gradient", "hidden"):
        features = f"{features}:{tuned}"
    model = settings.model
    if settings.quality.quality not in MODEL_SCORES:
        model = replace(model, model=None)
    own = replace(settings.features, features=features)
    return replace(cell, settings=replace(settings, features=own, model=model))


def require_packages(training: Training, judging: JudgingConfig) -> None:
    """Before any heavy work: what trains and judges."""
    names = ["trl", *(["peft"] if training.lora else []), *(["lm_eval"] if judging.task else [])]
    for name in names:
        require(name, extra="train")
