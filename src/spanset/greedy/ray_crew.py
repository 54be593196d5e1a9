"""Workers of the greedy as actors of Ray.

Each actor holds a partition. What all are told goes into Ray's object store once, and stays there
for actors that replace others. Ray moves its messages by pickle, between processes that trust each
other: a cluster is for its users alone. This module imports ray; only what asks for it does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spanset.base.errors import SpansetError
from spanset.base.extras import require
from spanset.base.ray_cluster import Crowd, require_same_versions, versions
from spanset.greedy.crew import Crew, WorkerLostError
from spanset.greedy.factor import CancelledError
from spanset.greedy.mixed import TooCloseError
from spanset.greedy.partition import Partition, Share
from spanset.kernels.kernel import Matrix

ray: Any = require("ray", extra="cluster")

START = 120.0  # seconds for a worker to start, its machine too where the cluster grows
LOSSES = 5  # workers lost one after another in the same place
ASK_EVERY = 0.5  # seconds between looks at whether the caller wants to stop


class Worker:
    """What runs in an actor."""

    def hello(self) -> tuple[str, dict[str, str]]:
        """The machine, and its versions."""
        return ray.get_runtime_context().get_node_id(), versions()

    def load(self, X: Matrix, share: Share, **options: Any) -> None:
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

    def crew(self, X: Matrix, shares: Sequence[Share], cancelled: Callable[[], bool]) -> RayCrew:
        """An actor a partition."""
        return RayCrew(self, X, shares, cancelled)


class RayCrew(Crew[Any, Any]):
    """Actors with a partition each."""

    def __init__(
        self,
        cluster: RayCluster,
        X: Matrix,
        shares: Sequence[Share],
        cancelled: Callable[[], bool],
    ) -> None:
        super().__init__(len(shares))
        self._cluster, self._X, self._shares, self._cancelled = cluster, X, shares, cancelled
        crowd = cluster.crowd
        gpus = {"num_gpus": 1} if cluster.device.startswith("cuda") else {}
        self._class = ray.remote(Worker).options(
            num_cpus=crowd.cpus, scheduling_strategy="SPREAD", max_restarts=0, **gpus
        )
        self._actors: list[Any] = []
        try:
            self._actors = [self._class.remote() for _ in shares]
            nodes = [self._started(number) for number in range(len(shares))]
            self._neighbours = most_on_one(nodes)
            loading = [self._loading(number) for number in range(len(shares))]
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
        while not ray.wait([asked], timeout=ASK_EVERY)[0]:
            if self._cancelled():
                raise CancelledError
        try:
            return ray.get(asked)
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, (SpansetError, TooCloseError)):
                raise error.cause from None
            raise
        except (ray.exceptions.RayActorError, ray.exceptions.ObjectLostError) as error:
            raise WorkerLostError from error

    def replace(self, number: int, told: Sequence[tuple[str, Any]], asked: Any) -> None:
        """Another actor, wherever there is room."""
        reason: BaseException | None = None
        for _ in range(LOSSES):
            self._renew(number)
            try:
                self._started(number)
                self.answered(self._loading(number))
                self.answered(self._actors[number].catch_up.remote(list(told), [asked]))
            except WorkerLostError as error:
                reason = error
                continue
            return
        raise _lost(reason)

    def close(self) -> None:
        """End the actors."""
        for actor in self._actors:
            ray.kill(actor)

    def _renew(self, number: int) -> None:
        ray.kill(self._actors[number])
        self._actors[number] = self._class.remote()

    def _started(self, number: int) -> str:
        """The machine of a worker, once it runs."""
        reason: BaseException | None = None
        for _ in range(LOSSES):
            try:
                node, found = ray.get(self._actors[number].hello.remote(), timeout=START)
            except ray.exceptions.RayActorError as error:
                reason = error
                self._renew(number)
                continue
            except ray.exceptions.GetTimeoutError:
                cpus = self._cluster.crowd.cpus
                raise SpansetError(
                    f"no worker of {cpus:g} processors started in {START:.0f} s",
                    where="--ray",
                    why="every machine of the cluster is taken, or too small",
                    fix="end other work there, or change --ray-workers",
                ) from None
            require_same_versions(found, node)
            return node
        raise _lost(reason)

    def _loading(self, number: int) -> Any:
        share = self._shares[number]
        part = np.ascontiguousarray(self._X[share.start : share.stop])
        return self._actors[number].load.remote(
            ray.put(part),
            share,
            workers=self._cluster.crowd.threads,
            device=self._cluster.device,
            scratch=self._cluster.scratch,
            neighbours=self._neighbours,
        )


def most_on_one(nodes: Sequence[str]) -> int:
    """Workers that share a machine, at most."""
    return max(map(nodes.count, nodes))


def _lost(reason: BaseException | None) -> SpansetError:
    """A place that no worker lasts in."""
    if isinstance(reason, WorkerLostError):
        reason = reason.__cause__
    told = str(reason).strip().partition("\n")[0]
    return SpansetError(
        f"a worker was lost {LOSSES} times in the same place",
        where="--ray",
        why=told,
        fix="install the same spanset on every machine of the cluster; if their memory is too "
        "little, use more workers (--ray-workers) on more machines",
    )
