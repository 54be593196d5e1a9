"""A disk that is full: named, with nothing left on it and nothing lost."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.commands.refusals import CHEAP, Commands, check_message, child, make_run, snapshot


@pytest.mark.parametrize(
    ("amount", "target", "limit"),
    [
        pytest.param("1000", ("-o", "out.jsonl"), 40_000, id="subset"),
        pytest.param("1000", ("--run", "r"), 40_000, id="subset-in-the-run-folder"),
        pytest.param("3", ("-o", "out.jsonl"), 2_000, id="run-folder-after-the-subset"),
        pytest.param("3,1000", ("-o", "out.jsonl"), 40_000, id="second-of-two-subsets"),
    ],
)
def test_a_file_that_grows_too_large_leaves_nothing_at_all(many_rows, amount, target, limit):
    before = snapshot(Path())
    ended = child("select", "d.jsonl", "-k", amount, *CHEAP, *target, file_limit=limit)
    check_message(ended.err, says=("File too large",), fix="space")
    assert ended.code == 1
    assert snapshot(Path()) == before, "half of the result was left behind"


def test_force_on_a_full_disk_keeps_the_result_that_was_there(many_rows, capsys):
    targets = ("-o", "out.jsonl", "--force")
    make_run(Commands(capsys), "--method", "random", *targets)
    before = snapshot(Path())
    ended = child("select", "d.jsonl", "-k", "4", *CHEAP, *targets, file_limit=2_000)
    check_message(ended.err, says=("File too large",))
    assert ended.code == 1
    assert snapshot(Path()) == before, "the earlier result was lost or mixed with the failed one"


@pytest.fixture
def small_disk(many_rows, request):
    """A file system of a few pages."""
    disk = Path("disk").absolute()
    disk.mkdir()
    size = f"size={request.param}"
    mount = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(disk)]
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small disk needs root")
    mounted = subprocess.run(mount, check=False, capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize(
    ("small_disk", "amount", "target"),
    [
        pytest.param("64k", "1000", ("-o", "disk/out.jsonl"), id="subset"),
        pytest.param("64k", "1000", ("--run", "disk/r"), id="subset-in-the-run-folder"),
        pytest.param("12k", "3", ("-o", "disk/out.jsonl"), id="run-folder-after-the-subset"),
        pytest.param("12k", "3", ("-o", "out.jsonl", "--run", "disk/r"), id="run-folder-alone"),
    ],
    indirect=["small_disk"],
)
def test_a_full_disk_is_named_and_nothing_is_left_on_it(small_disk, capsys, amount, target):
    command = ("select", "d.jsonl", "-k", amount, *CHEAP, *target)
    says = ("No space left",)
    Commands(capsys).refuses(*command, code=1, where="disk/", says=says, fix="space")
