"""Why a method that sorts all rows picked one or left it out: its place in the order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spanset.base.array_types import IntArray
from spanset.selectors.finished_choice import FinishedChoice
from spanset.selectors.methods import method_named
from spanset.selectors.request import Request

SORTED_BY = {"top": "quality", "random": "chance"}


@dataclass(frozen=True)
class Placed:
    """A row's place in the order of all rows, the first so many of which were picked.

    Attributes
    ----------
    by : str
        What rows were sorted by.
    place, rows : int
        Place from 1, and how many there are.
    """

    by: str
    place: int
    rows: int


@dataclass(frozen=True, eq=False)
class Ordered:
    """The order of all rows; `places` (N,) count from 1."""

    choice: FinishedChoice
    places: IntArray

    @classmethod
    def of(cls, choice: FinishedChoice) -> Ordered:
        """Sort again, to the end."""
        how, n = choice.how, len(choice)
        request = Request(
            choice.candidates.X,
            n,
            choice.candidates.log_quality,
            kernel=choice.kernel,
            seed=how.seed,
        )
        places = np.empty(n, np.int64)
        places[method_named(how.method).choose(request).order] = np.arange(1, n + 1)
        return cls(choice, places)

    def gains(self) -> None:
        """There are none."""
        return

    def reasons(self, rows: IntArray) -> list[Placed]:
        """The place of each of these rows, in their order."""
        by = SORTED_BY[self.choice.how.method]
        return [Placed(by, place, len(self.choice)) for place in self.places[rows].tolist()]
