"""Every code block of the README and the docs runs, in order, in an empty folder.

A ``text`` block is what the block before it prints, numbers aside.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.places import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUNNERS = {"sh": ["bash", "-euo", "pipefail", "-c"], "python": ["python", "-c"]}


def words_of(text):
    """Words without numbers and rules: seconds and line breaks differ from run to run."""
    return re.sub(r"[\d.,±%─-]+[kM]?", " ", text).split()


# The README tries a model; without these its commands cannot run.
pytest.importorskip("torch", reason="the extra `models` is not installed")


@pytest.fixture(scope="session")
def commands(tmp_path_factory):
    """Folder of a `spanset` and a `python` that need not import their libraries each time."""
    folder = tmp_path_factory.mktemp("commands")
    server = [sys.executable, str(Path(__file__).with_name("warm_server.py")), str(folder / "at")]
    for name in ("spanset", "python"):
        words = " ".join(map(shlex.quote, [server[0], "-S", "-E", *server[1:], name]))
        (folder / name).write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        (folder / name).chmod(0o755)
    with subprocess.Popen(server) as running:
        while not (folder / "at").exists():
            assert running.poll() is None, "the server of the commands has stopped"
            time.sleep(0.05)
        yield folder
        running.kill()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_code_block_runs_and_prints_what_it_says(page, tmp_path, commands):
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    path = f"{commands}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": "80"}
    environment["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    printed = None
    for language, code in BLOCK.findall(page.read_text(encoding="utf-8")):
        if language == "text":
            assert printed is not None, f"no block before it prints this:\n{code}"
            assert words_of(code) == words_of(printed)
            printed = None
            continue
        assert language in RUNNERS, f"a block of {language!r} is not run"
        done = subprocess.run(
            [*RUNNERS[language], code],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{code}\n{done.stderr}"
        printed = done.stdout
