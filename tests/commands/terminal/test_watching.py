"""Stages on a terminal: names of files in them are text, not markup."""

import io

import pytest
from rich.console import Console
from rich.progress import Progress

from spanset.commands.terminal.watching import TerminalWatcher


@pytest.mark.parametrize("name", ["dpp, array:[/x].npy", "array:[red]x.npy", "a\x1b[2Jb"])
def test_a_stage_is_shown_by_its_name_as_it_is(name):
    out = io.StringIO()
    watcher = TerminalWatcher(Console(file=out, force_terminal=True, width=80, color_system=None))
    with watcher.stage(name):
        pass
    assert name.replace("\x1b", "\\x1b") in out.getvalue()


class Step:
    work_done, line = 0.5, "half of it"


def test_a_stage_within_a_stage_has_the_same_bar_and_gives_it_back(monkeypatch):
    bars = []
    start = Progress.start
    monkeypatch.setattr(Progress, "start", lambda bar: bars.append(bar) or start(bar))
    out = io.StringIO()
    watcher = TerminalWatcher(Console(file=out, force_terminal=True, width=80, color_system=None))
    with watcher.stage("choose"):
        with watcher.stage("dpp"):
            watcher.progress(Step())
            assert bars[0].tasks[0].description == "dpp: half of it"
        watcher.progress(Step())
        assert bars[0].tasks[0].description == "choose: half of it"
    assert len(bars) == 1  # rich before 14.1 shows one at a time
