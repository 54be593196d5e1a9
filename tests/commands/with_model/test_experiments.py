"""The experiments' configurations are what the commands read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.conftest import make_rows, write_lines
from tests.places import ROOT

EXPERIMENTS = ROOT / "experiments"
NAMES = [
    "alpaca",
    "lima",
    "lima_target",
    "roleplay",
    "code_alpaca",
    "gsm8k_train",
    "gsm8k_test",
    "alpaca_eval",
]
QUESTIONS = [
    {"question": f"{n} and {n}?", "subject": "sums", "choices": list("1234"), "answer": n % 4}
    for n in range(4)
]


@pytest.fixture
def data(folder):
    """Rows under every name that a configuration has."""
    Path("data").mkdir()
    for seed, name in enumerate(NAMES):
        rows = make_rows(40, seed=seed)
        for ending in ("json", "jsonl"):
            write_lines(Path(f"data/{name}.{ending}"), [{**row, "set": name} for row in rows])


@pytest.mark.parametrize("name", [path.stem for path in sorted(EXPERIMENTS.glob("*.toml"))])
def test_a_configuration_names_settings_that_there_are(data, spanset, name):
    path = EXPERIMENTS / f"{name}.toml"
    small = ("--config", path, "--model", "m", "-k", "5")
    if "[compare]" in path.read_text():
        ended = spanset.run("compare", *small, "--lambda", "0,1")
    else:
        here = shutil.copytree(EXPERIMENTS / "mmlu", Path("experiments/mmlu"))
        (here / "data").mkdir(exist_ok=True)
        write_lines(here / "data" / "test.jsonl", QUESTIONS)
        ended = spanset.run("trial", *small, "--home", "5", "--dry-run")
    assert ended.code == 0, ended.err
