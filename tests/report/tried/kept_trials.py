"""Trials as their folders tell them, without a training."""

from __future__ import annotations

from spanset.runs.kept_trial import KeptTrial
from spanset.runs.read_inputs import ReadInput
from spanset.trials.differences import Difference
from spanset.trials.trial_results import ChoiceResult, ControlResult, Judged, Sets, TrialResults
from spanset.trials.verdict import verdict

HOME = Sets("home", "loss", ("home",))


def judged(rows, tokens, unit="loss", mean=1.25):
    """A choice by its differences and their half widths."""
    one, other = (Difference(mean, mean - w, mean + w) for mean, w in (rows, tokens))
    return Judged(mean, 0.01, one, other, verdict(one, other, unit))


def kept_trial(names=("dpp", "top"), away=("lima", "dolly"), questions=("arc",)):
    """Choices of these names: the first better everywhere, all others not told apart."""
    groups = [HOME, Sets("away", "loss", tuple(away)), Sets("questions", "accuracy", questions)]
    choices = []
    for number, name in enumerate(names):
        found = {}
        for sets in groups:
            better = -1 if sets.unit == "loss" else 1
            size = 0.2 if number == 0 else 0.01
            pair = (better * size, 0.05), (better * (size + 0.013), 0.05)
            found[sets.name] = judged(*pair, sets.unit)
        each = {one: found[sets.name] for sets in groups for one in sets.names}
        random = "random, 24 rows"
        choices.append(ChoiceResult(name, 24, 24, 1500, random, random, 2, found, each))
    means = {sets.name: [1.3, 1.35, 1.4] for sets in groups}
    each = {one: means[sets.name] for sets in groups for one in sets.names}
    untuned = {sets.name: 2.718 for sets in groups}
    results = TrialResults(
        groups,
        {one: 17 for sets in groups for one in sets.names},
        untuned,
        {one: untuned[sets.name] for sets in groups for one in sets.names},
        choices,
        [ControlResult("random, 24 rows", 3, 1490.0, means, each)],
        {**dict.fromkeys(names, 12.5), "random, 24 rows": 30.0},
        55.0,
    )
    return KeptTrial(
        results,
        [ReadInput("data/d.jsonl", "ab" * 32, "alpaca", 600, {"malformed": 1, "no answer": 2})],
        ["d.jsonl: turns marked weight 0, not trained on: 4"],
        575,
        24,
        [{"row": 3, "where": "d.jsonl:4", "why": "holds lima.json:9"}],
        {"model": {"name": "models/tiny", "digest": "sha256:cd"}, "max_length": 192},
        {"epochs": 2.0, "lora": None},
        {"torch": "2.13.0", "spanset": "0.1.0"},
        {"DATA": ["data/d.jsonl"], "-k": ["24"]},
    )
