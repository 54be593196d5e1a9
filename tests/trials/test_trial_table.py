"""A trial as a table, and in a prompt."""

from __future__ import annotations

import math

from spanset.trials.trial_table import trial_table


def judged(mean, low, high, said):
    difference = {"difference": mean, "low": low, "high": high}
    return {
        "mean": 1.5,
        "deviation": 0.25,
        "to_random_rows": difference,
        "to_as_many_tokens": {"difference": -mean, "low": None, "high": None},
        "verdict": said,
    }


RECORD = {
    "sets": [
        {"group": "home", "unit": "loss", "names": ["home"]},
        {"group": "questions", "unit": "accuracy", "names": ["q"]},
    ],
    "choices": [
        {
            "name": name,
            "k": 10,
            "rows": 9,
            "supervised_tokens": 70,
            "groups": {
                "home": judged(-0.1, -0.2, -0.05, "better"),
                "questions": judged(0.0, -0.1, 0.1, "not told apart"),
            },
        }
        for name in ("dpp", "b\udcff")
    ],
}


def test_a_line_for_each_choice_and_judge():
    table = trial_table(RECORD).to_pydict()
    assert table["choice"] == ["dpp", "dpp", "b\\udcff", "b\\udcff"]
    assert table["judge"] == ["home", "questions"] * 2
    assert table["rows_difference"] == [-0.1, 0.0] * 2
    assert table["rows_low"] == [-0.2, -0.1] * 2
    assert table["tokens_difference"] == [0.1, -0.0] * 2
    assert table["tokens_low"] == [None] * 4
    assert table["verdict"][:2] == ["better", "not told apart"]
    assert math.isclose(table["deviation"][0], 0.25)
