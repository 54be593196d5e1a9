"""Settings as a command line: typed again, it means the same."""

from __future__ import annotations

import subprocess

import pytest

import spanset.commands.compare as comparing
import spanset.commands.measure as measuring
import spanset.commands.trial as trying
from spanset.cli import main
from spanset.config.compare_settings import CompareConfig
from spanset.config.grid_settings import ChoicesConfig, GridConfig, SharedConfig
from spanset.config.measure_settings import MeasureConfig, MeasuringConfig
from spanset.config.model_settings import ModelConfig
from spanset.config.report_settings import LookingConfig
from spanset.config.settings import DataConfig, FeatureConfig
from spanset.config.told_settings import command_line, told_settings, told_words
from spanset.config.trial_settings import JudgingConfig, TrainingConfig, TrialConfig

HOSTILE = 'a b\'; rm -rf "x" $(y) `z` <script>.jsonl'
CHOICES = ChoicesConfig(
    ("d.jsonl", HOSTILE),
    DataConfig(format="alpaca", on_bad_row="skip"),
    GridConfig(
        k=("10,20",),
        method=("dpp,top",),
        quality_weight="0:1:0.5",
        quality=("column:rating",),
        also=("--method target --features hidden", "--method top"),
    ),
    SharedConfig(seed=3, normalize=False, avoid=("e.jsonl",), threshold=0.9),
    ModelConfig(model="m", max_length=64),
)
CONFIGS = [
    CompareConfig(CHOICES),
    CompareConfig(ChoicesConfig(("d.jsonl",))),
    TrialConfig(CHOICES, TrainingConfig(seeds=2, epochs=0.5, lora=8), JudgingConfig(home=0)),
    MeasureConfig(
        ("a.jsonl", "b.jsonl"),
        DataConfig(),
        MeasuringConfig(n=2000, metrics=("ldd,vendi:2",), subset=("r", "s"), draws=1),
        FeatureConfig(kernel="cosine", normalize=False),
    ),
]
COMMANDS = {
    CompareConfig: ("compare", comparing, "run_compare"),
    TrialConfig: ("trial", trying, "run_trial"),
    MeasureConfig: ("measure", measuring, "run_measure"),
}


def typed(line: str) -> list[str]:
    """Words that a shell makes of a line."""
    said = subprocess.run(["sh", "-c", f"printf '%s\\0' {line}"], capture_output=True, check=True)
    return said.stdout.decode().split("\0")[:-1]


@pytest.mark.parametrize("config", CONFIGS, ids=["compare", "plain", "trial", "measure"])
def test_the_command_typed_again_means_the_same(config, monkeypatch):
    name, module, function = COMMANDS[type(config)]
    asked = []

    def taken(config, watcher):
        asked.append(config)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, function, taken)
    words = typed(command_line(name, told_settings(config)))
    assert words[0] == "spanset"
    assert main(words[1:]) == 130
    assert asked == [config]


def test_what_is_usual_or_changes_nothing_is_not_told():
    config = CompareConfig(ChoicesConfig(("d.jsonl",), shared=SharedConfig(workers=3)))
    assert command_line("compare", told_settings(config)) == "spanset compare d.jsonl"


def test_a_long_command_has_a_flag_a_line():
    line = command_line("trial", {"DATA": ["d.jsonl"], "--method": "x" * 80, "--no-normalize": ""})
    assert line.splitlines() == [
        "spanset trial \\",
        "  d.jsonl \\",
        f"  --method {'x' * 80} \\",
        "  --no-normalize",
    ]


def test_letters_that_drive_a_terminal_are_spelt():
    assert "\x1b" not in command_line("measure", {"DATA": ["a\x1b[2J.jsonl"]})


@pytest.mark.parametrize("kind", [DataConfig, LookingConfig, FeatureConfig, ModelConfig])
def test_usual_settings_need_no_words(kind):
    assert told_words(kind()) == []


def test_others_are_said_as_flags_say_them():
    found = told_words(
        LookingConfig(map="prompt=q,answer=a", columns=("q", "a"), on_bad_row="stop"),
        FeatureConfig(features="static:my model", normalize=False),
        ModelConfig(mask_reasoning=True, max_length=512),
    )
    assert found == [
        *("--map", "prompt=q,answer=a", "--columns", "q", "--columns", "a", "--on-bad-row", "stop"),
        *("--features", "static:my model", "--no-normalize"),
        *("--max-length", "512", "--mask-reasoning"),
    ]
