"""Measures of chosen rows beside their pool, all choices in one space.

Volumes beside a reference of as many points as the pool, as in subsets.py, in the order of picks;
other measures of the picks as a sample whose population is the pool.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.sorted_places import places_in
from spanset.base.unit_rows import unit_rows
from spanset.data.dataset import Dataset
from spanset.diversity.estimate import Measure
from spanset.diversity.ldd import VolumeMeasure, clamped_logs
from spanset.diversity.sample import Sample
from spanset.diversity.volume import Volume
from spanset.greedy.replay import replay
from spanset.kernels.choice import kernel_settings

CURVE, FEWEST = 40, 8  # steps of a curve at most, and rows of a step at least


@dataclass
class Judge:
    """What measures choices.

    Attributes
    ----------
    X : (N, d) float32
        Unit rows of the pool.
    data : Dataset
        Its rows, by whose numbers choices are told.
    volume : Volume
        How volumes are taken; its n is the choice's size.
    name : str
        The space, in words.
    """

    X: npt.NDArray[np.floating[Any]]
    data: Dataset
    measures: Sequence[Measure]
    volume: Volume
    name: str
    seed: int = 0
    shared: dict[object, Any] = field(default_factory=dict)
    references: dict[int, FloatArray] = field(default_factory=dict)

    def settings(self) -> dict[str, Any]:
        """All that its numbers depend on beside the rows."""
        return {
            "features": self.name,
            "measures": [measure.name for measure in self.measures],
            "kernel": kernel_settings(self.volume.kernel),
            "against": self.volume.against.name,
            "dtype": self.volume.dtype,
            "seed": self.seed,
            "rows": len(self.X),
        }

    def gains(self, ids: IntArray) -> FloatArray | None:
        """What each row of a choice adds to those before; None where no volume is measured."""
        if not any(isinstance(measure, VolumeMeasure) for measure in self.measures):
            return None
        return self._gains(self._places(ids))

    def measured(self, ids: IntArray, gains: FloatArray | None = None) -> dict[str, float | None]:
        """Values of a choice by the numbers of its rows, those it has no features of aside.

        `gains`, where they are there already, are those of `Judge.gains`.
        """
        places = self._places(ids)
        sample = Sample(
            self.X[places].astype(np.float32, copy=False),
            self.X.astype(np.float32, copy=False),
            self.data[places],
            seed=self.seed,
            shared=self.shared,
        )
        values: dict[str, float | None] = {}
        for measure in self.measures:
            if isinstance(measure, VolumeMeasure):
                if gains is None:
                    gains = self._gains(places)
                value = measure.of(gains, self._reference(len(places)))
            else:
                value = measure(sample).value
            values[measure.name] = value if np.isfinite(value) else None
        return values

    def _places(self, ids: IntArray) -> IntArray:
        """Positions of rows by their numbers, of those that are there."""
        places, is_there = places_in(self.data.ids, ids)
        return places[is_there]

    def _gains(self, places: IntArray) -> FloatArray:
        return replay(unit_rows(self.X[places], self.volume.dtype), self.volume.kernel)

    def _reference(self, n: int) -> FloatArray:
        """Gains of n uniform points out of as many as the pool has."""
        longest = max(self.references, default=0)
        if longest < n:
            volume = replace(self.volume, n=n)
            d = self.X.shape[1]
            self.references[n] = volume.reference_gains(len(self.X), d, self.seed)
            longest = n
        return self.references[longest][:n]


def gain_curve(gains: FloatArray, points: int = CURVE) -> dict[str, list[float]]:
    """What rows add in their order, in so many steps of equal length, or fewer of few rows.

    Returns
    -------
    dict
        `n`: rows up to the end of each step; `gain`: geometric mean of the gains in it, each at
        least e^-7.
    """
    steps = max(1, min(points, len(gains) // FEWEST))
    ends = np.unique(np.linspace(0, len(gains), steps + 1).round().astype(np.int64))
    sums = np.concatenate([[0.0], np.cumsum(clamped_logs(gains))])[ends]
    means = np.exp(np.diff(sums) / np.diff(ends))
    return {"n": ends[1:].astype(np.float64).tolist(), "gain": means.tolist()}
