"""The grid of a comparison at work: cells, and the features and scores that they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from spanset.base.array_types import IntArray
from spanset.base.errors import UsageError
from spanset.base.file_digest import sha256_of
from spanset.base.sorted_places import places_in
from spanset.base.stages import Watcher
from spanset.base.version import __version__
from spanset.commands.choosing.choice_checks import check_avoiding, check_numbers
from spanset.commands.choosing.pool import Beside, Pool, require_rows
from spanset.commands.choosing.selection_task import SelectionTask
from spanset.commands.grids.grid_cells import Cell
from spanset.config.amounts import check_amounts, is_auto, row_counts
from spanset.config.grid_settings import ChoicesConfig
from spanset.data.dataset import Dataset
from spanset.data.reader import read_data
from spanset.greedy.factor import NO_ROWS
from spanset.greedy.selection import StopReason
from spanset.runs.compared_cell import ChosenRows
from spanset.runs.kept_cells import KeptCells, key_of
from spanset.selectors.choosing import choose_rows


@dataclass
class Grid:
    """Cells with their tasks, and what they share: features and scores of the last are held."""

    config: ChoicesConfig
    tasks: dict[Cell, SelectionTask]
    data: Dataset = field(init=False)
    sizes: list[int] = field(init=False)
    left_out: tuple[IntArray, str] = (NO_ROWS, "")  # numbers of rows no cell may pick, and why
    held: tuple[object, Pool] | None = None
    rated: tuple[object, Pool] | None = None
    others: dict[bool, Beside] = field(default_factory=dict)

    @classmethod
    def check(cls, config: ChoicesConfig, cells: Sequence[Cell]) -> Grid:
        """Refuse what is wrong without a look at the data: each cell as `spanset select` would."""
        if is_auto(config.grid.k):
            raise UsageError(
                "choices are compared at the same number of rows",
                where="-k auto",
                fix="give numbers: -k 1000,10000",
            )
        check_amounts(config.grid.k, None)
        shared = config.shared
        check_numbers(shared.threshold, shared.avoid_at, None, shared.clusters)
        check_avoiding(shared.avoid_at, has_avoid=len(shared.avoid) > 0)
        cells = [replace(cell, settings=_with_k(cell, config.grid.k)) for cell in cells]
        return cls(config, {cell: SelectionTask.check(cell.settings) for cell in cells})

    @property
    def cells(self) -> list[Cell]:
        """Choices, in order."""
        return list(self.tasks)

    def read(self) -> None:
        """The rows, how many are to be picked, and rows beside: what is wrong there shows first."""
        self.data = read_data(self.config.data, self.config.reading)
        self.sizes = row_counts(self.config.grid.k, len(self.data))
        for task in self.tasks.values():
            self.beside(task)

    def pool(self, cell: Cell, watcher: Watcher) -> Pool:
        """Features and scores for a cell; those of the cell before, where they are the same."""
        task = self.tasks[cell]
        features = cell.settings.features.features
        if self.held is None or self.held[0] != features:
            whole, beside = self._with_others(task), self.beside(task)
            made = whole.represented(self.data, beside, watcher)
            pool = _without(whole.less_avoided(made, beside, watcher), *self.left_out)
            self.held, self.rated = (features, pool), None
        scored = (features, replace(cell.settings.quality, quality_weight=None))
        if self.rated is None or self.rated[0] != scored:
            self.rated = scored, task.rated(self.held[1], watcher)
        found = self.rated[1]
        return found if cell.settings.choice.given else replace(found, given=None)

    def beside(self, task: SelectionTask) -> Beside:
        """Rows beside the data, read once: as arrays where the features are one."""
        is_array = task.spec.kind == "array"
        if is_array not in self.others:
            self.others[is_array] = self._with_others(task).beside()
        return self.others[is_array]

    def chosen(self, cell: Cell, kept: KeptCells, watcher: Watcher) -> dict[int, ChosenRows]:
        """What a cell chooses, by the number of picks: kept from an earlier run, or made."""
        if not self.tasks[cell].method.is_nested:
            return {size: self._chosen(cell, size, kept, watcher) for size in self.sizes}
        whole = self._chosen(cell, self.sizes[-1], kept, watcher)
        return {size: _first(whole, size) for size in self.sizes}

    def _chosen(self, cell: Cell, size: int, kept: KeptCells, watcher: Watcher) -> ChosenRows:
        is_nested = self.tasks[cell].method.is_nested
        key = key_of([*self.depends_on(cell), None if is_nested else size])
        found = kept.find(key, ChosenRows)
        if found is not None and found.holds(size):
            return found
        require_rows(self.pool(cell, watcher).made.data, [size])
        watcher.note(cell.label)
        with watcher.stage(cell.label):
            found = self._made(cell, size, watcher)
        kept.keep(key, found)
        return found

    def _made(self, cell: Cell, size: int, watcher: Watcher) -> ChosenRows:
        pool, task = self.pool(cell, watcher), self.tasks[cell]
        started = perf_counter()
        candidates = task.candidates(pool, size)
        picks, _ = choose_rows(candidates, size, task.choosing, watcher=watcher)
        seconds = perf_counter() - started
        if watcher.cancelled():
            raise KeyboardInterrupt
        rows = pool.made.data.ids[picks.order].tolist()
        return ChosenRows(size, rows, seconds, picks.stop_reason.value)

    def _with_others(self, task: SelectionTask) -> SelectionTask:
        """The task with all rows beside: a target's copies and what is avoided leave every cell."""
        shared = self.config.shared
        choice = replace(
            task.config.choice,
            given=shared.given,
            target=shared.target,
            avoid=shared.avoid,
            avoid_at=shared.avoid_at,
        )
        return replace(task, config=replace(task.config, choice=choice))

    def depends_on(self, cell: Cell) -> list[Any]:
        """All that the rows that a cell chooses depend on, but for how many they are."""
        shared = self.config.shared
        own = replace(cell.settings, choice=replace(cell.settings.choice, k=()))
        others = [shared.given, shared.target, *shared.avoid, self.tasks[cell].spec.path]
        return [
            __version__,
            {name: value for name, value in own.table().items() if name != "workers"},
            [source.sha256 for source in self.data.sources],
            [digest_of(path) for path in others if path],
            shared.avoid_at,
            self.left_out[0].tolist(),
        ]


def digest_of(path: str) -> str:
    """What tells that a file or store beside the data is the same; of several, of each."""
    pieces = [Path(piece) for piece in path.split(",")]
    files = [one / "manifest.json" if one.is_dir() else one for one in pieces]
    return " ".join(sha256_of(one) if one.is_file() else str(one) for one in files)


def _first(chosen: ChosenRows, size: int) -> ChosenRows:
    """The first rows of a choice whose prefixes are the choices of fewer."""
    is_cut = size <= len(chosen.rows)
    reason = StopReason.REACHED_K.value if is_cut else chosen.stop_reason
    return replace(chosen, wanted=size, rows=chosen.rows[:size], stop_reason=reason)


def _without(pool: Pool, ids: IntArray, why: str) -> Pool:
    """The pool less rows of these numbers."""
    places, is_there = places_in(pool.made.data.ids, ids)
    out = np.sort(places[is_there]).astype(np.int64)
    return pool if not len(out) else pool.less(out, [why] * len(out))


def _with_k(cell: Cell, k: Sequence[str]) -> Any:
    return replace(cell.settings, choice=replace(cell.settings.choice, k=tuple(k)))
