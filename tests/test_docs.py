"""Every code block of the README and the docs runs, in order, in an empty folder.

``sh`` blocks run in a shell, ``python`` blocks in one interpreter a file. A ``text`` block after a
shell block is what it prints: compared with the numbers left out, since seconds differ.
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
RUN_OR_SHOWN = {"sh", "python", "text", "json", "toml"}


def blocks_of(page):
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def without_numbers(text):
    """Words of each line, numbers and rules left out; lines of timings and folders dropped."""
    lines = []
    for line in text.splitlines():
        words = re.sub(r"[\d.,±%─-]+[kM]?", " ", line).split()
        if words:
            lines.append(" ".join(words))
    return lines


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_code_block_runs_and_prints_what_it_says(page, tmp_path):
    blocks = blocks_of(page)
    languages = {language for language, _ in blocks}
    assert languages <= RUN_OR_SHOWN, f"blocks of {languages - RUN_OR_SHOWN} are not run"
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    printed = ""
    for language, code in blocks:
        command = {"sh": ["bash", "-euo", "pipefail", "-c", code], "python": [sys.executable, "-c", code]}
        if language in command:
            done = subprocess.run(
                command[language], cwd=tmp_path, env={**os.environ, "PATH": path, "COLUMNS": "80"},
                capture_output=True, text=True, check=False,
            )
            assert done.returncode == 0, f"{code}\n{done.stderr}"
            printed = done.stdout
        elif language == "text" and printed:
            assert without_numbers(code) == without_numbers(printed)
            printed = ""


def test_links_to_files_of_the_project_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
