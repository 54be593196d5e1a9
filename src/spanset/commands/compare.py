"""`spanset compare`: read, represent once for all, choose by every cell, measure, compare.

All choices are measured in one space, that of the first features, beside random ones. What is
chosen and measured is kept, and found again where the same is asked.
"""

from __future__ import annotations

from spanset.base.memory import peak_bytes
from spanset.base.stages import Watcher, stopwatch
from spanset.commands.choosing.pool import require_rows
from spanset.commands.grids.grid import Grid
from spanset.commands.grids.grid_cells import cells_of, random_cells
from spanset.commands.grids.grid_measures import GridMeasures
from spanset.config.amounts import refuse_below_one
from spanset.config.compare_settings import CompareConfig
from spanset.diversity.catalogue import parse_measures
from spanset.runs.compared_choices import CHOICES, Compared, ComparedCell
from spanset.runs.kept_cells import KeptCells

METRICS = ("ldd", "vendi", "coverage", "near-duplicates")


def run_compare(config: CompareConfig, watcher: Watcher) -> Compared:
    """Run ``spanset compare``.

    Raises
    ------
    SpansetError
        With what, where, why and what to do; what was finished stays.
    """
    comparing, choices = config.comparing, config.choices
    refuse_below_one(("--seeds", comparing.seeds))
    cells = cells_of(choices)
    cells += random_cells(choices, cells, comparing.seeds)
    grid = Grid.check(choices, cells)
    measures = parse_measures(comparing.metrics or METRICS)
    kept = KeptCells.at(comparing.out, "compare")
    timings: dict[str, float] = {}
    stage = stopwatch(watcher, timings)
    with stage("read"):
        grid.read()
    with stage("represent"):
        first = grid.pool(grid.cells[0], watcher)
        require_rows(first.made.data, grid.sizes)
        measuring = GridMeasures.of(grid, first, measures, watcher)
        kept.make()
    with stage("choose"):
        found = [measuring.measured(grid, cell, kept, watcher) for cell in grid.cells]
    compared = [
        ComparedCell(
            cell.label,
            cell.method,
            cell.settings.quality.quality,
            cell.settings.quality.quality_weight,
            cell.line,
            one,
        )
        for cell, one in zip(grid.cells, found, strict=True)
    ]
    outcome = Compared(
        grid.data,
        grid.sizes,
        compared,
        [measure.name for measure in measures],
        {measure.name: measure.better for measure in measures},
        list(measuring.scores),
        measuring.judge.name,
        timings,
        peak_bytes(),
        str(kept.folder.parent),
    )
    kept.keep_beside(CHOICES, outcome.choices())
    return outcome
