"""Progress for the verbs of Python: a bar in a notebook or on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from time import monotonic
from typing import TYPE_CHECKING, Any

from rich.console import Console

from spanset.commands.terminal.tables import seconds_of
from spanset.commands.terminal.watching import Pace, Request, TerminalWatcher
from spanset.report.notebook.progress_line import ProgressLine

if TYPE_CHECKING:
    from spanset.base.stages import Progress as Step
    from spanset.base.stages import Watcher

EVERY = 0.25  # seconds between two looks of a bar in a notebook


def progress_bar() -> Watcher:
    """Make a watcher that shows how far a verb is: ``select(data, 1000, watcher=progress_bar())``.

    In a notebook one line below the cell, replaced as the work goes on, which tells in the end what
    each stage took; on a terminal a bar that goes when it is done; elsewhere a line every ten
    seconds. Both go to standard error where there is no notebook. The first Ctrl-C, or interrupt of
    a notebook's kernel, while rows are selected ends the selection with the picks made so far.
    """
    shell = _notebook_shell()
    if shell is None:
        return TerminalWatcher(Console(stderr=True))
    return NotebookWatcher(shell)


def _notebook_shell() -> Any:
    """The shell of a kernel that shows HTML; None elsewhere."""
    ipython = sys.modules.get("IPython")  # a kernel has imported it
    shell = None if ipython is None else ipython.get_ipython()
    return None if getattr(shell, "kernel", None) is None else shell


class NotebookWatcher:
    """Shows stages on one line below a cell."""

    def __init__(self, shell: Any) -> None:
        self._shell, self._cell = shell, None
        self._handle: Any = None
        self._done: dict[str, float] = {}
        self._name, self._pace, self._last = "", Pace(), 0.0
        self._request = Request(self.note)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Show the stage while it runs, and then what it took."""
        outer, started = (self._name, self._pace), monotonic()
        self._name, self._pace = name, Pace()
        if self._cell != self._shell.execution_count:
            self._cell, self._handle, self._done = self._shell.execution_count, None, {}
        self._show(ProgressLine(name, has_bar=True))
        try:
            if name == "select":
                with self._request.taken():
                    yield
            else:
                yield
        finally:
            self._name, self._pace = outer
            self._done[name] = self._done.get(name, 0.0) + monotonic() - started
            self._show(ProgressLine(f"seconds: {', '.join(seconds_of(self._done))}"))

    def progress(self, progress: Step) -> None:
        """Where the stage stands, and the time left."""
        line = self._pace.line(progress)
        if self._handle is not None and monotonic() - self._last > EVERY:
            self._show(ProgressLine(f"{self._name}: {line}", True, progress.work_done))

    def note(self, text: str) -> None:
        """A line of its own."""
        _display(ProgressLine(text))

    def cancelled(self) -> bool:
        """Whether the kernel was interrupted."""
        return self._request.is_made()

    def _show(self, line: ProgressLine) -> None:
        self._last = monotonic()
        if self._handle is None:
            self._handle = _display(line, display_id=True)
        else:
            self._handle.update(line)


def _display(line: ProgressLine, **how: bool) -> Any:
    """Below the cell; the kernel's own IPython, which is no dependency."""
    return import_module("IPython.display").display(line, **how)
