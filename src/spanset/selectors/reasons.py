"""Why a row was picked or left out, by the method that chose.

What holds for every method, the nearest pick and the rows that a pick stands for, is in
nearest_picks.py. A method that has more to say has a line in `EXPLAINERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.stages import SILENT, Watcher
from spanset.selectors.choosing import choose_rows
from spanset.selectors.dpp_reasons import LeftByGain, PickedByGain
from spanset.selectors.explained import Explained
from spanset.selectors.finished_choice import FinishedChoice
from spanset.selectors.order_reasons import Ordered, Placed
from spanset.selectors.other_reasons import (
    Covering,
    Farthest,
    ForTarget,
    Graded,
    Repeating,
    dedup_reasons,
    deita_reasons,
    facility_reasons,
    kcenter_reasons,
    target_reasons,
)

Reason = PickedByGain | LeftByGain | Placed | Covering | Farthest | Graded | Repeating | ForTarget


class Explainer(Protocol):
    """Tells why rows were picked or left out."""

    def gains(self) -> FloatArray | None:
        """Gain of every pick (k,), computed again; None where the method has none."""
        ...

    def reasons(self, rows: IntArray) -> Sequence[Reason | None]:
        """Why, for each row; None where nothing can be said but what is near."""
        ...


@dataclass(frozen=True)
class _Unexplained:
    """Of a method that says nothing about a row."""

    def gains(self) -> None:
        return

    def reasons(self, rows: IntArray) -> list[None]:
        return [None] * len(rows)


@dataclass(frozen=True)
class _Told:
    """Of a method without gains that a function tells of."""

    tell: Callable[[FinishedChoice, IntArray], Sequence[Reason]]
    choice: FinishedChoice

    def gains(self) -> None:
        return

    def reasons(self, rows: IntArray) -> Sequence[Reason]:
        return self.tell(self.choice, rows)


EXPLAINERS: dict[str, Callable[[FinishedChoice], Explainer]] = {
    "dpp": Explained.of,
    "top": Ordered.of,
    "random": Ordered.of,
    "kcenter": partial(_Told, kcenter_reasons),
    "facility": partial(_Told, facility_reasons),
    "deita": partial(_Told, deita_reasons),
    "dedup": partial(_Told, dedup_reasons),
    "target": partial(_Told, target_reasons),
}


def explainer_of(choice: FinishedChoice) -> Explainer:
    """What explains the picks of the method that made them."""
    make = EXPLAINERS.get(choice.how.method)
    return _Unexplained() if make is None else make(choice)


def first_weights(
    choice: FinishedChoice, rows: IntArray, weights: Sequence[float], watcher: Watcher = SILENT
) -> list[float | None]:
    """The nearest lambda to that of the run at which each row left out would be picked.

    Every lambda is a selection of its own. They are run away from the run's, until all of the rows
    are picked or no lambda is left; of two that are as near the smaller comes first.
    """
    own = choice.how.quality_weight
    found: dict[int, float] = {}
    for weight in sorted(weights, key=lambda value: (round(abs(value - own), 9), value)):
        if abs(weight - own) < 1e-9 or len(found) == len(set(rows.tolist())):
            continue
        how = replace(choice.how, quality_weight=weight, device="cpu")
        picks, _ = choose_rows(choice.candidates, choice.wanted, how, watcher=watcher)
        for row in set(rows.tolist()) & set(picks.order.tolist()):
            found.setdefault(row, weight)
    return [found.get(row) for row in rows.tolist()]
