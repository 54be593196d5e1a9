"""What measures choices: one space for all, and means of what rows are scored by.

For the cells of a grid, which keep what came of it, and for the verb `compare`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.sorted_places import places_in
from spanset.base.stages import Watcher
from spanset.base.version import __version__
from spanset.config.told_settings import Told
from spanset.data.dataset import Dataset
from spanset.data.remarks import remark_lines
from spanset.diversity.chosen import Judge, gain_curve
from spanset.diversity.comparison import Comparison, volume_of
from spanset.diversity.estimate import Measure
from spanset.diversity.matched import MeasuredData
from spanset.diversity.reference import SphereReference, reference_folder
from spanset.runs.compared_cell import MeasuredRows
from spanset.runs.compared_choices import Compared, ComparedCell
from spanset.runs.read_inputs import read_inputs

USUAL_MEASURES = ("ldd", "vendi", "coverage", "near-duplicates")


@dataclass(frozen=True)
class ChoiceMeasures:
    """What measures choices.

    Attributes
    ----------
    judge : Judge
        Of picks, by one set of features.
    scores : mapping
        Name of a score to the numbers of the rows that have one, and its values.
    """

    judge: Judge
    scores: Mapping[str, tuple[IntArray, FloatArray]]

    def of(self, ids: IntArray) -> MeasuredRows:
        """What the rows of these numbers measure, in the order of picks."""
        gains = self.judge.gains(ids)
        values = {**self.judge.measured(ids, gains), **self._means(ids)}
        return MeasuredRows(values, None if gains is None else gain_curve(gains))

    def compared(
        self,
        data: Dataset,
        sizes: list[int],
        cells: list[ComparedCell],
        told: Told,
    ) -> Compared:
        """All choices together, of rows that were read; `told` are settings that are not usual."""
        measures = self.judge.measures
        return Compared(
            len(data),
            read_inputs(data),
            remark_lines(data),
            sizes,
            cells,
            [measure.name for measure in measures],
            {measure.name: measure.better for measure in measures},
            list(self.scores),
            self.judge.name,
            told,
            __version__,
        )

    def _means(self, ids: IntArray) -> dict[str, float | None]:
        """Mean of each score over the picks that have one."""
        means: dict[str, float | None] = {}
        for name, (known, values) in self.scores.items():
            places, is_there = places_in(known, ids)
            found = values[places[is_there]]
            with np.errstate(over="ignore"):
                mean = float(found.mean()) if len(found) else np.nan
            means[f"mean {name}"] = mean if np.isfinite(mean) else None
        return means


def judge_of(
    rows: MeasuredData, kind: str, measures: list[Measure], how: Comparison, watcher: Watcher
) -> Judge:
    """What measures picks of these rows, by their directions and the usual kernel.

    `rows.name` is what the space is called; `kind` is that of the features.
    """
    assert rows.data is not None  # noqa: S101 (choices are told by the numbers of rows)
    volume = volume_of([rows], kind, SphereReference(reference_folder()), how, watcher)
    return Judge(rows.X, rows.data, measures, volume, rows.name, how.seed)
