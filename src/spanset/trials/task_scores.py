"""Tasks of lm-eval: what a model gets for every document.

lm-eval makes the prompts, runs the model and judges its answers. Log-probabilities are in float32
whatever the model's type, so that two answers are equal only where they are.
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from spanset.base.errors import DataError, UsageError
from spanset.base.extras import require
from spanset.trials.evaluation import SetScores, Unit
from spanset.trials.harness import SEED, found_tasks, metric_of, silenced
from spanset.trials.own_chance import own_chance
from spanset.trials.untouched import untouched

# Where documents and the task's file lie: what they hold is in the digest itself.
_PLACES = ("dataset_path", "dataset_name", "dataset_kwargs", "metadata")
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")  # of a function, another in every process


@dataclass(frozen=True, eq=False)
class TaskScores:
    """A task, or all tasks of a group, as one evaluation.

    Attributes
    ----------
    name : str
        As lm-eval knows it.
    tasks : mapping of str to lm_eval.api.task.Task
        By their names.
    metrics : mapping of str to str
        The measure that is taken of each task's documents.
    documents : mapping of str to sequence of int
        Numbers of the documents that are asked, of each task in order; at least one.
    digest : str
        Of these documents and of how they are asked.
    tokenizer : transformers.PreTrainedTokenizerFast
        Of the models that are judged.
    batch_size : int
        Sequences of a pass.
    """

    name: str
    tasks: Mapping[str, Any]
    metrics: Mapping[str, str]
    documents: Mapping[str, Sequence[int]]
    digest: str
    tokenizer: Any
    batch_size: int = 8

    @property
    def unit(self) -> Unit:
        """Accuracy, or another share."""
        return "accuracy"

    def settings(self) -> Mapping[str, Any]:
        """The task, its documents, and who judges."""
        return {
            "kind": "lm-eval",
            "task": self.name,
            "lm_eval": version("lm_eval"),
            "metrics": sorted(set(self.metrics.values())),
            "documents": len(self),
            "digest": self.digest,
        }

    def __len__(self) -> int:
        """Documents, n."""
        return sum(len(numbers) for numbers in self.documents.values())

    @property
    def tokens(self) -> int:
        """Not known: prompts are made anew for every model."""
        return 0

    def scored(self, model: Any) -> SetScores:
        """A causal language model on every document, task after task."""
        evaluate = require("lm_eval.evaluator", extra="train").evaluate
        wrap = require("lm_eval.models.huggingface", extra="train").HFLM
        with silenced(), own_chance(SEED), untouched(model):
            # It gives the tokenizer a token to pad with.
            tokenizer = copy.deepcopy(self.tokenizer)
            judged = wrap(
                pretrained=model,
                backend="causal",
                tokenizer=tokenizer,
                batch_size=self.batch_size,
                softmax_dtype="float32",
            )
            for task in self.tasks.values():
                task.set_fewshot_seed(seed=SEED)
            found = evaluate(
                judged,
                {"tasks": dict(self.tasks)},
                samples=dict(self.documents),
                bootstrap_iters=0,
                log_samples=True,
            )
        values = np.concatenate([self._values(name, found["samples"][name]) for name in self.tasks])
        return SetScores(values, np.ones(len(values)))

    def _values(self, name: str, samples: Sequence[Mapping[str, Any]]) -> np.ndarray:
        """Values of a task's documents; of several ways to find an answer, by the first."""
        metric = self.metrics[name]
        own = [one for one in samples if one["filter"] == samples[0]["filter"]]
        values = np.array([float(one[metric]) for one in own])
        if len(values) != len(self.documents[name]) or not ((values >= 0) & (values <= 1)).all():
            raise DataError(
                f"{metric} gives values that are not from 0 to 1, or not one a document",
                where=f"lm-eval task {name}",
                fix="use a task whose first measure is a share, such as acc or exact_match",
            )
        return values


def load_tasks(
    names: Sequence[str],
    tokenizer: Any,
    *,
    folder: str | None = None,
    few_shot: int | None = None,
    most: int | None = None,
    seed: int = 0,
    batch_size: int = 8,
) -> tuple[TaskScores, ...]:
    """Find tasks and load their documents, one evaluation a name.

    Parameters
    ----------
    names : sequence of str
        Tasks, groups or tags of lm-eval.
    tokenizer : transformers.PreTrainedTokenizerFast
        Of the models that are judged.
    folder : str, optional
        With YAML files of tasks of your own.
    few_shot : int, optional
        Examples in a prompt, but for tasks that fix them at none; by default what each task says.
    most : int, optional
        Documents of a name; where there are more in all, so many are drawn.
    seed : int
        Of the draw.
    batch_size : int
        Sequences of a pass.

    Raises
    ------
    UsageError
        No such task or folder, or a task whose documents get no values from 0 to 1.
    DataError
        Documents that cannot be had.
    """
    if most is not None and most < 1:
        raise UsageError(f"{most} documents are too few", fix="give 1 or more")
    made = []
    with silenced(), own_chance(SEED):
        for name, tasks in found_tasks(names, folder).items():
            metrics = {one: metric_of(task, one) for one, task in tasks.items()}
            for task in tasks.values():
                _set_examples(task, few_shot)
            counts = {one: len(task.eval_docs) for one, task in tasks.items()}
            documents = _drawn(counts, most, seed)
            kept = {one: tasks[one] for one in documents}
            digest = _digest(kept, documents)
            made.append(TaskScores(name, kept, metrics, documents, digest, tokenizer, batch_size))
    return tuple(made)


def _set_examples(task: Any, few_shot: int | None) -> None:
    """Examples in a prompt, by lm-eval's rules: a task's own 0 stays."""
    own = task.get_config("num_fewshot")
    if few_shot is not None and own != 0:
        task.set_config(key="num_fewshot", value=few_shot)
    elif own is None:
        task.set_config(key="num_fewshot", value=0)


def _drawn(counts: Mapping[str, int], most: int | None, seed: int) -> dict[str, Sequence[int]]:
    """Numbers of documents, so many at most in all; tasks without any are left out."""
    total = sum(counts.values())
    if most is None or most >= total:
        return {name: range(count) for name, count in counts.items() if count}
    kept = np.sort(np.random.default_rng(seed).choice(total, most, replace=False))
    drawn: dict[str, Sequence[int]] = {}
    first = 0
    for name, count in counts.items():
        numbers = (kept[(kept >= first) & (kept < first + count)] - first).tolist()
        first += count
        if numbers:
            drawn[name] = numbers
    return drawn


def _digest(tasks: Mapping[str, Any], documents: Mapping[str, Sequence[int]]) -> str:
    """Of tasks' settings, the text of their functions among them, and of what is asked."""
    digest = hashlib.sha256()
    for name, task in tasks.items():
        rows = task.eval_docs
        config = {key: one for key, one in task.dump_config().items() if key not in _PLACES}
        examples = list(task.fewshot_docs() or ()) if task.get_config("num_fewshot") else []
        parts = (name, config, examples, [rows[number] for number in documents[name]])
        text = json.dumps(parts, sort_keys=True, default=str)
        digest.update(_ADDRESS.sub("", text).encode())
    return digest.hexdigest()
