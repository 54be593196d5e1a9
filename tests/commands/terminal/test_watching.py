"""Stages on a terminal: names of files in them are text, not markup."""

import io

import pytest
from rich.console import Console

from spanset.commands.terminal.watching import TerminalWatcher


@pytest.mark.parametrize("name", ["dpp, array:[/x].npy", "array:[red]x.npy", "a\x1b[2Jb"])
def test_a_stage_is_shown_by_its_name_as_it_is(name):
    out = io.StringIO()
    watcher = TerminalWatcher(Console(file=out, force_terminal=True, width=80, color_system=None))
    with watcher.stage(name):
        pass
    assert name.replace("\x1b", "\\x1b") in out.getvalue()
