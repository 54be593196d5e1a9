"""Stages of a run: shown while they run, and timed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from time import perf_counter
from typing import Protocol

from spanset.greedy import Progress


class Watcher(Protocol):
    """Told of stages and progress; asked whether to stop."""

    def stage(self, name: str) -> AbstractContextManager[None]:
        """Around each stage."""
        ...

    def progress(self, progress: Progress) -> None:
        """After each block of picks."""
        ...

    def cancelled(self) -> bool:
        """Whether the user asked to stop."""
        ...


def stopwatch(
    watcher: Watcher, timings: dict[str, float]
) -> Callable[[str], AbstractContextManager[None]]:
    """Stages that are shown to the watcher and timed, in seconds."""

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        started = perf_counter()
        with watcher.stage(name):
            yield
        timings[name] = perf_counter() - started

    return stage
