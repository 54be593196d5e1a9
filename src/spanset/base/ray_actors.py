"""Actors of Ray, one a place: started, asked, and replaced where they are lost.

Ray moves its messages by pickle, between processes that trust each other: a cluster is for its
users alone. This module imports ray; only what asks for it does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spanset.base.errors import SpansetError
from spanset.base.extras import require
from spanset.base.ray_cluster import Crowd, WorkerLostError, require_same_versions, versions

ray: Any = require("ray", extra="cluster")

START = 120.0  # seconds for a worker to start, its machine too where the cluster grows
LOSSES = 5  # workers lost one after another in the same place
ASK_EVERY = 0.5  # seconds between looks at whether the caller wants to stop


class Worker:
    """What runs in an actor, without what it is for."""

    def hello(self) -> tuple[str, dict[str, str]]:
        """The machine, and its versions."""
        return ray.get_runtime_context().get_node_id(), versions()


class Actors:
    """Actors of one kind, one in each of so many places.

    Parameters
    ----------
    kind : type
        A `Worker`.
    crowd : Crowd
        How many, and what each may use.
    expected : tuple of exception types
        Errors of a worker that are passed on as they are, beside those of the user.
    """

    def __init__(
        self, kind: type[Worker], crowd: Crowd, *, expected: tuple[type[Exception], ...] = ()
    ) -> None:
        self._crowd, self._expected = crowd, (SpansetError, *expected)
        self._class = ray.remote(kind).options(
            num_cpus=crowd.cpus,
            scheduling_strategy="SPREAD",
            max_restarts=0,
            **({"num_gpus": 1} if crowd.has_gpus else {}),
        )
        self._actors = [self._class.remote() for _ in range(crowd.workers)]

    def __getitem__(self, place: int) -> Any:
        """The actor in a place."""
        return self._actors[place]

    def __len__(self) -> int:
        return len(self._actors)

    def renew(self, place: int) -> None:
        """Put another in a place."""
        ray.kill(self._actors[place])
        self._actors[place] = self._class.remote()

    def started(self, place: int) -> str:
        """The machine of an actor, once it runs.

        Raises
        ------
        SpansetError
            There is no room for it, it has other versions, or it is lost again and again.
        """
        reason: BaseException | None = None
        for _ in range(LOSSES):
            try:
                node, found = ray.get(self._actors[place].hello.remote(), timeout=START)
            except ray.exceptions.RayActorError as error:
                reason = error
                self.renew(place)
                continue
            except ray.exceptions.GetTimeoutError:
                raise self.no_room() from None
            require_same_versions(found, node)
            return node
        raise lost(reason)

    def answer(self, asked: Any, look: Callable[[], object] = lambda: None) -> Any:
        """What was asked of a worker, once it is there; until then `look` is called now and then.

        Raises
        ------
        WorkerLostError
            There will be none.
        """
        try:
            while True:
                try:
                    return ray.get(asked, timeout=ASK_EVERY)
                except ray.exceptions.GetTimeoutError:
                    look()
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, self._expected):
                raise error.cause from None
            raise
        except (ray.exceptions.RayActorError, ray.exceptions.ObjectLostError) as error:
            raise WorkerLostError from error

    def no_room(self) -> SpansetError:
        """Error for actors that do not start."""
        gpu = " and a GPU" if self._crowd.has_gpus else ""
        return SpansetError(
            f"no worker of {self._crowd.cpus:g} processors{gpu} started in {START:.0f} s",
            where="--ray",
            why="every machine of the cluster is taken, or too small",
            fix="end other work there, or change --ray-workers",
        )

    def close(self) -> None:
        """End them all."""
        for actor in self._actors:
            ray.kill(actor)


def lost(reason: BaseException | None) -> SpansetError:
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
