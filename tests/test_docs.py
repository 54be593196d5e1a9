"""Every code block of the README and the docs runs, in order, in an empty folder.

A ``text`` block is what the block before it prints, numbers aside.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUNNERS = {"sh": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}


def words_of(text):
    """Words without numbers and rules: seconds and line breaks differ from run to run."""
    return re.sub(r"[\d.,±%─-]+[kM]?", " ", text).split()


# The README tries a model; without these its commands cannot run.
pytest.importorskip("torch", reason="the extra `models` is not installed")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_code_block_runs_and_prints_what_it_says(page, tmp_path):
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
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


def test_links_to_files_of_the_project_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
