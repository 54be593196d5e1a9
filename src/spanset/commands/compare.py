"""`spanset compare`: read, represent once for all, choose by every cell, measure, compare.

All choices are measured in one space, that of the first features, beside random ones. What is
chosen and measured is kept, and found again where the same is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spanset.base.memory import peak_bytes
from spanset.base.stages import Watcher, stopwatch
from spanset.commands.choosing.pool import require_rows
from spanset.commands.grids.choice_measures import USUAL_MEASURES
from spanset.commands.grids.grid import Grid
from spanset.commands.grids.grid_cells import cells_of, random_cells
from spanset.commands.grids.grid_measures import GridMeasures
from spanset.config.amounts import refuse_below_one
from spanset.config.compare_settings import CompareConfig
from spanset.config.told_settings import told_settings
from spanset.data.dataset import Dataset
from spanset.diversity.catalogue import parse_measures
from spanset.report.compared.compared_page import compared_page
from spanset.runs.compared_cell import ComparedChoice
from spanset.runs.compared_choices import CHOICES, Compared, ComparedCell
from spanset.runs.folder import PAGE
from spanset.runs.kept_cells import KeptCells


@dataclass(frozen=True, eq=False)
class CompareRun:
    """A finished comparison.

    Attributes
    ----------
    data : Dataset
        What was chosen from.
    compared : Compared
        What came of it.
    page : str or None
        File of the page.
    """

    data: Dataset
    compared: Compared
    timings: Mapping[str, float]
    peak_bytes: int
    folder: str
    page: str | None

    def record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            **self.compared.record(),
            "seconds": dict(self.timings),
            "peak_bytes": self.peak_bytes,
            "folder": self.folder,
            "page": self.page,
        }


def run_compare(config: CompareConfig, watcher: Watcher) -> CompareRun:
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
    measures = parse_measures(comparing.metrics or USUAL_MEASURES)
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
    outcome = _compared(config, grid, measuring, found)
    kept.keep_beside(CHOICES, outcome.choices())
    page = None
    if comparing.report:
        with stage("report"):  # once the result is kept
            page = kept.write_beside(PAGE, compared_page(outcome).encode())
    return CompareRun(grid.data, outcome, timings, peak_bytes(), str(kept.folder.parent), page)


def _compared(
    config: CompareConfig, grid: Grid, measuring: GridMeasures, found: Sequence[ComparedChoice]
) -> Compared:
    """All choices together, with what they were made from."""
    cells = [
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
    return measuring.choices.compared(grid.data, grid.sizes, cells, told_settings(config))
