"""Progress on standard error: a bar on a terminal, plain lines elsewhere; Ctrl-C as a request."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from time import monotonic
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from spanset.base.errors import printable
from spanset.config.amounts import duration

if TYPE_CHECKING:
    from spanset.base.stages import Progress as Step

PLAIN_EVERY = 10.0  # seconds between progress lines where there is no terminal


class Pace:
    """Time left, at the pace since the first step of a stage."""

    def __init__(self) -> None:
        self._first: tuple[float, float] | None = None  # time and share of the first step

    def line(self, progress: Step) -> str:
        """Where the stage stands, and about how long it still takes."""
        now, done = monotonic(), progress.work_done
        if self._first is None:
            self._first = now, done
        began, before = self._first
        if done <= before:
            return progress.line
        left = (now - began) * (1 - done) / (done - before)
        return f"{progress.line}, about {duration(left)} left"


class Request:
    """Ctrl-C as a request to stop: the first asks, the second ends the program."""

    def __init__(self, say: Callable[[str], object]) -> None:
        self._asked, self._say = threading.Event(), say

    def is_made(self) -> bool:
        """Whether Ctrl-C was pressed."""
        return self._asked.is_set()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Take Ctrl-C as one while the block runs."""
        self._asked.clear()  # what was asked of an earlier stage is done
        if threading.current_thread() is not threading.main_thread():
            yield  # only the main thread may set handlers
            return

        def ask(*_: Any) -> None:
            if self._asked.is_set():
                raise KeyboardInterrupt
            self._asked.set()
            self._say("Stopping after the picks made so far; Ctrl-C again ends at once.")

        before = signal.signal(signal.SIGINT, ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


class TerminalWatcher:
    """Shows stages and progress, and passes Ctrl-C on.

    The first Ctrl-C during the selection asks it to stop with the picks made so far; a second one,
    or one in another stage, ends the program.
    """

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self.console, self.quiet = console, quiet
        self._request = Request(lambda text: console.print(text, style="yellow"))
        self._bar: Progress | None = None
        self._task: Any = None
        self._name, self._last, self._pace = "", 0.0, Pace()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Show the stage while it runs."""
        outer = self._name, self._last, self._pace
        self._name, self._last, self._pace = name, monotonic(), Pace()
        try:
            with self._shown(name), self._interruptible(name):
                yield
        finally:
            self._name, self._last, self._pace = outer

    def note(self, text: str) -> None:
        """A line of its own."""
        if not self.quiet:
            self.console.print(
                printable(text), markup=False, emoji=False, highlight=False, soft_wrap=True
            )

    def progress(self, progress: Step) -> None:
        """Where the stage stands, and the time left at the pace since the first of these calls."""
        now, done, line = monotonic(), progress.work_done, self._pace.line(progress)
        if self._bar is not None:
            shown = escape(printable(f"{self._name}: {line}"))
            self._bar.update(self._task, completed=done, total=1.0, description=shown)
        elif not self.quiet and now - self._last > PLAIN_EVERY:
            self._last = now
            self.console.print(printable(line), highlight=False, markup=False, emoji=False)

    def cancelled(self) -> bool:
        """Whether Ctrl-C was pressed."""
        return self._request.is_made()

    def _interruptible(self, name: str) -> AbstractContextManager[None]:
        return self._request.taken() if name == "select" else nullcontext()

    @contextmanager
    def _shown(self, name: str) -> Iterator[None]:
        if self._bar is not None:  # a stage within a stage: not every rich has two bars at once
            self._bar.reset(self._task, total=None, description=escape(printable(name)))
            yield
            return
        if self.quiet or not self.console.is_terminal:
            yield
            return
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self.console, transient=True) as bar:
            self._bar, self._task = bar, bar.add_task(escape(printable(name)), total=None)
            try:
                yield
            finally:
                self._bar = None
