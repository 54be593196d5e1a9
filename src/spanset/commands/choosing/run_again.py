"""A finished run in memory again: its rows, features and quality, and the choice that was made.

    reread    the run folder and its inputs, checked
    choice    candidates as they were: read, represented and scored by the run's own settings

Nothing is chosen again; features come from the cache or the store where they are kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.sorted_places import places_in
from spanset.base.stages import Watcher
from spanset.commands.choosing.other_rows import OtherRows
from spanset.commands.choosing.pool import Pool
from spanset.commands.choosing.selection_task import SelectionTask
from spanset.config.amounts import is_auto, row_counts
from spanset.data.dataset import Dataset
from spanset.quality.scored_rows import RowQuality
from spanset.runs.reread import PastRun
from spanset.selectors.finished_choice import FinishedChoice


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
    task : SelectionTask
        What was asked for.
    pool : Pool
        The candidates as they are chosen from.
    lengths : list of int
        Picks of every subset that was written.
    target, target_rows
        Rows of the target, and which of them have features, (t,).
    """

    past: PastRun
    data: Dataset
    choice: FinishedChoice
    task: SelectionTask
    pool: Pool
    lengths: list[int]
    target: OtherRows | None
    target_rows: IntArray

    @classmethod
    def of(cls, past: PastRun, data: Dataset, watcher: Watcher) -> RunAgain:
        """Represent and score the rows of a run as it did.

        Raises
        ------
        SpansetError
            Features or given rows that are not there any more, or others than they were.
        """
        # Its rows go nowhere: the run's own outputs exist, and may.
        output = replace(past.config.output, output="-", run=None, to=None)
        config = replace(past.config, output=output)
        task = SelectionTask.check(config)
        beside = task.beside()
        with watcher.stage("represent"):
            pool = task.represented(data, beside, watcher)
            pool = task.less_avoided(pool, beside, watcher)
        with watcher.stage("score"):
            pool = task.rated(pool, watcher)
        picks = past.positions(pool.made.data)
        sizes = [] if is_auto(config.choice.k) else row_counts(config.choice.k, len(data))
        wanted = sizes[-1] if sizes else len(picks)
        choice = FinishedChoice.of(
            task.candidates(pool, wanted),
            task.choosing,
            past.selection(picks, len(pool.made.data)),
            past.kernel(),
            wanted,
        )
        return cls(
            past,
            pool.made.data,
            choice,
            task,
            pool,
            [min(size, len(picks)) for size in sizes or [len(picks)]],
            beside.target,
            pool.target_rows,
        )

    @property
    def quality(self) -> RowQuality:
        """Of the candidates."""
        return self.pool.rated

    @property
    def given(self) -> Dataset | None:
        """Rows that were there already and have features; None for none, or only an array."""
        return self.pool.given_rows

    def require_gains(self, gains: FloatArray) -> None:
        """Refuse candidates of which the run's own picks gain other than they did."""
        kernel, picks = self.choice.kernel, self.choice.picks
        self.past.require_gains(gains, kernel.diagonal(self.choice.points(picks)))

    def position(self, number: int) -> int | None:
        """Position among the candidates of a row by its number; None where it is none of them."""
        place, is_there = places_in(self.data.ids, number)
        return int(place) if is_there else None
