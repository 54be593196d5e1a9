"""Progress of the Python verbs: one line in a notebook, replaced; as the command's elsewhere."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from tests.report.notebook.parsed_html import parsed

import spanset
from spanset.commands.terminal import progress_bar as module
from spanset.commands.terminal.watching import TerminalWatcher


class Step:
    def __init__(self, work_done, line="half of it"):
        self.work_done, self.line = work_done, line


@pytest.fixture
def cell(monkeypatch):
    """A kernel with one cell: what stands below it, in the order in which it came."""
    outputs: list[list[object]] = []  # looks of each output, the last is seen

    def display(shown, display_id=False):
        looks = [shown]
        outputs.append(looks)
        return SimpleNamespace(update=looks.append) if display_id else None

    ipython, shows = ModuleType("IPython"), ModuleType("IPython.display")
    shell = SimpleNamespace(kernel=object(), execution_count=1)
    ipython.get_ipython = lambda: shell  # type: ignore[attr-defined]
    shows.display = display  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", shows)
    monkeypatch.setattr(module, "EVERY", -1.0)
    return SimpleNamespace(outputs=outputs, shell=shell)


def test_all_stages_of_a_cell_are_one_output_that_ends_with_what_they_took(cell):
    bar = spanset.progress_bar()
    for name in ("represent", "select", "select"):
        with bar.stage(name):
            bar.progress(Step(0.5))
    (looks,) = cell.outputs
    assert repr(looks[0]) == "represent"
    assert repr(looks[1]) == "represent: half of it"
    assert repr(looks[-1]) == "seconds: represent 0, select 0"
    assert "progress" in parsed(looks[1]._repr_html_()).tags
    assert "progress" not in parsed(looks[-1]._repr_html_()).tags


def test_another_cell_has_an_output_of_its_own(cell):
    bar = spanset.progress_bar()
    with bar.stage("represent"):
        pass
    cell.shell.execution_count = 2
    with bar.stage("select"):
        pass
    assert [repr(looks[-1]) for looks in cell.outputs] == [
        "seconds: represent 0",
        "seconds: select 0",
    ]


def test_steps_that_come_fast_are_not_all_shown(cell, monkeypatch):
    monkeypatch.setattr(module, "EVERY", 60.0)
    bar = spanset.progress_bar()
    with bar.stage("select"):
        for share in np.linspace(0, 1, 5000):
            bar.progress(Step(share))
    assert len(cell.outputs[0]) == 2


def test_a_stage_that_fails_leaves_no_bar(cell):
    bar = spanset.progress_bar()
    with suppress(ValueError), bar.stage("represent"):
        raise ValueError
    assert "progress" not in parsed(cell.outputs[0][-1]._repr_html_()).tags


def test_names_are_text(cell):
    bar = spanset.progress_bar()
    with bar.stage("<script>x\x1b</script>"):
        bar.progress(Step(7.0, "<b>bold"))
    for look in cell.outputs[0]:
        parsed(look._repr_html_())
        assert "\x1b" not in repr(look)


def test_the_verbs_name_their_stages(cell):
    rows = [{"instruction": f"say {n}", "output": "it is " + "so " * n} for n in range(30)]
    bar = spanset.progress_bar()
    data = spanset.read(rows)
    X = spanset.represent(data, watcher=bar)
    spanset.select(data, 5, quality="output_tokens", watcher=bar)
    spanset.select(X, 5, watcher=bar)
    spanset.measure(X, "ldd", n=5, watcher=bar)
    said = repr(cell.outputs[0][-1])
    names = [part.split()[0] for part in said.removeprefix("seconds: ").split(", ")]
    assert names == ["represent", "score", "select", "measure"]


def test_an_interrupt_ends_a_selection_with_the_picks_so_far_and_the_next_runs_whole(cell):
    X = np.random.default_rng(0).normal(size=(300, 16))
    bar = spanset.progress_bar()
    progress, asked = bar.progress, []

    def interrupted(step):
        progress(step)
        if not asked:
            asked.append(os.kill(os.getpid(), signal.SIGINT))

    bar.progress = interrupted  # type: ignore[method-assign]
    first = spanset.select(X, 200, watcher=bar)
    assert first.stop_reason is spanset.StopReason.INTERRUPTED
    assert len(first) < 200
    assert "Stopping" in repr(cell.outputs[1][0])
    assert len(spanset.select(X, 200, watcher=bar)) == 200


def test_without_a_kernel_it_is_the_bar_of_the_command(capsys):
    bar = spanset.progress_bar()
    assert isinstance(bar, TerminalWatcher)
    with bar.stage("select"):
        bar.progress(Step(0.5))
    assert capsys.readouterr() == ("", "")  # no terminal, no ten seconds


def test_a_shell_without_a_kernel_is_a_terminal(cell):
    del cell.shell.kernel
    assert isinstance(spanset.progress_bar(), TerminalWatcher)
