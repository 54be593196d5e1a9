"""Commands in a folder of eight rows, and what a refusal of one must look like.

Every mistake ends in one message, and nothing is left behind. The message says what happened, where
(file and line, or the argument), why where that is not plain, and what to do ("fix:"). The exit
code is 1 for data and numbers, 2 for usage, 130 for Ctrl-C. The folder is byte for byte as it was:
no output, no run folder, no partial file.
"""

from __future__ import annotations

import json
import os
import resource
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spanset.cli import main

N = 8
ROWS = [
    {
        "instruction": f"Say the number {i} in words",
        "output": f"It is {i}, and {i * i} is its square.",
        "rating": i + 1,
        "below": i - 2,
        "constant": 3,
        "word": "good",
    }
    for i in range(N)
]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
FEATURES = np.random.default_rng(0).normal(size=(N, 4))

PICK = ("select", "d.jsonl", "-k", "3")
ARRAY = ("--features", "array:x.npy")  # much faster than lexical features


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    code: int
    out: str
    err: str


Snapshot = dict[str, tuple[str, int, object]]


def snapshot(folder: Path) -> Snapshot:
    """Everything in a folder: kind and permissions, and bytes of a file or target of a link."""
    found: Snapshot = {}
    for parent, folders, files in os.walk(folder):
        for name in folders + files:
            path = Path(parent, name)
            mode = path.lstat().st_mode
            content: object = None
            if stat.S_ISLNK(mode):
                content = path.readlink()
            elif stat.S_ISREG(mode):
                content = path.read_bytes()
            found[str(path.relative_to(folder))] = (oct(stat.S_IFMT(mode)), mode & 0o777, content)
    return found


def check_message(err: str, *, where: str = "", says: tuple[str, ...] = (), fix: str = "") -> None:
    """Standard error is one message: what and where; why, maybe; what to do."""
    assert "Traceback" not in err, err
    first, *rest = err.removesuffix("\n").split("\n")
    assert first.startswith("error: "), f"no message, or something before it:\n{err}"
    assert where in first, f"the message does not name {where!r}:\n{err}"
    labels = [line[:7] for line in rest]
    one_message = f"not one message with one 'fix:', and one 'why:' at most:\n{err}"
    assert labels in (["  fix: "], ["  why: ", "  fix: "]), one_message
    for word in says:
        assert word in err, f"the message lacks {word!r}:\n{err}"
    assert fix in rest[-1], f"the fix lacks {fix!r}:\n{err}"
    assert len(rest[-1]) > len("  fix: "), err


class Commands:
    """The command line, in this process."""

    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        self.captured = captured

    def run(self, *arguments: str) -> Ended:
        self.captured.readouterr()
        sys.stderr.reconfigure(errors="backslashreplace")  # as the interpreter opens the real one
        try:
            code = main(arguments)
        except (Exception, SystemExit) as error:
            pytest.fail(f"spanset {' '.join(arguments)!a} raises {error!r}", pytrace=False)
        return Ended(code, *self.captured.readouterr())

    def refuses(self, *arguments: str, code: int, **message: Any) -> str:
        """The run is refused with one message, and leaves everything as it was."""
        before = snapshot(Path())
        ended = self.run(*arguments)
        check_message(ended.err, **message)
        assert ended.code == code, ended.err
        assert ended.out == ""
        assert snapshot(Path()) == before, "something was left behind, or changed"
        return ended.err


def write_rows(name: str, rows: list[dict[str, Any]]) -> None:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows))


def changed(array: np.ndarray, row: int, value: float) -> np.ndarray:
    array = array.copy()
    array[row] = value
    return array


def spanset_command() -> str:
    """The installed command, as a user starts it."""
    return str(Path(sys.executable).with_name("spanset"))


def make_run(spanset: Commands, *where: str) -> None:
    assert spanset.run(*PICK, *ARRAY, *where).code == 0


def child(*arguments: str, file_limit: int | None = None, **environment: str) -> Ended:
    """Run the command; `file_limit` is the largest file it may write, in bytes."""

    def limit() -> None:
        if file_limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))

    ended = subprocess.run(
        [spanset_command(), *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
        preexec_fn=limit,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


CHEAP = ("--method", "random", "--draws", "0", *ARRAY)
