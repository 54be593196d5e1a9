"""Stages of a run: shown while they run, and timed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from time import perf_counter
from typing import Protocol


class Progress(Protocol):
    """How far a stage is."""

    @property
    def work_done(self) -> float:
        """Share of the stage's work, from 0 to 1."""
        ...

    @property
    def line(self) -> str:
        """Where it stands, in a few words."""
        ...


class Watcher(Protocol):
    """Told of stages and progress; asked whether to stop."""

    def stage(self, name: str) -> AbstractContextManager[None]:
        """Around each stage."""
        ...

    def progress(self, progress: Progress) -> None:
        """After each step of a long stage."""
        ...

    def note(self, text: str) -> None:
        """Something the user should know, in one line."""
        ...

    def cancelled(self) -> bool:
        """Whether the user asked to stop."""
        ...


class _Silent:
    """A watcher that shows nothing and never stops."""

    def stage(self, name: str) -> AbstractContextManager[None]:  # noqa: ARG002 - as the protocol
        return nullcontext()

    def progress(self, progress: Progress) -> None:
        pass

    def note(self, text: str) -> None:
        pass

    def cancelled(self) -> bool:
        return False


SILENT: Watcher = _Silent()


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


def told_once(note: Callable[[str], None]) -> Callable[[str], None]:
    """Passes each text on once, of many who say the same."""
    told: set[str] = set()

    def once(text: str) -> None:
        if text not in told:
            told.add(text)
            note(text)

    return once
