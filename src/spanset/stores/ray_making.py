"""Features made by actors of Ray, a few batches of the store's plan at a time.

    the store's plan -> tasks -> actors that hold the maker -> the store

The batches are those of a run without Ray, and so are the bytes, where an actor computes with as
many threads. What a row is made of travels with it: actors need the model, not the data. An actor
that dies is replaced, and what it was at is made again, by whichever comes to it first. This module
imports ray; only what asks for it does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from time import monotonic
from typing import Any

import numpy.typing as npt

from spanset.base.errors import UsageError
from spanset.base.ray_actors import ray
from spanset.base.ray_cluster import Crowd
from spanset.base.ray_tasks import TaskActors, TaskWorker
from spanset.base.stages import Progress, Watcher, told_once
from spanset.data.dataset import Dataset
from spanset.stores.checks import differences
from spanset.stores.columns import Entry
from spanset.stores.maker import Job, MadeProgress, Maker, Recipe, Sink
from spanset.stores.store import FeatureStore
from spanset.stores.survey import Survey
from spanset.stores.tasks import Made, Task, TaskQueue, TaskSink


class _Notes(list[str]):
    """A watcher in an actor: what it is told is sent on."""

    def stage(self, name: str) -> nullcontext[None]:  # noqa: ARG002
        return nullcontext()

    def progress(self, progress: Progress) -> None:
        pass

    def note(self, text: str) -> None:
        self.append(text)

    def cancelled(self) -> bool:
        return False


class MakingWorker(TaskWorker):
    """What runs in an actor."""

    def load(self, load: tuple[Recipe, Mapping[str, Any]]) -> dict[str, Any]:
        """Hold the maker that a recipe gives, with these settings; what its bytes depend on.

        Raises
        ------
        UsageError
            What is found here, by the same name, is not what the store is to be made with.
        """
        recipe, settings = load
        self._notes = _Notes()
        self._maker: Maker = recipe(watcher=self._notes)
        different = differences(settings, self._maker.settings())
        if different:
            raise UsageError(
                "a worker would make other features",
                where=f"--ray: node {ray.get_runtime_context().get_node_id()}",
                why="; ".join(different),
                fix="put the same files in the same folder on every machine of the cluster",
            )
        self._maker.prepare()
        return self._maker.machine()

    def make(self, task: Task) -> Made:
        """The features of a task."""
        self._notes.clear()
        sink = TaskSink(task)
        self._maker.fill(task.job, sink)
        return sink.sent(self._notes)


class RayMaker:
    """A maker whose batches are made by others of its kind, in actors; to be closed.

    Parameters
    ----------
    maker : Maker
        What is to be made; it looks at the rows, and makes none.
    join : callable
        Joins the cluster, when there is something to make.
    """

    def __init__(self, maker: Maker, join: Callable[[], AbstractContextManager[Crowd]]) -> None:
        self._maker, self._join = maker, join
        self._crew: TaskActors[Task, Made] | None = None
        self._stack = ExitStack()

    def __enter__(self) -> RayMaker:
        return self

    def __exit__(self, *_: object) -> None:
        self._crew = None
        self._stack.close()

    @property
    def watcher(self) -> Watcher:
        """Told of what is done."""
        return self._maker.watcher

    @property
    def dimension(self) -> int:
        """Columns of the features."""
        return self._maker.dimension

    @property
    def columns(self) -> dict[str, Entry]:
        """Optional columns that its stores have."""
        return self._maker.columns

    @property
    def batch(self) -> tuple[str, int]:
        """What a batch is measured in, and how many it holds at most."""
        return self._maker.batch

    def settings(self) -> dict[str, Any]:
        """Those of the maker: where it runs is none of them."""
        return self._maker.settings()

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Arrays that the features of further rows depend on."""
        return self._maker.state()

    def view(self, store: FeatureStore) -> FeatureStore | None:
        """What a store of another kind holds of these features, if anything."""
        return self._maker.view(store)

    def survey(self, data: Dataset) -> Survey:
        """A look at all rows."""
        return self._maker.survey(data)

    def seconds(self, data: Dataset, seen: Survey) -> float:
        """About how long making these features takes on this machine."""
        return self._maker.seconds(data, seen)

    def recipe(self) -> Recipe:
        """The maker's."""
        return self._maker.recipe()

    def prepare(self) -> None:
        """Start the actors, and wait until one of them has loaded what it needs."""
        self._started()

    def machine(self) -> dict[str, Any]:
        """Of the first actor."""
        return self._started().loaded[0]

    def fill(self, job: Job, sink: Sink) -> None:
        """Make the batches."""
        crew, queue = self._started(), TaskQueue(job, sink)
        size = work = 0
        started, note = monotonic(), told_once(self.watcher.note)
        for task, made in crew.made(queue):
            made.put(task, sink)
            queue.took(task, made)
            for text in made.notes:
                note(text)
            size, work = size + task.size, work + task.work
            speed, done = work / (monotonic() - started), work / queue.work
            self.watcher.progress(MadeProgress(size, queue.size, speed, done, self.batch[0]))
        machines = sink.manifest["machines"]
        more = [one for one in crew.loaded if one not in machines]
        if more:
            sink.update(machines=[*machines, *more])

    def _started(self) -> TaskActors[Task, Made]:
        if self._crew is None:
            crowd = self._stack.enter_context(self._join())
            load = self._maker.recipe(), self._maker.settings()
            actors: TaskActors[Task, Made] = TaskActors(MakingWorker, crowd, load)
            self._crew = self._stack.enter_context(closing(actors))
        return self._crew
