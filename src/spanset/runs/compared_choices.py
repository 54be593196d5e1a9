"""A finished comparison: every choice's measures, how much choices have in common, a suggestion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spanset.base.array_types import FloatArray
from spanset.base.data_frames import as_pandas
from spanset.base.errors import printable
from spanset.base.views import Shown
from spanset.config.told_settings import Told
from spanset.diversity.pareto import knee, pareto_front
from spanset.runs.compared_cell import ComparedChoice
from spanset.runs.kept_cells import read_kept
from spanset.runs.read_inputs import ReadInput

if TYPE_CHECKING:
    import pyarrow as pa

RANDOM = "random"
CHOICES = "choices.json"  # in the folder of a comparison: all of it, for other commands


@dataclass(frozen=True)
class ComparedCell:
    """One choice.

    Attributes
    ----------
    label, method : str
        What it is called, and how it chose.
    quality : str or None
        Which quality counted.
    weight : float or None
        Lambda, where one counted.
    line : str
        Features, kernel and gamma: choices of one line differ by quality and lambda alone.
    found : ComparedChoice
        Its picks and measures, by size.
    """

    label: str
    method: str
    quality: str | None
    weight: float | None
    line: str
    found: ComparedChoice


@dataclass(frozen=True)
class Suggestion:
    """A lambda, and why.

    Attributes
    ----------
    quality : str
        Which quality it weighs.
    line : str
        Features, kernel and gamma; empty where there is one line.
    front : list of float
        Lambdas that no other of the grid beats in both quality and LDD, by rising quality.
    weight : float or None
        Where the front bends most; None where it does not.
    kept : float
        Share of the way from the most diverse to the best of the front, in quality, at that lambda.
    lost : float
        The same in LDD.
    """

    quality: str
    line: str
    front: list[float]
    weight: float | None
    kept: float
    lost: float


@dataclass(frozen=True, repr=False)
class Compared(Shown):
    """All choices of a grid.

    Attributes
    ----------
    pool : int
        Usable rows, which were chosen from.
    inputs : sequence of ReadInput
        Where they are from.
    remarks : sequence of str
        What was recognised in them.
    sizes : list of int
        Numbers of picks.
    cells : list of ComparedCell
        Choices, random ones last.
    measures : list of str
        Names of the measures; `better` has their directions.
    scores : list of str
        Names of the scores whose means are there, tokens first.
    space : str
        What all choices are measured in.
    told : mapping
        Settings that are not the usual ones, by flag.
    version : str
        Of this package.
    """

    pool: int
    inputs: Sequence[ReadInput]
    remarks: Sequence[str]
    sizes: list[int]
    cells: list[ComparedCell]
    measures: list[str]
    better: Mapping[str, str]
    scores: list[str]
    space: str
    told: Told
    version: str

    def __repr__(self) -> str:
        """What stands beside what, on one line."""
        chosen = len(self.chosen())
        sizes = ", ".join(f"{size:,}" for size in self.sizes)
        return (
            f"<Compared: {chosen:,} choice{'s' * (chosen != 1)} of {sizes} of {self.pool:,} rows, "
            f"beside {len(self.cells) - chosen:,} random, by {printable(self.space)}>"
        )

    def record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "sizes": self.sizes,
            "space": self.space,
            "cells": [
                {
                    "label": cell.label,
                    "method": cell.method,
                    "quality": cell.quality,
                    "lambda": cell.weight,
                    "seconds": cell.found.seconds,
                    "stop_reason": cell.found.stop_reason,
                    "measures": dict(cell.found.measures),
                }
                for cell in self.cells
            ],
            "overlap": {str(size): self.overlaps(size).tolist() for size in self.sizes},
            "rank_correlation": {
                str(size): _plain(self.rank_correlations(size)) for size in self.sizes
            },
            "suggestions": {
                str(size): [vars(one) for one in self.suggestions(size)] for size in self.sizes
            },
        }

    def to_arrow(self) -> pa.Table:
        """A line a choice and size, as an Arrow table.

        Columns ``choice``, ``method``, ``quality``, ``lambda``, ``k``, ``rows``, ``seconds``,
        ``stop_reason``, one a measure, and means of the scores (``mean tokens``).
        """
        import pyarrow as pa

        lines = [
            {
                "choice": cell.label.encode(errors="backslashreplace").decode(),
                "method": cell.method,
                "quality": cell.quality,
                "lambda": cell.weight,
                "k": size,
                "rows": len(cell.found.rows[str(size)]),
                "seconds": cell.found.seconds,
                "stop_reason": cell.found.stop_reason,
                **cell.found.measures[str(size)],
            }
            for size in self.sizes
            for cell in self.cells
        ]
        return pa.Table.from_pylist(lines)

    def to_pandas(self) -> Any:
        """The same as a `pandas.DataFrame`."""
        return as_pandas(self.to_arrow())

    def choices(self) -> dict[str, Any]:
        """All of it as plain values, to be kept: inputs, and the rows of every choice."""
        return {
            "inputs": [one.record() for one in self.inputs],
            "choices": [_kept_cell(cell) for cell in self.chosen()],
            "random": [_kept_cell(cell) for cell in self.cells if cell.method == RANDOM],
            "pool": self.pool,
            "remarks": list(self.remarks),
            "sizes": self.sizes,
            "measures": self.measures,
            "better": dict(self.better),
            "scores": self.scores,
            "space": self.space,
            "told": self.told,
            "version": self.version,
        }

    @classmethod
    def of_choices(cls, held: Mapping[str, Any]) -> Compared:
        """From what is kept; an error of Python where it is something else."""
        return cls(
            held["pool"],
            [ReadInput(**one) for one in held["inputs"]],
            list(held["remarks"]),
            list(held["sizes"]),
            [_cell(one) for one in (*held["choices"], *held["random"])],
            list(held["measures"]),
            dict(held["better"]),
            list(held["scores"]),
            held["space"],
            dict(held["told"]),
            held["version"],
        )

    @classmethod
    def read(cls, folder: Path) -> Compared:
        """Out of the folder of a comparison; `DataError` where it cannot be read."""
        return read_kept(folder / CHOICES, cls.of_choices, "compare")

    def chosen(self) -> list[ComparedCell]:
        """Choices but random ones."""
        return [cell for cell in self.cells if cell.method != RANDOM]

    def random(self, size: int, name: str) -> tuple[float, float]:
        """Mean and standard deviation of a measure over the random choices."""
        values = [cell.found.measures[str(size)][name] for cell in self.cells]
        own = [
            value
            for cell, value in zip(self.cells, values, strict=True)
            if cell.method == RANDOM and value is not None
        ]
        if not own:
            return float("nan"), 0.0
        return float(np.mean(own)), float(np.std(own, ddof=1)) if len(own) > 1 else 0.0

    def overlaps(self, size: int) -> FloatArray:
        """Rows that two choices share, of those in either (Jaccard); (c, c)."""
        sets = [set(cell.found.rows[str(size)]) for cell in self.cells]
        return np.array([[len(a & b) / max(1, len(a | b)) for b in sets] for a in sets])

    def rank_correlations(self, size: int) -> FloatArray:
        """Spearman correlation of the ranks of the rows that two choices share; (c, c).

        NaN of fewer than three.
        """
        ranks = [
            {row: rank for rank, row in enumerate(cell.found.rows[str(size)])}
            for cell in self.cells
        ]
        return np.array([[_spearman(a, b) for b in ranks] for a in ranks])

    def suggestions(self, size: int) -> list[Suggestion]:
        """Of each quality that was weighed by several lambdas: the front, and its bend."""
        found = []
        lines = list(dict.fromkeys(cell.line for cell in self.chosen() if cell.method == "dpp"))
        for quality, line in product(self.scores[1:], lines):
            own = [cell for cell in self.chosen() if self._weighs(cell, quality, line)]
            if len(own) < 3 or "ldd" not in self.measures:
                continue
            named = line if len(lines) > 1 else ""
            of = [cell.found.measures[str(size)] for cell in own]
            gains = _numbers(of, f"mean {quality}") * self._direction(own, of, quality)
            losses = _numbers(of, "ldd")
            front = pareto_front(gains, losses)
            weights = [own[place].weight or 0.0 for place in front.tolist()]
            best = knee(gains, losses, front)
            if best is None:
                found.append(Suggestion(quality, named, weights, None, 0.0, 0.0))
                continue
            first, last = front[0], front[-1]
            kept = (gains[best] - gains[first]) / (gains[last] - gains[first])
            lost = (losses[best] - losses[first]) / (losses[last] - losses[first])
            weight = own[best].weight or 0.0
            found.append(Suggestion(quality, named, weights, weight, float(kept), float(lost)))
        return found

    def _weighs(self, cell: ComparedCell, quality: str, line: str) -> bool:
        """Whether a cell is of one line of lambdas of a quality: dpp by it, or by none."""
        return cell.method == "dpp" and cell.line == line and cell.quality in (None, quality)

    def _direction(
        self, own: Sequence[ComparedCell], of: Sequence[Mapping[str, Any]], quality: str
    ) -> float:
        """1 where a larger lambda raises the mean score, -1 where lower scores are better."""
        values = _numbers(of, f"mean {quality}")
        weights = np.array([cell.weight or 0.0 for cell in own])
        rises = values[int(np.argmax(weights))] >= values[int(np.argmin(weights))]
        return 1.0 if rises else -1.0


def _kept_cell(cell: ComparedCell) -> dict[str, Any]:
    own = {name: value for name, value in vars(cell).items() if name != "found"}
    return {**own, **vars(cell.found)}


def _cell(held: Mapping[str, Any]) -> ComparedCell:
    found = ComparedChoice(
        held["label"],
        held["rows"],
        held["measures"],
        held["seconds"],
        held["stop_reason"],
        held["curve"],
    )
    return ComparedCell(
        held["label"], held["method"], held["quality"], held["weight"], held["line"], found
    )


def _numbers(of: Sequence[Mapping[str, Any]], name: str) -> FloatArray:
    return np.array([np.nan if one[name] is None else one[name] for one in of], np.float64)


def _spearman(a: Mapping[int, int], b: Mapping[int, int]) -> float:
    shared = sorted(a.keys() & b.keys())
    if len(shared) < 3:
        return float("nan")
    one = np.argsort(np.argsort([a[row] for row in shared]))
    other = np.argsort(np.argsort([b[row] for row in shared]))
    return float(np.corrcoef(one, other)[0, 1])


def _plain(values: FloatArray) -> list[list[float | None]]:
    return [[None if np.isnan(value) else float(value) for value in row] for row in values]
