"""Batches of a store's plan as tasks for others, who see neither the store nor the data's files.

    queue of batches -> task: rows, with what they are made of -> made -> the store

Rows of a task are numbered from 0; its batches keep their numbers in the plan.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from time import monotonic
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray
from spanset.stores.columns import COUNTED
from spanset.stores.maker import Job, Sink

SECONDS = 5.0  # that a task takes, about: starting one costs little beside it, losing one, too
SHARES = 4  # tasks that a worker's part of what is left is cut into: all end at about one time


@dataclass(frozen=True)
class Task:
    """Batches for one actor, with rows numbered from 0.

    Attributes
    ----------
    job : Job
        Its rows, carried.
    rows : (n,) int64
        What the rows are numbered in the store.
    columns : mapping
        What the store knows of the rows.
    manifest : mapping
        What the store's manifest says, as far as a maker asks.
    kinds : mapping of str to str
        Types of what is made, as the store keeps them.
    size, work : int
        Rows to make, and their tokens, or rows again where these are not counted.
    """

    job: Job
    rows: IntArray
    columns: Mapping[str, npt.NDArray[Any]]
    manifest: Mapping[str, Any]
    kinds: Mapping[str, str]
    size: int
    work: int


@dataclass(frozen=True)
class Made:
    """What an actor sends back of a task.

    Attributes
    ----------
    puts : sequence of ((b,) int64, dict)
        Rows, and what was made of them by its name.
    changes : mapping
        Of the store's manifest.
    notes : sequence of str
        What the user should know.
    seconds : float
        That it took.
    """

    puts: Sequence[tuple[IntArray, dict[str, npt.NDArray[Any]]]]
    changes: Mapping[str, Any]
    notes: Sequence[str]
    seconds: float

    def put(self, task: Task, sink: Sink) -> None:
        """Into what the task is of."""
        for rows, columns in self.puts:
            sink.put(task.rows[rows], **columns)
        changes = dict(self.changes)
        if "splits" in changes:
            changes["splits"] = sorted({*sink.manifest["splits"], *changes["splits"]})
        if changes:
            sink.update(**changes)


class TaskSink:
    """Keeps what is made of a task, where there is no store."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._puts: list[tuple[IntArray, dict[str, npt.NDArray[Any]]]] = []
        self._changes: dict[str, Any] = {}
        self._started = monotonic()

    @property
    def manifest(self) -> Mapping[str, Any]:
        """As the store's, with the changes."""
        return {**self._task.manifest, **self._changes}

    @property
    def made(self) -> tuple[str, ...]:
        """Columns that are made with the features."""
        return tuple(name for name in self._task.kinds if name not in ("features", "status"))

    def column(self, name: str) -> npt.NDArray[Any]:
        """What the store knows of the task's rows."""
        return self._task.columns[name]

    def put(
        self,
        rows: IntArray,
        features: npt.NDArray[np.float32],
        status: npt.NDArray[np.uint8],
        **values: npt.NDArray[Any],
    ) -> None:
        """Keep rows in the types that the store has: half the bytes to send, and the same."""
        found = {"features": features, "status": status, **values}
        with np.errstate(over="ignore"):
            kept = {name: found[name].astype(kind) for name, kind in self._task.kinds.items()}
        self._puts.append((rows, kept))

    def update(self, **changes: Any) -> None:
        """Keep the changes."""
        self._changes |= changes

    def sent(self, notes: Sequence[str]) -> Made:
        """All of it, with what the user should know."""
        return Made(self._puts, self._changes, tuple(notes), monotonic() - self._started)


class TaskQueue:
    """Batches that are still to be made, in tasks.

    Attributes
    ----------
    size, work : int
        Of all tasks together.
    """

    def __init__(self, job: Job, sink: Sink) -> None:
        self._job = job
        self._left = deque(job.batches)
        self._again: deque[Task] = deque()
        self._settings = sink.manifest["settings"]
        self._is_checked = sink.manifest["self_check"] is not None
        made = ("features", "status", *sink.made)
        self._kinds = {name: sink.column(name).dtype.str for name in made}
        known = [name for name in COUNTED if name in sink.manifest["columns"]]
        self._columns = {name: sink.column(name) for name in known}
        self._worth = 0.0  # work of a task
        self.size = sum(map(len, job.batches.values()))
        self.work = sum(map(self._work, job.batches.values()))

    def __len__(self) -> int:
        """Tasks that there are still, at least."""
        return len(self._again) + len(self._left)

    def take(self, workers: int) -> Task:
        """The next task, for one of so many workers."""
        if self._again:
            return self._again.popleft()
        numbers = self._next(ceil(len(self._left) / (SHARES * workers)))
        batches = {number: self._job.batches[number] for number in numbers}
        sample = self._job.sample[:0] if self._is_checked else self._job.sample
        rows = np.unique(np.concatenate([*batches.values(), sample]))
        local = {number: np.searchsorted(rows, own) for number, own in batches.items()}
        manifest = {
            "settings": self._settings,
            "self_check": {} if self._is_checked else None,  # the first task has it made
            "splits": [],
        }
        self._is_checked = True
        return Task(
            Job(self._job.data[rows].carried(), local, np.searchsorted(rows, sample)),
            rows,
            {name: column[rows] for name, column in self._columns.items()},
            manifest,
            self._kinds,
            sum(map(len, batches.values())),
            sum(map(self._work, batches.values())),
        )

    def took(self, task: Task, made: Made) -> None:
        """Learn how much can be made in a time."""
        self._worth = SECONDS * task.work / max(made.seconds, 1e-6)

    def again(self, tasks: Sequence[Task]) -> None:
        """Put back what a worker was lost with."""
        self._again.extend(tasks)

    def _next(self, most: int) -> list[int]:
        """Batches of the next task: one, or as many as make up its time."""
        numbers = [self._left.popleft()]
        work = self._work(self._job.batches[numbers[0]])
        while len(numbers) < most:
            work += self._work(self._job.batches[self._left[0]])
            if work > self._worth:
                break
            numbers.append(self._left.popleft())
        return numbers

    def _work(self, rows: IntArray) -> int:
        tokens = self._columns.get("tokens")
        return len(rows) if tokens is None else int(tokens[rows].sum())
