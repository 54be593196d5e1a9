"""What is kept of a grid's cells: the rows that were chosen, and what they measure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ChosenRows:
    """What a method chose.

    Attributes
    ----------
    wanted : int
        Picks that were asked for.
    rows : list of int
        Row numbers in the order of picks; fewer where the method ended before.
    seconds : float
        That it took.
    stop_reason : str
        Why there are no more.
    """

    wanted: int
    rows: list[int]
    seconds: float
    stop_reason: str

    def holds(self, size: int) -> bool:
        """Whether its first rows are the choice of so many, of a method with one order for all."""
        return size <= self.wanted or len(self.rows) < self.wanted


@dataclass(frozen=True)
class MeasuredRows:
    """What chosen rows measure.

    Attributes
    ----------
    values : mapping
        Names of measures and means of scores; None where one cannot be taken.
    curve : mapping or None
        What rows add in the order of picks: `n`, numbers of picks, and `gain`, the geometric mean
        of those up to there, since the number before; None where no volume was measured.
    """

    values: Mapping[str, float | None]
    curve: Mapping[str, list[float]] | None = None


@dataclass(frozen=True)
class ComparedChoice:
    """What came of a cell.

    Attributes
    ----------
    label : str
        Of the cell.
    rows : mapping
        Number of picks asked for, as text, to row numbers in the order of picks.
    measures : mapping
        The same to names of measures and their values.
    seconds : float or None
        That choosing the most of them took; None where it was not seen.
    stop_reason : str
        Why there are no more picks.
    curve : mapping or None
        What the rows of the largest choice add, as in `MeasuredRows`.
    """

    label: str
    rows: Mapping[str, list[int]]
    measures: Mapping[str, Mapping[str, float | None]]
    seconds: float | None
    stop_reason: str
    curve: Mapping[str, list[float]] | None = None

    @classmethod
    def of(
        cls,
        label: str,
        rows: Mapping[str, list[int]],
        found: Mapping[str, MeasuredRows],
        seconds: float | None,
        stop_reason: str,
    ) -> ComparedChoice:
        """With what rows measure, by the number of picks, the largest last."""
        measures = {size: dict(one.values) for size, one in found.items()}
        return cls(label, rows, measures, seconds, stop_reason, list(found.values())[-1].curve)
