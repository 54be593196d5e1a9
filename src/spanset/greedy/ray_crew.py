"""Workers of the greedy as actors of Ray.

Each actor holds a partition. What all are told goes into Ray's object store once, and stays there
for actors that replace others. This module imports ray; only what asks for it does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from spanset.base.lazy_rows import AnyRows, LazyRows, some_of
from spanset.base.ray_actors import LOSSES, Actors, Worker, lost, ray
from spanset.base.ray_cluster import Crowd, WorkerLostError
from spanset.base.ray_tasks import TaskActors, TaskWorker
from spanset.base.stages import told_once
from spanset.greedy.blocked import blocked_greedy
from spanset.greedy.crew import Crew
from spanset.greedy.factor import CancelledError
from spanset.greedy.mixed import TooCloseError
from spanset.greedy.partition import Partition, Share
from spanset.greedy.parts import Part, Parts
from spanset.greedy.selection import Selection


class PartitionWorker(Worker):
    """What runs in an actor."""

    def load(self, X: AnyRows, share: Share, **options: Any) -> None:
        """Take a partition; see `Partition`."""
        self._partition = Partition(X, share, **options)

    def catch_up(self, told: Sequence[tuple[str, Any]], asked: Sequence[Any]) -> None:
        """Come to where the partition was; arguments are references, in lists: not yet fetched."""
        found = ((method, ray.get(args)) for method, args in told)
        (last,) = asked
        self._partition.catch_up(found, None if last is None else ray.get(last))

    def call(self, method: str, args: tuple[Any, ...]) -> Any:
        """What the partition returns."""
        return getattr(self._partition, method)(*args)


class Chosen(NamedTuple):
    """Picks in a part, and what the user should know."""

    picks: Selection
    notes: list[str]


class ChoosingWorker(TaskWorker):
    """What runs in an actor that chooses from whole parts."""

    def load(self, load: dict[str, Any]) -> None:
        """Take the options of `blocked_greedy`."""
        self._options = load

    def make(self, task: Part) -> Chosen:
        """Choose from a part."""
        notes: list[str] = []
        picks = blocked_greedy(
            task.X, task.k, log_quality=task.log_quality, on_note=notes.append, **self._options
        )
        return Chosen(picks, notes)


@dataclass(frozen=True)
class RayCluster:
    """A cluster that was joined.

    Attributes
    ----------
    crowd : Crowd
        How many workers, and what each may use.
    device : str
        See `blocked_greedy`; each worker has a GPU of its own on ``cuda``.
    scratch : Path or None
        Folder, on each machine, for a factor that its memory does not hold.
    """

    crowd: Crowd
    device: str = "cpu"
    scratch: Path | None = None

    def split(self, n: int) -> Sequence[int]:
        """Equal parts."""
        return np.linspace(0, n, self.crowd.workers + 1).astype(np.int64).tolist()

    def crew(self, X: AnyRows, shares: Sequence[Share], cancelled: Callable[[], bool]) -> RayCrew:
        """An actor a partition."""
        return RayCrew(self, X, shares, cancelled)

    def chosen(
        self, parts: Parts, cancelled: Callable[[], bool], on_note: Callable[[str], None]
    ) -> Iterator[tuple[int, Selection]]:
        """See `Cluster`."""

        def look() -> None:
            if cancelled():
                raise CancelledError

        own = {"workers": self.crowd.threads, "device": self.device, "scratch": self.scratch}
        load = {**parts.options, **own}
        note = told_once(on_note)
        actors: TaskActors[Part, Chosen] = TaskActors(ChoosingWorker, self.crowd, load, look)
        with closing(actors):
            for part, found in actors.made(_PartTasks(parts)):
                for text in found.notes:
                    note(text)
                yield part.number, found.picks


class RayCrew(Crew[Any, Any]):
    """Actors with a partition each."""

    def __init__(
        self,
        cluster: RayCluster,
        X: AnyRows,
        shares: Sequence[Share],
        cancelled: Callable[[], bool],
    ) -> None:
        super().__init__(len(shares))
        self._cluster, self._X, self._shares, self._cancelled = cluster, X, shares, cancelled
        # No more than there are partitions: of few rows not every worker has some.
        crowd = replace(cluster.crowd, workers=len(shares))
        self._actors = Actors(PartitionWorker, crowd, expected=(TooCloseError,))
        try:
            features = [self._features(number) for number in self._numbers]  # while they start
            nodes = [self._actors.started(number) for number in self._numbers]
            self._neighbours = most_on_one(nodes)
            loading = list(map(self._loading, self._numbers, features))
            for number, one in enumerate(loading):
                try:
                    self.answered(one)
                except WorkerLostError:
                    self.replace(number, (), None)
        except BaseException:
            self.close()
            raise

    def packed(self, args: tuple[Any, ...]) -> Any:
        """In Ray's object store."""
        return ray.put(args)

    def asked(self, number: int, method: str, packed: Any) -> Any:
        """The reference of an answer."""
        return self._actors[number].call.remote(method, packed)

    def answered(self, asked: Any) -> Any:
        """See `Crew`."""
        return self._actors.answer(asked, self._look)

    def _look(self) -> None:
        if self._cancelled():
            raise CancelledError

    def replace(self, number: int, told: Sequence[tuple[str, Any]], asked: Any) -> None:
        """Another actor, wherever there is room."""
        reason: BaseException | None = None
        for _ in range(LOSSES):
            self._actors.renew(number)
            try:
                self._actors.started(number)
                self.answered(self._loading(number, self._features(number)))
                self.answered(self._actors[number].catch_up.remote(list(told), [asked]))
            except WorkerLostError as error:
                reason = error
                continue
            return
        raise lost(reason)

    def close(self) -> None:
        """End the actors."""
        self._actors.close()

    def _features(self, number: int) -> Any:
        """Those of a partition, in Ray's object store."""
        share = self._shares[number]
        part = some_of(self._X, slice(share.start, share.stop))
        return ray.put(part if isinstance(part, LazyRows) else np.ascontiguousarray(part))

    def _loading(self, number: int, features: Any) -> Any:
        return self._actors[number].load.remote(
            features,
            self._shares[number],
            workers=self._cluster.crowd.threads,
            device=self._cluster.device,
            scratch=self._cluster.scratch,
            neighbours=self._neighbours,
        )


class _PartTasks:
    """Parts that are made when a worker takes them: they are copies of the features."""

    def __init__(self, parts: Parts) -> None:
        self._make, self._left = parts.make, deque(range(parts.count))

    def __len__(self) -> int:
        return len(self._left)

    def take(self, workers: int) -> Part:  # noqa: ARG002
        return self._make(self._left.popleft())

    def again(self, tasks: Sequence[Part]) -> None:
        self._left.extendleft(part.number for part in tasks)


def most_on_one(nodes: Sequence[str]) -> int:
    """Workers that share a machine, at most."""
    return max(map(nodes.count, nodes))
