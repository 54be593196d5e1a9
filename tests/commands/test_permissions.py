"""What may not be read or written is put down to permission, and nothing is left behind."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from tests.commands.refusals import ARRAY, FEATURES, LINES, PICK, Ended, check_message, snapshot

NOBODY = 65534
# The child imports everything as root, and gives up its rights before the runs: the interpreter
# itself may lie where only root can read.
AS_NOBODY = """
import contextlib, io, json, os, sys, traceback
from spanset.cli import main

def run(arguments):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(arguments)
        except BaseException:
            code = -1
            traceback.print_exc()
    return code, out.getvalue(), err.getvalue()

warm, user, cases = json.loads(sys.argv[1])
assert run(warm)[0] == 0
if os.geteuid() == 0:
    try:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    except OSError as error:
        sys.exit(f"cannot become another user: {error}")
print(json.dumps({name: run(arguments) for name, arguments in cases.items()}))
"""

FORBIDDEN = {
    "data": (("select", "secret.jsonl", "-k", "3"), "secret.jsonl", "chmod"),
    "data-shown": (("show", "secret.jsonl"), "secret.jsonl", "chmod"),
    "data-in-a-closed-folder": (("select", "closed/d.jsonl", "-k", "3"), "closed/d.jsonl", ""),
    "glob-in-a-closed-folder": (("select", "closed/*.jsonl", "-k", "3"), "closed/*.jsonl", ""),
    "array": ((*PICK, "--features", "array:secret.npy"), "secret.npy", "chmod"),
    "given": ((*PICK, *ARRAY, "--given", "secret.npy"), "secret.npy", "chmod"),
    "configuration": ((*PICK, *ARRAY, "--config", "secret.toml"), "secret.toml", ""),
    "output": ((*PICK, *ARRAY, "-o", "readonly/o.jsonl", "--run", "open/r"), "readonly/", ""),
    "output-and-run": ((*PICK, *ARRAY, "-o", "readonly/o.jsonl"), "readonly/o", ""),
    "run-folder": ((*PICK, *ARRAY, "-o", "open/o.jsonl", "--run", "readonly/r"), "readonly/r", ""),
    "default-run-folder": ((*PICK, *ARRAY), "spanset-run", ""),
    "output-in-a-closed-folder": ((*PICK, *ARRAY, "-o", "closed/o.jsonl"), "closed/o", ""),
    "run-in-a-closed-folder": ((*PICK, *ARRAY, "--run", "closed/r"), "closed/r", ""),
}


MODES = {
    "secret.jsonl": 0o000,
    "secret.npy": 0o000,
    "secret.toml": 0o000,
    "open": 0o777,
    "readonly": 0o555,
    "closed": 0o000,
    ".": 0o555,
}


@pytest.fixture(scope="module")
def forbidden():
    """Every case of `FORBIDDEN`, run by a user without rights: how each ended, what was left."""
    # pytest's own folders are closed to other users.
    place = Path(tempfile.mkdtemp(prefix="spanset-bad-input-", dir="/tmp"))

    def set_modes(modes: dict[str, int]) -> None:
        for name, mode in modes.items():
            place.joinpath(name).chmod(mode)

    def contents() -> dict[str, object]:
        found = snapshot(place).items()
        return {name: what for name, (*_, what) in found if not name.startswith("warm")}

    try:
        for name in ("readonly", "closed", "open", "warm"):
            place.joinpath(name).mkdir()
        for name in ("d.jsonl", "secret.jsonl", "closed/d.jsonl"):
            place.joinpath(name).write_bytes(LINES)
        for name in ("x.npy", "secret.npy"):
            np.save(place / name, FEATURES)
        place.joinpath("secret.toml").write_text("[select]\n")
        before = contents()
        set_modes(MODES)
        warm = (*PICK, *ARRAY, "--run", "warm/run")
        cases = {name: arguments for name, (arguments, *_) in FORBIDDEN.items()}
        ended = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, json.dumps([warm, NOBODY, cases])],
            check=False,
            capture_output=True,
            text=True,
            cwd=place,
            timeout=60,
        )
        set_modes({".": 0o755, **dict.fromkeys(MODES, 0o755)})
        if "cannot become another user" in ended.stderr:
            pytest.skip(ended.stderr)
        assert ended.returncode == 0, ended.stderr
        left = {name for name, what in contents().items() if before.get(name, "") != what}
        yield {name: Ended(*one) for name, one in json.loads(ended.stdout).items()}, left
    finally:
        set_modes({".": 0o755, **dict.fromkeys(MODES, 0o755)})
        shutil.rmtree(place)


@pytest.mark.parametrize("case", FORBIDDEN)
def test_what_may_not_be_read_or_written_is_named(forbidden, case):
    ended = forbidden[0][case]
    _, where, fix = FORBIDDEN[case]
    check_message(ended.err, where=where, fix=fix)
    assert ended.code in (1, 2)
    assert ended.out == ""


@pytest.mark.parametrize("case", [name for name in FORBIDDEN if "glob" not in name])
def test_what_may_not_be_read_or_written_is_put_down_to_permission(forbidden, case):
    err = forbidden[0][case].err
    assert "ermission" in err, err
    assert "numpy.save" not in err, "saving the array again would not help"
    assert "space" not in err, "space is not what is lacking"


def test_runs_without_permission_leave_nothing_behind(forbidden):
    assert forbidden[1] == set()
