"""What is printed: names and rows cannot drive the terminal, and a full output is an error."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from tests.commands.measure.measured import LDD, X, measured
from tests.commands.refusals import snapshot, spanset_command
from tests.conftest import make_rows, write_lines

from spanset.commands.terminal.watching import TerminalWatcher


def test_names_and_rows_cannot_drive_the_terminal(spanset):
    hostile = "\x1b[2J\x9b31m\x07[/b]"
    rows = make_rows(12)
    for row in rows:
        row["instruction"] += hostile
        row[hostile] = hostile
        row["topic"] = hostile
    write_lines(Path("\x1b[2Jq\x9b31m.jsonl"), rows)
    np.save("\x1b[2J\x9bw.npy", X)
    runs = [
        ("\x1b[2Jq\x9b31m.jsonl", "a.jsonl", "--by", "topic", "--by", hostile),
        ("x.npy", "\x1b[2J\x9bw.npy"),
        ("x.npy", "--reference", "\x1b[2J\x9bw.npy"),
        ("x.npy", "--given", "\x1b[2J\x9bw.npy"),
        ("\x1b[2J\x9bw.npy", "--given", "x.npy"),
    ]
    for words in runs:
        for more in ((), ("--json",)):
            metrics = () if "--given" in words else LDD
            ended = spanset.run("measure", *words, *metrics, *more)
            assert ended.code == 0, ended.err
            raw = {c for c in ended.out + ended.err if not c.isprintable()} - {"\n"}
            # A field is named by the user's own hand, and JSON escapes what it must.
            assert raw <= ({"\x9b"} if more else set()), f"{words!a} {more}: {raw!a}"


def test_what_looks_like_markup_is_shown_as_it_is(spanset):
    """Rich would read [/b] as a closing tag without an opening one, and fail."""
    rows = [{**row, "[/b]": 1, ":key:": 2} for row in make_rows(12)]
    write_lines(Path(":key:[b].jsonl"), rows)
    ended = spanset.run(
        "measure", ":key:[[]b].jsonl", *LDD, "--by", "[/b]", "--by", ":key:", "--draws", "1"
    )
    assert ended.code == 0, ended.err
    for shown in ("categories:[/b]", "categories::key:", ":key:[b].jsonl"):
        assert shown in ended.out
    np.save(":key:[b].npy", X)
    assert measured(spanset, ":key:[b].npy", *LDD)["sets"][0]["name"] == ":key:[b]"
    shown = spanset.run("measure", "x.npy", *LDD, "--reference", ":key:[b].npy").out
    assert "against:key:[b].npy" in "".join(shown.split())


def test_progress_shows_names_as_they_are(spanset, monkeypatch):
    monkeypatch.setattr("spanset.commands.terminal.watching.PLAIN_EVERY", -1.0)
    np.save("[b]:key:\x1b[2J.npy", X)
    ended = spanset.run("measure", "[b]:key:\x1b[2J.npy", *LDD)
    assert ended.code == 0
    assert "[b]:key:\\x1b[2J: ldd, draw 1 of 3" in ended.err


def test_a_bar_shows_names_that_look_like_markup(monkeypatch):
    from io import StringIO

    from rich.console import Console

    from spanset.diversity.matched import MeasuringProgress

    out = StringIO()
    watcher = TerminalWatcher(Console(file=out, force_terminal=True, width=80))
    with watcher.stage("measure"):
        watcher.progress(MeasuringProgress(1, 3, "d[/b]/x.npy: ldd, draw 1 of 3"))
        watcher._bar.refresh()
    assert "d[/b]/x.npy" in out.getvalue()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("more", [[], ["--json"]], ids=["table", "json"])
def test_an_output_that_is_full_is_an_error_like_any_other(folder, more):
    before = snapshot(folder)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [spanset_command(), "measure", "x.npy", *LDD, *more],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("error: standard output: cannot print the result\n")
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr
    assert snapshot(folder) == before
