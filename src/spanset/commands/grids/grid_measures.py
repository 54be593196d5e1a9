"""What the choices of a grid measure: all in one space, that of the first features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.sorted_places import places_in
from spanset.base.stages import Watcher
from spanset.commands.choosing.pool import Pool
from spanset.commands.grids.grid import Grid, digest_of
from spanset.commands.grids.grid_cells import Cell
from spanset.diversity.chosen import CURVE, Judge, gain_curve
from spanset.diversity.comparison import Comparison, volume_of
from spanset.diversity.estimate import Measure
from spanset.diversity.matched import MeasuredData
from spanset.diversity.reference import SphereReference, reference_folder
from spanset.runs.compared_cell import ComparedChoice, MeasuredRows
from spanset.runs.kept_cells import KeptCells, key_of


@dataclass(frozen=True)
class GridMeasures:
    """What measures choices.

    Attributes
    ----------
    judge : Judge
        Of picks, by the first features.
    scores : dict
        Tokens and every quality: the numbers of the rows that have one, ascending, and the values.
    depends_on : list
        Plain values that the numbers depend on, beside the rows.
    """

    judge: Judge
    scores: dict[str, tuple[IntArray, FloatArray]]
    depends_on: list[Any]

    @classmethod
    def of(cls, grid: Grid, first: Pool, measures: list[Measure], watcher: Watcher) -> GridMeasures:
        """Of the pool of the first cell."""
        judge = _judge(grid, first, measures, watcher)
        scores = _scores(grid, first, watcher)
        cell = grid.cells[0]
        path = grid.tasks[cell].spec.path
        digest = digest_of(path) if path else ""
        depends_on = [*grid.depends_on(cell), digest, judge.settings(), list(scores)]
        return cls(judge, scores, depends_on)

    def measured(self, grid: Grid, cell: Cell, kept: KeptCells, watcher: Watcher) -> ComparedChoice:
        """What came of a cell."""
        chosen = grid.chosen(cell, kept, watcher)
        rows = {str(size): found.rows for size, found in chosen.items()}
        found = {size: self._measured(ids, kept) for size, ids in rows.items()}
        largest = grid.sizes[-1]
        last = chosen[largest]
        return ComparedChoice(
            cell.label,
            rows,
            {size: dict(one.values) for size, one in found.items()},
            last.seconds,
            last.stop_reason,
            found[str(largest)].curve,
        )

    def _measured(self, rows: list[int], kept: KeptCells) -> MeasuredRows:
        key = key_of([self.depends_on, CURVE, rows])
        found = kept.find(key, MeasuredRows)
        if found is None:
            ids = np.array(rows, np.int64)
            gains = self.judge.gains(ids)
            values = {**self.judge.measured(ids, gains), **_means(ids, self.scores)}
            found = MeasuredRows(values, None if gains is None else gain_curve(gains))
            kept.keep(key, found)
        return found


def _judge(grid: Grid, first: Pool, measures: list[Measure], watcher: Watcher) -> Judge:
    """The first features' directions, by the usual kernel."""
    X, data, shared = first.made.X, first.made.data, grid.config.shared
    how = Comparison(seed=shared.seed, workers=shared.workers)
    against = SphereReference(reference_folder())
    kind = str(first.fitted.settings()["kind"])
    volume = volume_of([MeasuredData("pool", X, data)], kind, against, how, watcher)
    name = str(grid.tasks[grid.cells[0]].spec)
    return Judge(X, data, measures, volume, name, shared.seed)


def _scores(grid: Grid, first: Pool, watcher: Watcher) -> dict[str, tuple[IntArray, FloatArray]]:
    found = {}
    for cell in grid.cells:
        quality = cell.settings.quality.quality
        if quality is not None and quality not in found:
            pool = grid.pool(cell, watcher)
            assert pool.rated.values is not None  # noqa: S101 (it has a quality)
            found[quality] = (pool.made.data.ids, pool.rated.values)
    tokens = first.tokens.total.astype(np.float64)
    return {"tokens": (first.made.data.ids, tokens), **found}


def _means(
    ids: IntArray, scores: dict[str, tuple[IntArray, FloatArray]]
) -> dict[str, float | None]:
    """Mean of each score over the picks that have one."""
    means: dict[str, float | None] = {}
    for name, (known, values) in scores.items():
        places, is_there = places_in(known, ids)
        found = values[places[is_there]]
        with np.errstate(over="ignore"):
            mean = float(found.mean()) if len(found) else np.nan
        means[f"mean {name}"] = mean if np.isfinite(mean) else None
    return means
