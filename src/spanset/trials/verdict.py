"""Differences in words."""

from __future__ import annotations

from spanset.trials.differences import Difference
from spanset.trials.evaluation import Unit

BETTER, WORSE, NOT_TOLD_APART = "better", "worse", "not told apart"

# By what it is beside random rows of as many rows, and of as many tokens: 1 better, -1 worse.
_SAID = {
    (1, 1): BETTER,
    (-1, -1): WORSE,
    (0, 0): NOT_TOLD_APART,
    (1, 0): "better by more tokens alone",
    (1, -1): "worse than as many tokens of random rows",
    (0, -1): "worse than as many tokens of random rows",
    (-1, 0): "worse by fewer tokens alone",
    (-1, 1): "better for its tokens, but too few",
    (0, 1): "better for its tokens",
}


def verdict(rows: Difference, tokens: Difference, unit: Unit) -> str:
    """What both differences say together.

    Parameters
    ----------
    rows, tokens : Difference
        To random rows of as many rows, of as many supervised tokens.
    """
    better = -1 if unit == "loss" else 1
    return _SAID[better * rows.sign, better * tokens.sign]
