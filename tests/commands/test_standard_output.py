"""Rows and tables that standard output cannot take: closed, full, a reader that goes away."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.commands.refusals import (
    ARRAY,
    CHEAP,
    PICK,
    check_message,
    snapshot,
    spanset_command,
    write_rows,
)


@pytest.mark.parametrize("dash", [("-o", "-"), ("--output=-",)], ids=["-o -", "--output=-"])
def test_a_reader_that_goes_away_ends_the_run_quietly(folder, dash):
    write_rows("d.jsonl", [{"instruction": "a", "output": f"{i} " * 20} for i in range(3000)])
    np.save("x.npy", np.ones((3000, 1)))
    before = snapshot(Path())
    command = [spanset_command(), "select", "d.jsonl", "-k", "3000", *CHEAP, *dash]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        head = process.stdout.read(10)
        process.stdout.close()  # as `| head -c 10` does
        err = process.stderr.read().decode()
        code = process.wait(timeout=60)
    assert head == b'{"instruct', err
    assert "Exception ignored" not in err
    assert code == 1
    check_message(err, says=("pipe",))
    assert snapshot(Path()) == before


HAS_FULL = Path("/dev/full").exists()


@pytest.mark.skipif(not HAS_FULL, reason="there is no /dev/full")
def test_rows_that_standard_output_cannot_take_are_an_error(many_rows):
    command = [spanset_command(), "select", "d.jsonl", "-k", "3", *CHEAP, "--output=-"]
    before = snapshot(Path())
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(command, check=False, stdout=full, stderr=subprocess.PIPE, text=True)
    assert "Exception ignored" not in ended.stderr
    check_message(ended.stderr, says=("No space left",))
    assert ended.returncode == 1
    assert snapshot(Path()) == before


@pytest.mark.parametrize(
    "command",
    [
        ("show", "d.jsonl"),
        ("show", "d.jsonl", "--json"),
        (*PICK, *ARRAY),
        (*PICK, *ARRAY, "--json"),
        (*PICK, "--dry-run"),
    ],
    ids=["show", "show-json", "table", "json", "dry-run"],
)
@pytest.mark.skipif(not HAS_FULL, reason="there is no /dev/full")
def test_a_table_that_standard_output_cannot_take_is_an_error(spanset, monkeypatch, command):
    out = Path("/dev/full").open("w", encoding="utf-8")  # noqa: SIM115 (closing it fails)
    monkeypatch.setattr(sys, "stdout", out)
    try:
        ended = spanset.run(*command)
    finally:
        with contextlib.suppress(OSError):
            out.close()
    assert ended.code == 1
    check_message(ended.err, says=("No space left",))


def test_standard_output_that_is_closed_is_an_error(spanset, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)  # what the interpreter does for `>&-`
    ended = spanset.run(*PICK, *ARRAY, "--output=-")
    assert ended.code in (1, 2)
    check_message(ended.err, where="-")


@pytest.mark.parametrize("command", [("show", "d.jsonl"), (*PICK, *ARRAY)], ids=["show", "table"])
def test_a_terminal_without_unicode_gets_a_table_all_the_same(spanset, monkeypatch, command):
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    assert spanset.run(*command).code == 0
    out.flush()
    assert b"d.jsonl" in out.buffer.getvalue()
