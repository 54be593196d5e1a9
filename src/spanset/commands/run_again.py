"""A finished run in memory again: its rows, features and quality, and the choice that was made.

    reread    the run folder and its inputs, checked
    choice    candidates as they were: read, represented and scored by the run's own settings

Nothing is chosen again; features come from the cache or the store where they are kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.stages import Watcher
from spanset.commands.given import Given
from spanset.commands.select import SelectionTask
from spanset.config.amounts import row_counts
from spanset.config.settings import OutputConfig
from spanset.data.dataset import Dataset
from spanset.features.representations import Representation
from spanset.quality.lengths import TokenCounts, count_tokens
from spanset.quality.scored_rows import RowQuality
from spanset.runs.reread import PastRun
from spanset.selectors.choosing import Choosing
from spanset.selectors.finished_choice import FinishedChoice
from spanset.stores.represented import Represented

NOTHING_COUNTED = TokenCounts(np.zeros(0, np.int64), np.zeros(0, np.int64), "")


@dataclass(frozen=True, eq=False)
class RunAgain:
    """A run whose candidates are there again.

    Attributes
    ----------
    past : PastRun
        The run as its folder tells it.
    data : Dataset
        The candidates, N.
    choice : FinishedChoice
        Their features, and the picks.
    quality : RowQuality
        Of the candidates.
    given : Dataset or None
        Rows that were there already and have features; None where there are none, or only an array.
    """

    past: PastRun
    data: Dataset
    choice: FinishedChoice
    quality: RowQuality
    given: Dataset | None

    @classmethod
    def of(cls, past: PastRun, data: Dataset, watcher: Watcher) -> RunAgain:
        """Represent and score the rows of a run as it did.

        Raises
        ------
        SpansetError
            Features or given rows that are not there any more, or others than they were.
        """
        # Its rows go nowhere: the run's own outputs exist, and may.
        config = replace(past.config, output=OutputConfig(output="-"))
        task = SelectionTask.check(config)
        sizes = row_counts(config.choice.k, len(data))
        given_rows = Given.read(config.choice.given, task.spec, config.reading)
        with watcher.stage("represent"):
            made, fitted = task.represented(data, watcher)
            given = None if given_rows is None else task.given(given_rows, made, fitted)
        with watcher.stage("score"):
            made, rated = task.rated(made, fitted, watcher)
        candidates = task.candidates(made, fitted, rated, _tokens(task, made, rated), given)
        choice = FinishedChoice(
            candidates,
            _settled(task.choosing, past),
            past.positions(made.data),
            past.scores,
            past.kernel(),
            sizes[-1] if sizes else len(made.X),
        )
        rows = None if given_rows is None else _kept(given_rows, fitted, choice.given_count)
        return cls(past, made.data, choice, rated, rows)

    def require_gains(self, gains: FloatArray) -> None:
        """Refuse candidates of which the run's own picks gain other than they did."""
        kernel, picks = self.choice.kernel, self.choice.picks
        self.past.require_gains(gains, kernel.diagonal(self.choice.points(picks)))

    def position(self, number: int) -> int | None:
        """Position among the candidates of a row by its number; None where it is none of them."""
        ids: IntArray = self.data.ids
        place = int(np.searchsorted(ids, number))
        return place if place < len(ids) and ids[place] == number else None


def _settled(how: Choosing, past: PastRun) -> Choosing:
    """The settings with the gamma that the run found, which is not sought again."""
    return replace(how, gamma=past.manifest["kernel"].get("gamma"))


def _tokens(task: SelectionTask, made: Represented, rated: RowQuality) -> TokenCounts:
    """Counts of tokens, where there is a budget."""
    if task.config.choice.tokens is None:
        return NOTHING_COUNTED
    return rated.tokens or count_tokens(made.data, task.config.quality.tokenizer)


def _kept(given: Given, fitted: Representation, count: int) -> Dataset | None:
    """The given rows that have features."""
    if given.rows is None or len(given.rows) == count:
        return given.rows
    return fitted.transform(given.rows).data
