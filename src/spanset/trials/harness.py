"""lm-eval (the Language Model Evaluation Harness): its tasks found, checked and kept quiet.

What it sets for the whole process while it works (loggers, bars, generators of random numbers) is
as before afterwards. Code of data sets is never run; that of a task's own folder is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from difflib import get_close_matches
from importlib import import_module
from logging import ERROR, getLogger
from pathlib import Path
from typing import Any

from spanset.base.errors import DataError, UsageError
from spanset.base.extras import require
from spanset.data.containers import hub
from spanset.models import libraries
from spanset.models.libraries import first_line

SEED = 1234  # lm-eval's own, of examples in prompts and of sampling
NEAR = 5  # names shown where there is none such

# Where its bars come from; it has no switch for them.
_WITH_BARS = ("lm_eval.api.task", "lm_eval.api.model", "lm_eval.models.huggingface")


def found_tasks(names: Sequence[str], folder: str | None) -> dict[str, dict[str, Any]]:
    """Tasks by their names, with their documents.

    Parameters
    ----------
    names : sequence of str
        Of tasks, groups or tags.
    folder : str, optional
        With YAML files of tasks, which come before lm-eval's own.

    Returns
    -------
    dict
        By name, the tasks of each: one, or those of a group, by their own names.

    Raises
    ------
    UsageError
        No such folder or task.
    DataError
        Documents that cannot be had.
    """
    if folder is not None and not Path(folder).expanduser().is_dir():
        raise UsageError(
            "no such folder", where=f"--task-folder {folder}", fix="name a folder of YAML files"
        )
    managers = _managers(None if folder is None else str(Path(folder).expanduser()))
    first = next(managers)
    whole = None
    found: dict[str, dict[str, Any]] = {}
    for name in names:
        manager = first
        if name not in first.all_tasks or _leans_on_others(first, name):
            manager = whole = whole or next(managers, first)
        if name not in manager.all_tasks:
            raise _unknown(name, manager.all_tasks)
        found[name] = _loaded(manager, name)
    return found


def _managers(folder: str | None) -> Iterator[Any]:
    """Of the folder alone, then of all tasks: to go through lm-eval's own takes ten seconds."""
    make = require("lm_eval.tasks", extra="train").TaskManager
    if folder is not None:
        yield make(include_path=folder, include_defaults=False)
    yield make(include_path=folder)


def _leans_on_others(manager: Any, name: str) -> bool:
    """Whether a group names tasks that the manager does not know."""
    parts = (manager.task_index[name].cfg or {}).get("task")
    names = [one for one in parts if isinstance(one, str)] if isinstance(parts, list) else []
    return any(
        one not in manager.all_tasks or _leans_on_others(manager, one)
        for one in names
        if one != name
    )


def _loaded(manager: Any, name: str) -> dict[str, Any]:
    """Load a task's documents."""
    try:
        return dict(manager.load([name])["tasks"])
    except Exception as error:  # of datasets and half a dozen packages below it
        raise DataError(
            "the task cannot be loaded",
            where=f"lm-eval task {name}",
            why=f"{type(error).__name__}: {first_line(error)}",
            fix="its documents come from the hub, or from files that its YAML file names: check "
            "the network, or the paths (which begin at the folder that you are in)",
        ) from error


def _unknown(name: str, known: Sequence[str]) -> UsageError:
    near = get_close_matches(name, known, NEAR)
    near += [one for one in known if name in one and one not in near][: NEAR - len(near)]
    return UsageError(
        f"lm-eval knows no task {name!r}",
        where=f"lm-eval task {name}",
        why=f"near ones: {', '.join(near)}" if near else "",
        fix="`lm_eval ls tasks` lists them; name a folder of your own with --task-folder",
    )


def metric_of(task: Any, name: str) -> str:
    """The measure whose value a document gets, from 0 to 1: acc where it is there, or the first.

    Raises
    ------
    UsageError
        A task without such a measure, of pictures or sound, or that runs code of the model.
    """
    where = f"lm-eval task {name}"
    if getattr(task, "UNSAFE_CODE", False):
        raise UsageError(
            "the task runs code that the model writes", where=where, fix="use another task"
        )
    if getattr(task, "MULTIMODAL", False):
        raise UsageError("the task needs more than text", where=where, fix="use another task")
    better: Mapping[str, Any] = task.higher_is_better()
    means = [
        metric
        for metric, aggregated in task.aggregation().items()
        if getattr(aggregated, "__name__", aggregated) == "mean" and better.get(metric)
    ]
    if task.OUTPUT_TYPE == "loglikelihood_rolling" or not means:
        raise UsageError(
            "the task gives its documents no values from 0 to 1",
            where=where,
            why=f"output type {task.OUTPUT_TYPE}; measures: {', '.join(task.aggregation())}",
            fix="use a task with a measure such as acc or exact_match, averaged over documents",
        )
    return "acc" if "acc" in means else means[0]


@contextmanager
def silenced() -> Iterator[None]:
    """Without bars, logs and warnings of lm-eval and of what it stands on."""
    require("lm_eval", extra="train")
    datasets = require("datasets", extra="train")  # lm-eval brings it
    logger = getLogger("lm_eval")
    level = logger.level
    modules = [import_module(name) for name in _WITH_BARS]
    bars = [module.tqdm for module in modules]  # type: ignore[attr-defined]
    with ExitStack() as stack:
        stack.enter_context(libraries.quiet())
        stack.enter_context(hub.quiet(datasets))
        stack.callback(logger.setLevel, level)
        logger.setLevel(ERROR)
        for module, bar in zip(modules, bars, strict=True):
            stack.callback(setattr, module, "tqdm", bar)
            module.tqdm = _hidden(bar)  # type: ignore[attr-defined]
        yield


def _hidden(bar: Any) -> Any:
    def make(*arguments: Any, **options: Any) -> Any:
        return bar(*arguments, **{**options, "disable": True})

    return make
