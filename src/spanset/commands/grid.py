"""The grid of a comparison at work: cells, and the features and scores that they share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.errors import UsageError
from spanset.base.file_digest import sha256_of
from spanset.base.sorted_places import places_in
from spanset.base.stages import Watcher
from spanset.base.version import __version__
from spanset.commands.choice_checks import check_avoiding, check_numbers
from spanset.commands.grid_cells import Cell, cells_of
from spanset.commands.pool import Beside, Pool, require_rows
from spanset.commands.selection_task import SelectionTask
from spanset.config.amounts import check_amounts, is_auto, refuse_below_one, row_counts
from spanset.config.compare_settings import CompareConfig
from spanset.data.dataset import Dataset
from spanset.data.reader import read_data
from spanset.diversity.catalogue import parse_measures
from spanset.diversity.chosen import Judge
from spanset.diversity.comparison import Comparison, volume_of
from spanset.diversity.estimate import Measure
from spanset.diversity.matched import MeasuredData
from spanset.diversity.reference import SphereReference, reference_folder
from spanset.quality.scores import require_known_quality
from spanset.runs.kept_cells import KeptCell, KeptCells, key_of
from spanset.selectors.choosing import choose_rows

METRICS = ("ldd", "vendi", "coverage", "near-duplicates")


@dataclass
class Grid:
    """Cells with their tasks, and what they share: features and scores of the last are held."""

    config: CompareConfig
    tasks: dict[Cell, SelectionTask]
    measures: list[Measure]
    data: Dataset = field(init=False)
    sizes: list[int] = field(init=False)
    held: tuple[object, Pool] | None = None
    rated: tuple[object, Pool] | None = None
    others: dict[bool, Beside] = field(default_factory=dict)

    @classmethod
    def check(cls, config: CompareConfig) -> Grid:
        """Refuse what is wrong without a look at the data: each cell as `spanset select` would."""
        if is_auto(config.grid.k):
            raise UsageError(
                "choices are compared at the same number of rows",
                where="-k auto",
                fix="give numbers: -k 1000,10000",
            )
        check_amounts(config.grid.k, None)
        refuse_below_one(("--seeds", config.grid.seeds))
        shared = config.shared
        check_numbers(shared.threshold, shared.avoid_at, None, shared.clusters)
        check_avoiding(shared.avoid, shared.avoid_at)
        for quality in config.grid.quality:
            for piece in quality.split(","):
                require_known_quality(piece)
        cells = [replace(cell, settings=_with_k(cell, config.grid.k)) for cell in cells_of(config)]
        tasks = {cell: SelectionTask.check(cell.settings) for cell in cells}
        measures = parse_measures(config.shared.metrics or METRICS)
        return cls(config, tasks, measures)

    @property
    def cells(self) -> list[Cell]:
        """Choices, in order."""
        return list(self.tasks)

    def read(self) -> Grid:
        """The rows, and how many are to be picked."""
        self.data = read_data(self.config.data, self.config.reading)
        self.sizes = row_counts(self.config.grid.k, len(self.data))
        return self

    def pool(self, cell: Cell, watcher: Watcher) -> Pool:
        """Features and scores for a cell; those of the cell before, where they are the same."""
        task = self.tasks[cell]
        features = cell.settings.features.features
        if self.held is None or self.held[0] != features:
            whole, beside = self._with_others(task), self.beside(task)
            made = whole.represented(self.data, beside, watcher)
            self.held, self.rated = (features, whole.less_avoided(made, beside, watcher)), None
        scored = (features, replace(cell.settings.quality, quality_weight=None))
        if self.rated is None or self.rated[0] != scored:
            self.rated = scored, task.rated(self.held[1], watcher)
        found = self.rated[1]
        return found if cell.settings.choice.given else replace(found, given=None)

    def judge(self, first: Pool, watcher: Watcher) -> Judge:
        """What measures all choices: the first features' directions, by the usual kernel."""
        X, data, shared = first.made.X, first.made.data, self.config.shared
        how = Comparison(seed=shared.seed, workers=shared.workers)
        against = SphereReference(reference_folder())
        kind = str(first.fitted.settings()["kind"])
        volume = volume_of([MeasuredData("pool", X, data)], kind, against, how, watcher)
        name = str(self.tasks[self.cells[0]].spec)
        return Judge(X, data, self.measures, volume, name, shared.seed)

    def beside(self, task: SelectionTask) -> Beside:
        """Rows beside the data, read once: as arrays where the features are one."""
        is_array = task.spec.kind == "array"
        if is_array not in self.others:
            self.others[is_array] = self._with_others(task).beside()
        return self.others[is_array]

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

    def scores(self, first: Pool, watcher: Watcher) -> dict[str, tuple[IntArray, FloatArray]]:
        """Of every quality: the numbers of the rows that are scored, and their scores."""
        found = {}
        for cell in self.cells:
            quality = cell.settings.quality.quality
            if quality is not None and quality not in found:
                pool = self.pool(cell, watcher)
                assert pool.rated.values is not None  # noqa: S101 (it has a quality)
                found[quality] = (pool.made.data.ids, pool.rated.values)
        tokens = first.tokens.total.astype(np.float64)
        return {"tokens": (first.made.data.ids, tokens), **found}

    def done(
        self,
        cell: Cell,
        kept: KeptCells,
        judge: Judge,
        scores: Mapping[str, tuple[IntArray, FloatArray]],
        watcher: Watcher,
    ) -> KeptCell:
        """What came of a cell, found or made."""
        key = key_of(self._depends_on(cell, judge, scores))
        if (found := kept.find(key)) is not None:
            return found
        watcher.note(cell.label)
        with watcher.stage(cell.label):
            found = self._made(cell, judge, scores, watcher)
        kept.keep(key, found)
        return found

    def _made(
        self,
        cell: Cell,
        judge: Judge,
        scores: Mapping[str, tuple[IntArray, FloatArray]],
        watcher: Watcher,
    ) -> KeptCell:
        """The cell's picks and what they measure."""
        pool, task = self.pool(cell, watcher), self.tasks[cell]
        rows: dict[str, list[int]] = {}
        seconds, reason = 0.0, ""
        for sizes in self._runs(cell):
            require_rows(pool.made.data, sizes)
            started = perf_counter()
            candidates = task.candidates(pool, sizes[-1])
            picks, _ = choose_rows(candidates, sizes[-1], task.choosing, watcher=watcher)
            seconds, reason = perf_counter() - started, picks.stop_reason.value
            if watcher.cancelled():
                raise KeyboardInterrupt
            for size in sizes:
                rows[str(size)] = pool.made.data.ids[picks.order[:size]].tolist()
        measures = {
            size: {**judge.measured(np.array(ids)), **_means(np.array(ids), scores)}
            for size, ids in rows.items()
        }
        return KeptCell(cell.label, rows, measures, seconds, reason)

    def _runs(self, cell: Cell) -> Iterator[list[int]]:
        """Numbers of picks that one run answers."""
        if self.tasks[cell].method.is_nested:
            yield self.sizes
        else:
            yield from ([size] for size in self.sizes)

    def _depends_on(self, cell: Cell, judge: Judge, scores: Mapping[str, Any]) -> list[Any]:
        """All that a cell's numbers depend on."""
        shared = self.config.shared
        specs = (self.tasks[self.cells[0]].spec, self.tasks[cell].spec)
        others = [shared.given, shared.target, *shared.avoid, *(spec.path for spec in specs)]
        return [
            __version__,
            {name: value for name, value in cell.settings.table().items() if name != "workers"},
            [source.sha256 for source in self.data.sources],
            [_digest(path) for path in others if path],
            shared.avoid_at,
            self.sizes,
            judge.settings(),
            list(scores),
        ]


def _digest(path: str) -> str:
    """What tells that a file or store beside the data is the same; of several, of each."""
    pieces = [Path(piece) for piece in path.split(",")]
    files = [one / "manifest.json" if one.is_dir() else one for one in pieces]
    return " ".join(sha256_of(one) if one.is_file() else str(one) for one in files)


def _with_k(cell: Cell, k: Sequence[str]) -> Any:
    return replace(cell.settings, choice=replace(cell.settings.choice, k=tuple(k)))


def _means(
    ids: IntArray, scores: Mapping[str, tuple[IntArray, FloatArray]]
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
