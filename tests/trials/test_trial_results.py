"""Results of a trial in numbers: what is kept comes back, and says what the outcome says."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from spanset.trials.candidate import Candidate
from spanset.trials.controls import Control, Controls
from spanset.trials.outcome import Outcome
from spanset.trials.trial import TrainedCell
from spanset.trials.trial_results import Sets, TrialResults

HOME, AWAY = Sets("home", "loss", ("home",)), Sets("away", "loss", ("a", "away"))


def trained(seed, seconds=2.0):
    """A training judged by four items of each set."""
    rng = np.random.default_rng(seed)
    values = {name: rng.uniform(1, 2, 4).tolist() for name in ("home", "a", "away")}
    return TrainedCell(values, {name: [1.0, 2.0, 1.0, 1.0] for name in values}, seconds)


@pytest.fixture
def outcome():
    """Two choices, one of them trained on once, beside one control of two draws."""
    draws = (np.array([0, 1]), np.array([2, 3]))
    same = trained(5)
    return Outcome(
        [Candidate("one", 2, np.array([0, 3])), Candidate("other", 3, np.array([1, 2]))],
        np.array([5, 6, 7, 8]),
        Controls((Control("random, 2 rows", draws, 13.0),), [0, 0], [0, 0]),
        [HOME, AWAY],
        trained(0),
        {
            "one": [trained(1), trained(2)],
            "other": [same],
            "random, 2 rows": [trained(3), same],
        },
    )


def test_results_say_what_the_outcome_says(outcome):
    found = outcome.results()
    for sets in (HOME, AWAY, *AWAY.each):
        for number in range(2):
            ours, theirs = found.judged(number, sets), outcome.judged(number, sets)
            assert (ours.mean, ours.rows, ours.verdict) == (
                theirs.mean,
                theirs.rows,
                theirs.verdict,
            )
        assert found.as_it_is(sets) == outcome.as_it_is(sets)
    assert found.items == {"home": 4, "a": 4, "away": 4}
    assert [one.tokens for one in found.choices] == [13, 13]


def test_a_set_that_is_called_as_its_group_is_told_from_it(outcome):
    found = outcome.results()
    (alone,) = [one for one in AWAY.each if one.name == "away"]
    assert found.judged(0, alone).mean != found.judged(0, AWAY).mean
    assert found.judged(0, alone).mean == outcome.judged(0, alone).mean


def test_seconds_of_the_same_training_count_once_in_all(outcome):
    found = outcome.results()
    assert found.seconds == {"one": 4.0, "other": 2.0, "random, 2 rows": 4.0}
    assert found.total_seconds == 8.0, "one training serves a choice and a draw"


def test_what_is_kept_comes_back(outcome):
    found = outcome.results()
    text = json.dumps(found.record(), allow_nan=False)
    again = TrialResults.of_record(json.loads(text))
    assert json.dumps(again.record()) == text
    assert math.isnan(again.choices[1].groups["home"].deviation), "of one training"
    assert again.choices[0].groups["home"].rows.low < 0


def test_unknown_intervals_are_endless_when_they_come_back(outcome):
    held = outcome.results().record()
    held["choices"][0]["groups"]["home"]["to_random_rows"] |= {"low": None, "high": None}
    found = TrialResults.of_record(held).choices[0].groups["home"].rows
    assert (found.low, found.high, found.sign) == (-math.inf, math.inf, 0)
