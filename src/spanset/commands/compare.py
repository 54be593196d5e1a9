"""`spanset compare`: read, represent once for all, choose by every cell, measure, compare.

All choices are measured in one space, that of the first features, beside random ones. Cells that
are finished are kept, and found again when the same is asked.
"""

from __future__ import annotations

from time import perf_counter

from spanset.base.memory import peak_bytes
from spanset.base.stages import Watcher, stopwatch
from spanset.commands.grid import Grid
from spanset.commands.pool import require_rows
from spanset.config.compare_settings import CompareConfig
from spanset.runs.compared_choices import Compared, ComparedCell
from spanset.runs.kept_cells import KeptCells


def run_compare(config: CompareConfig, watcher: Watcher) -> Compared:
    """Run ``spanset compare``.

    Raises
    ------
    SpansetError
        With what, where, why and what to do; cells that were finished stay.
    """
    grid = Grid.check(config)
    kept = KeptCells.at(config.shared.out)
    timings: dict[str, float] = {}
    stage = stopwatch(watcher, timings)
    with stage("read"):
        grid = grid.read()
        for task in grid.tasks.values():
            grid.beside(task)  # so that what is wrong with them shows first
    with stage("represent"):
        first = grid.pool(grid.cells[0], watcher)
        require_rows(first.made.data, grid.sizes)
        judge = grid.judge(first, watcher)
        scores = grid.scores(first, watcher)
        kept.make()
    started = perf_counter()
    done = [grid.done(cell, kept, judge, scores, watcher) for cell in grid.cells]
    timings["choose"] = perf_counter() - started
    cells = [
        ComparedCell(
            cell.label,
            cell.method,
            cell.settings.quality.quality,
            cell.settings.quality.quality_weight,
            cell.line,
            found,
        )
        for cell, found in zip(grid.cells, done, strict=True)
    ]
    return Compared(
        grid.data,
        grid.sizes,
        cells,
        [measure.name for measure in grid.measures],
        {measure.name: measure.better for measure in grid.measures},
        list(scores),
        judge.name,
        timings,
        peak_bytes(),
        str(kept.folder.parent),
    )
