"""Trials to draw: outcomes whose differences are chosen."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from spanset.trials.candidate import Candidate
from spanset.trials.controls import Controls
from spanset.trials.differences import Difference
from spanset.trials.outcome import Judged, Outcome, Sets
from spanset.trials.trial import TrainedCell
from spanset.trials.verdict import verdict

HOME = Sets("home", "loss", ("home",))
AWAY = Sets("away", "loss", ("mmlu-style", "e"))
QUESTIONS = Sets("questions", "accuracy", ("arc", "q"))
GROUPS = (HOME, AWAY, QUESTIONS)
UNKNOWN = Difference(0.5, -math.inf, math.inf)


def around(mean, width):
    return Difference(mean, mean - width, mean + width)


@dataclass(frozen=True, eq=False)
class Told(Outcome):
    """An outcome that is told its differences: of each group a pair for each choice."""

    pairs: dict[str, list[tuple[Difference, Difference]]]

    def judged(self, number, sets):
        rows, tokens = self.pairs[sets.name][number]
        return Judged(1.0, 0.1, rows, tokens, verdict(rows, tokens, sets.unit))


def told(names, pairs, groups=GROUPS):
    """An outcome of these choices; `pairs` of each group by its name, or the same of all."""
    rows = np.arange(3)
    if not isinstance(pairs, dict):
        pairs = {sets.name: pairs for sets in groups}
    candidates = [Candidate(name, 3, rows) for name in names]
    controls = Controls((), [], [])
    untuned = TrainedCell({}, {}, 0.0)
    return Told(candidates, np.ones(9, np.int64), controls, groups, untuned, {}, pairs)


def some_pairs(count, seed=0, scale=0.05):
    rng = np.random.default_rng(seed)
    pairs = []
    for _ in range(count):
        one, other = rng.normal(0, scale, 2)
        pairs.append((around(one, scale), around(other, 0.7 * scale)))
    return pairs
