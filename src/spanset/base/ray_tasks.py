"""Tasks that do not depend on each other, for actors of Ray: whoever is free takes the next.

What an actor was at when it was lost is done again, by whichever comes to it first. This module
imports ray; only what asks for it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from time import monotonic
from typing import Any, Generic, Protocol, TypeVar

from spanset.base import ray_actors
from spanset.base.ray_actors import Actors, Worker, lost, ray
from spanset.base.ray_cluster import Crowd, WorkerLostError, require_same_versions

Task = TypeVar("Task")
Answer = TypeVar("Answer")

QUEUED = 2  # tasks of a worker: the next is there when one is done


class TaskWorker(Worker):
    """What runs in an actor; a kind of them has `make` as well."""

    def load(self, load: Any) -> Any:
        """Take what all tasks need."""
        raise NotImplementedError

    def make(self, task: Any) -> Any:
        """Do a task."""
        raise NotImplementedError


class Tasks(Protocol[Task]):
    """Tasks that are still to be done."""

    def __len__(self) -> int:
        """How many, at least; 0 where there are none."""
        ...

    def take(self, workers: int) -> Task:
        """The next, for one of so many workers."""
        ...

    def again(self, tasks: Sequence[Task]) -> None:
        """Put back what a worker was lost with."""
        ...


class _Step(Enum):
    HELLO = auto()
    LOAD = auto()
    MAKE = auto()


@dataclass(frozen=True, eq=False)
class _Asked(Generic[Task]):
    place: int
    step: _Step
    task: Task | None = None


class TaskActors(Generic[Task, Answer]):
    """Actors, each of which says hello, loads what it needs, and then makes what it is given.

    Nobody waits for one that is still to start, or to be replaced: the others do its work.

    Parameters
    ----------
    kind : type
        Of the actors.
    crowd : Crowd
        How many, and what each may use.
    load : object
        What each is given at first.
    look : callable
        Called now and then while answers are waited for.

    Attributes
    ----------
    loaded : list
        What they returned of that, each once.
    """

    def __init__(
        self,
        kind: type[TaskWorker],
        crowd: Crowd,
        load: object,
        look: Callable[[], object] = lambda: None,
    ) -> None:
        self._load, self._look = ray.put(load), look
        self._asked: dict[Any, _Asked[Task]] = {}
        self._ready: set[int] = set()
        self._losses = [0] * crowd.workers
        self._heard = monotonic()
        self.loaded: list[Any] = []
        self._actors = Actors(kind, crowd)
        try:
            for place in range(crowd.workers):
                self._begin(place)
            while not self._ready:
                self._heard_of()
        except BaseException:
            self.close()
            raise

    def made(self, queue: Tasks[Task]) -> Iterator[tuple[Task, Answer]]:
        """Every task of a queue with what came of it, as they end."""
        while queue or self._under_way():
            for place in self._ready:
                while queue and len(self._under_way(place)) < QUEUED:
                    task = queue.take(len(self._losses))
                    made = self._actors[place].make.remote(task)
                    self._asked[made] = _Asked(place, _Step.MAKE, task)
            found = self._heard_of()
            if isinstance(found, tuple):
                yield found
            else:
                queue.again(found)

    def close(self) -> None:
        """End the actors."""
        self._actors.close()

    def _begin(self, place: int) -> None:
        self._asked[self._actors[place].hello.remote()] = _Asked(place, _Step.HELLO)

    def _under_way(self, place: int | None = None) -> list[Task]:
        """Tasks of an actor, or of all."""
        asked = self._asked.values()
        return [one.task for one in asked if one.task is not None and place in (None, one.place)]

    def _heard_of(self) -> list[Task] | tuple[Task, Answer]:
        """Wait for an answer: a task that was done, or tasks that are to be done again.

        Raises
        ------
        SpansetError
            What an actor was refused with, or no actor lasts.
        """
        self._look()
        answered, _ = ray.wait(list(self._asked), timeout=ray_actors.ASK_EVERY)
        if not answered:
            is_idle = all(one.step == _Step.HELLO for one in self._asked.values())
            if is_idle and monotonic() - self._heard > ray_actors.START:
                raise self._actors.no_room()
            return []
        asked = self._asked.pop(answered[0])
        try:
            answer = self._actors.answer(answered[0])
        except WorkerLostError as error:
            return self._replaced(asked, error)
        self._heard = monotonic()
        if asked.task is not None:
            self._losses[asked.place] = 0
            return asked.task, answer
        if asked.step == _Step.HELLO:
            node, found = answer
            require_same_versions(found, node)
            loaded = self._actors[asked.place].load.remote(self._load)
            self._asked[loaded] = _Asked(asked.place, _Step.LOAD)
        else:
            self._ready.add(asked.place)
            if answer not in self.loaded:
                self.loaded.append(answer)
        return []

    def _replaced(self, asked: _Asked[Task], error: WorkerLostError) -> list[Task]:
        """Put another actor in the place of one that was lost; the tasks that it had."""
        place = asked.place
        self._losses[place] += 1
        if self._losses[place] >= ray_actors.LOSSES:
            raise lost(error)
        lost_with = [asked, *(one for one in self._asked.values() if one.place == place)]
        self._asked = {ref: one for ref, one in self._asked.items() if one.place != place}
        self._ready.discard(place)
        self._heard = monotonic()
        self._actors.renew(place)
        self._begin(place)
        return [one.task for one in lost_with if one.task is not None]
