"""What judges the models of a trial, read and rendered before the first training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spanset.base.array_types import IntArray
from spanset.base.errors import DataError
from spanset.base.short_names import short_names
from spanset.commands.trying.trial_checks import require_different
from spanset.commands.trying.trial_rows import SIDE, rendered_rows
from spanset.config.comma_lists import comma_list
from spanset.config.settings import DataConfig
from spanset.config.trial_settings import JudgingConfig
from spanset.data.dataset import Dataset
from spanset.data.reader import read_data
from spanset.models.language_model import LanguageModel, usual_batch_tokens
from spanset.models.rendering.token_survey import survey
from spanset.stores.status import Status
from spanset.trials.evaluation import Evaluation
from spanset.trials.held_out import HeldOutRows
from spanset.trials.multiple_choice import MultipleChoice
from spanset.trials.task_scores import load_tasks
from spanset.trials.trial_results import Sets

HOME = "home"  # rows that were held out of the data


@dataclass(frozen=True, eq=False)
class Elsewhere:
    """A set of rows from elsewhere.

    Attributes
    ----------
    name, path : str
        Short, and as given.
    rows : Dataset
        All of it.
    """

    name: str
    path: str
    rows: Dataset


def read_elsewhere(paths: Sequence[str], reading: DataConfig) -> list[Elsewhere]:
    """Files of rows whose answers are to be foretold."""
    names = short_names(list(paths))
    return [
        Elsewhere(name if name != HOME else path, path, read_data((path,), reading))
        for name, path in zip(names, paths, strict=True)
    ]


def evaluations_of(
    judging: JudgingConfig,
    home: Dataset,
    elsewhere: Sequence[Elsewhere],
    model: LanguageModel,
    seed: int,
) -> tuple[list[Evaluation], list[Sets]]:
    """All of them, and how they go together.

    Raises
    ------
    DataError
        A set of which nothing is supervised.
    """
    found: list[Evaluation] = []
    groups = []
    if len(home):
        found.append(_held_out(HOME, "--home", home, np.arange(len(home)), model))
        groups.append(Sets(HOME, "loss", (HOME,)))
    if elsewhere:
        for one in elsewhere:
            places = _drawn(one, judging.eval_rows, model, seed)
            found.append(_held_out(one.name, f"--eval {one.path}", one.rows, places, model))
        groups.append(Sets("away", "loss", tuple(one.name for one in elsewhere)))
    asked = _questions(judging, model, seed)
    if asked:
        found += asked
        groups.append(Sets("questions", "accuracy", tuple(one.name for one in asked)))
    require_different([one.name for one in found], "sets that judge")
    return found, groups


def _questions(judging: JudgingConfig, model: LanguageModel, seed: int) -> list[Evaluation]:
    """Files of questions, and tasks of lm-eval."""
    tokenizer, most = model.renderer.tokenizer, judging.eval_rows
    tokens = model.config.batch_tokens
    found: list[Evaluation] = [
        MultipleChoice.read(path, tokenizer, most=most, seed=seed, batch_tokens=tokens)
        for path in comma_list(judging.questions)
    ]
    if tasks := comma_list(judging.task):
        found += load_tasks(tasks, tokenizer, folder=judging.task_folder, most=most, seed=seed)
    return found


def _drawn(one: Elsewhere, most: int, model: LanguageModel, seed: int) -> IntArray:
    """Rows that judge, ascending; those that cannot be rendered or have no answer are none."""
    seen = survey(one.rows, model.renderer, pair=SIDE, on_bad_row="skip")
    usable = np.flatnonzero(seen.status == Status.PENDING)
    if len(usable) <= most:
        return usable
    return np.sort(np.random.default_rng([seed, 2]).choice(usable, most, replace=False))


def _held_out(
    name: str, where: str, data: Dataset, places: IntArray, model: LanguageModel
) -> HeldOutRows:
    if not len(places):
        raise DataError(
            "no row has an answer that can be judged",
            where=where,
            fix="look at its rows with `spanset show --model`",
        )
    depends_on: dict[str, Any] = {"digests": data.digests[places].tobytes().hex()}
    rows = rendered_rows(data, model, places)
    return HeldOutRows(name, rows, depends_on, usual_batch_tokens(model.config))
