"""What separates a choice from its control, with a 95 % interval.

Two things vary by chance. Another draw of random rows would train another model: the spread of the
control's draws tells how much. And other questions or rows could have been asked: the spread of the
difference over the items of each set tells that. For a choice of S trainings beside D draws

    difference   mean over trainings less mean over draws
    half width   sqrt(t^2 s^2 (1 + 1 / D) + u^2 v)

with s^2 the variance between draws, v that of the mean over items, and t and u Student's quantiles
at their degrees of freedom: each part keeps its own, for a spread that few draws show is known less
well than one that hundreds of items do. (Welch's degrees of freedom for the sum are too many where
two draws happen to be near each other: told apart in 12 % instead of 5 %.)

The 1 stands for the choice itself: it is one set of rows, however often it is trained on, and
differs from the control by more than chance only where it differs by more than one more random draw
would. So a set of random rows under another name is "not told apart" as often as the interval
promises, which the mean of several trainings of one set, compared with the control's mean alone, is
not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spanset.base.array_types import FloatArray
from spanset.trials.evaluation import SetScores

LEVEL = 0.95


@dataclass(frozen=True)
class Difference:
    """A choice less its control; in the unit of the sets.

    Attributes
    ----------
    mean : float
        Of the differences.
    low, high : float
        Ends of the interval; infinite where one draw tells nothing of their spread.
    """

    mean: float
    low: float
    high: float

    @property
    def sign(self) -> int:
        """1 or -1 where the interval leaves out 0, else 0."""
        return int(self.low > 0) - int(self.high < 0)


def difference(
    choice: Sequence[Sequence[SetScores]], control: Sequence[Sequence[SetScores]]
) -> Difference:
    """Difference of means over sets of equal weight.

    Parameters
    ----------
    choice, control : (trainings, sets)
        What each tuned model got on each set.
    """
    ours, theirs = means(choice), means(control)
    found = float(ours.mean() - theirs.mean())
    draws = len(theirs)
    if draws < 2:
        return Difference(found, -np.inf, np.inf)
    between = float(theirs.var(ddof=1)) * (1 + 1 / draws)
    within, freedom = _over_items(choice, control)
    width = float(np.sqrt(_quantile(draws - 1) ** 2 * between + _quantile(freedom) ** 2 * within))
    return Difference(found, found - width, found + width)


def means(scored: Sequence[Sequence[SetScores]]) -> FloatArray:
    """Mean over sets, of every training; (trainings,)."""
    return np.array([np.mean([one.mean for one in sets]) for sets in scored])


def deviation(values: FloatArray) -> float:
    """Standard deviation (n - 1); NaN of one value."""
    return float(values.std(ddof=1)) if len(values) > 1 else float("nan")


def _over_items(
    choice: Sequence[Sequence[SetScores]], control: Sequence[Sequence[SetScores]]
) -> tuple[float, int]:
    """Variance of the difference over items that could have been others; its degrees of freedom.

    The linear part of a ratio's error, which a bootstrap over items gives as well.
    """
    sets = len(choice[0])
    variance, freedom = 0.0, 0
    for place in range(sets):
        ours = [one[place] for one in choice]
        theirs = [one[place] for one in control]
        n = len(ours[0].weights)
        residuals = np.mean([_residual(one) for one in ours], axis=0)
        residuals = residuals - np.mean([_residual(one) for one in theirs], axis=0)
        if n > 1:
            variance += float(residuals @ residuals) * n / (n - 1)
        freedom += n - 1
    return variance / sets**2, max(freedom, 1)


def _residual(scored: SetScores) -> FloatArray:
    """What each item adds to the error of the mean; they sum to 0."""
    return (scored.values - scored.mean * scored.weights) / scored.weights.sum()


def _quantile(freedom: int) -> float:
    """Of Student's distribution, two-sided."""
    from scipy.stats import t

    return float(t.ppf((1 + LEVEL) / 2, freedom))
