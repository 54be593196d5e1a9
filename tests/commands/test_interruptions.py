"""Ctrl-C keeps the picks made so far; before the first, and pressed twice, it leaves nothing."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from tests.commands.refusals import ARRAY, PICK, snapshot, spanset_command

from spanset.cli import main

INTERRUPTED = 130


def opened_by(process: subprocess.Popen[str], pipe: str, seconds: float = 30.0) -> int:
    """Writing end of a named pipe, once the process has opened the other."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # nobody reads yet
            running = process.poll() is None and time.monotonic() < deadline
            assert running, f"the run does not read {pipe}"
            time.sleep(0.02)


def test_ctrl_c_while_reading_writes_nothing_and_says_so(folder):
    """The data is a pipe that nobody fills: the run waits in its first stage."""
    os.mkfifo("pipe.jsonl")
    before = snapshot(Path())
    command = [spanset_command(), "select", "pipe.jsonl", "-k", "3"]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, preexec_fn=hear_ctrl_c
    ) as process:
        try:
            writer = opened_by(process, "pipe.jsonl")
            time.sleep(0.2)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=30)
            os.close(writer)
        finally:
            process.kill()
    assert process.returncode == INTERRUPTED
    assert err == "interrupted; no subset was written\n"
    assert snapshot(Path()) == before


def test_ctrl_c_before_the_first_pick_is_an_interruption_and_no_error(spanset, monkeypatch):
    from spanset.commands.terminal.watching import TerminalWatcher

    monkeypatch.setattr(TerminalWatcher, "cancelled", lambda self: True)
    before = snapshot(Path())
    ended = spanset.run(*PICK, *ARRAY)
    assert "interrupted" in ended.err
    assert ended.code == INTERRUPTED
    assert snapshot(Path()) == before


def hear_ctrl_c() -> None:
    """Undo what a shell does to jobs in the background: they ignore Ctrl-C, and so do their own."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Watched:
    """A run whose standard error is a terminal, so that progress is shown at once."""

    def __init__(self, *arguments: str) -> None:
        self.terminal, slave = pty.openpty()
        environment = {**os.environ, "COLUMNS": "200", "TERM": "xterm"}
        self.process = subprocess.Popen(
            [spanset_command(), *arguments],
            stdout=subprocess.DEVNULL,
            stderr=slave,
            env=environment,
            preexec_fn=hear_ctrl_c,
        )
        os.close(slave)
        self.shown = ""

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.terminal)

    def until(self, wanted: str, seconds: float = 60.0) -> re.Match[str]:
        """Wait until the terminal shows a match of `wanted`."""
        deadline = time.monotonic() + seconds
        while not (found := re.search(wanted, self.shown)):
            assert self._read(deadline), f"{wanted!r} was not shown:\n{self.shown[-2000:]}"
        return found

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def end(self, seconds: float = 60.0) -> int:
        """Read on until the run ends; its exit code."""
        deadline = time.monotonic() + seconds
        while self._read(deadline):
            pass
        return self.process.wait(timeout=max(1.0, deadline - time.monotonic()))

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self.terminal], [], [], max(0.0, deadline - time.monotonic()))
        try:
            piece = os.read(self.terminal, 1 << 16) if ready else b""
        except OSError:  # the other end is closed
            piece = b""
        self.shown += piece.decode(errors="replace")
        return bool(piece)


LONG = ("select", "d.jsonl", *ARRAY, "--draws", "0")


@pytest.fixture(scope="module")
def long_folder(tmp_path_factory):
    """20,000 rows, of which picking 8,000 takes long."""
    place = tmp_path_factory.mktemp("long")
    with place.joinpath("d.jsonl").open("w") as file:
        file.writelines(f'{{"instruction": "{i}", "output": "{i}"}}\n' for i in range(20_000))
    np.save(place / "x.npy", np.random.default_rng(1).normal(size=(20_000, 64)).astype("f4"))
    return place


def test_ctrl_c_during_the_selection_keeps_the_picks_made_so_far(long_folder, monkeypatch):
    monkeypatch.chdir(long_folder)
    with Watched(*LONG, "-k", "8000", "--run", "cut") as run:
        run.until(r"\b[1-9][\d,]{2,} of 8,000 picks")  # a hundred at least
        run.interrupt()
        code = run.end()
    assert code == INTERRUPTED, run.shown[-2000:]
    assert "Traceback" not in run.shown
    assert {path.name for path in Path().iterdir()} == {"cut", "d.jsonl", "x.npy"}

    manifest = json.loads(Path("cut/manifest.json").read_text())
    assert manifest["complete"] is False
    assert manifest["stop_reason"] == "interrupted"
    ids = Path("cut/ids.txt").read_text().split()
    assert 100 <= len(ids) < 8000
    assert manifest["rows"]["picked"] == len(ids)
    subset = [json.loads(line) for line in Path("cut/subset.jsonl").read_text().splitlines()]
    assert [row["instruction"] for row in subset] == ids  # each row holds its own number

    assert main([*LONG, "-k", "50", "--run", "short"]) == 0
    assert Path("short/ids.txt").read_text().split() == ids[:50], "not a prefix of the order"


def test_a_second_ctrl_c_ends_at_once_and_leaves_nothing(long_folder, monkeypatch):
    monkeypatch.chdir(long_folder)
    before = snapshot(Path())
    with Watched(*LONG, "-k", "8000", "--run", "twice") as run:
        run.until(r"\d of 8,000 picks")
        run.interrupt()
        run.until("Ctrl-C again")
        run.interrupt()
        code = run.end()
    assert code == INTERRUPTED, run.shown[-2000:]
    assert "Traceback" not in run.shown
    assert snapshot(Path()) == before
