"""What the cells of a grid measure: all in the space of the first features, kept by their rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.stages import Watcher
from spanset.commands.choosing.pool import Pool
from spanset.commands.grids.choice_measures import ChoiceMeasures, judge_of
from spanset.commands.grids.grid import Grid, digest_of
from spanset.commands.grids.grid_cells import Cell
from spanset.diversity.chosen import CURVE
from spanset.diversity.comparison import Comparison
from spanset.diversity.estimate import Measure
from spanset.diversity.matched import MeasuredData
from spanset.runs.compared_cell import ComparedChoice, MeasuredRows
from spanset.runs.kept_cells import KeptCells, key_of


@dataclass(frozen=True)
class GridMeasures:
    """What measures the cells.

    Attributes
    ----------
    choices : ChoiceMeasures
        By the first features; by tokens and every quality.
    depends_on : list
        Plain values that the numbers depend on, beside the rows.
    """

    choices: ChoiceMeasures
    depends_on: list[Any]

    @classmethod
    def of(cls, grid: Grid, first: Pool, measures: list[Measure], watcher: Watcher) -> GridMeasures:
        """Of the pool of the first cell."""
        cell, shared = grid.cells[0], grid.config.shared
        spec = grid.tasks[cell].spec
        rows = MeasuredData(str(spec), first.made.X, first.made.data)
        kind = str(first.fitted.settings()["kind"])
        how = Comparison(seed=shared.seed, workers=shared.workers)
        judge = judge_of(rows, kind, measures, how, watcher)
        scores = _scores(grid, first, watcher)
        digest = digest_of(spec.path) if spec.path else ""
        depends_on = [*grid.depends_on(cell), digest, judge.settings(), list(scores)]
        return cls(ChoiceMeasures(judge, scores), depends_on)

    def measured(self, grid: Grid, cell: Cell, kept: KeptCells, watcher: Watcher) -> ComparedChoice:
        """What came of a cell."""
        chosen = grid.chosen(cell, kept, watcher)
        rows = {str(size): found.rows for size, found in chosen.items()}
        found = {size: self._measured(ids, kept) for size, ids in rows.items()}
        last = chosen[grid.sizes[-1]]
        return ComparedChoice.of(cell.label, rows, found, last.seconds, last.stop_reason)

    def _measured(self, rows: list[int], kept: KeptCells) -> MeasuredRows:
        key = key_of([self.depends_on, CURVE, rows])
        found = kept.find(key, MeasuredRows)
        if found is None:
            found = self.choices.of(np.array(rows, np.int64))
            kept.keep(key, found)
        return found


def _scores(grid: Grid, first: Pool, watcher: Watcher) -> dict[str, tuple[IntArray, FloatArray]]:
    """Tokens and every quality."""
    found = {}
    for cell in grid.cells:
        quality = cell.settings.quality.quality
        if quality is not None and quality not in found:
            pool = grid.pool(cell, watcher)
            assert pool.rated.values is not None  # noqa: S101 (it has a quality)
            found[quality] = (pool.made.data.ids, pool.rated.values)
    tokens = first.tokens.total.astype(np.float64)
    return {"tokens": (first.made.data.ids, tokens), **found}
