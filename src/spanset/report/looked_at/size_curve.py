"""How many rows are enough: what each further row adds to those picked, beside random rows.

Of a draw where there are many rows: among more, picks are more diverse, so that as many picks of
all rows add at least as much.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray
from spanset.base.stages import SILENT, Watcher
from spanset.greedy.enough import FIRST, LEAST_GAIN, WINDOW, Enough
from spanset.greedy.rules import is_exact_enough
from spanset.greedy.selection import Selection
from spanset.kernels.choice import kernel_settings
from spanset.kernels.kernel import Kernel
from spanset.runs.compared_gains import ComparedGains
from spanset.selectors.choosing import Candidates, Choosing, choose_rows

ROWS = 20_000  # that picks are made from at most
PICKS = 3_000  # at most: seconds on two cores
STREAM = 29  # of the seed
SIZES = (100, 300, 1_000, 3_000)


class SizePoint(NamedTuple):
    """So many rows.

    Attributes
    ----------
    rows : int
        Picks.
    adds, adds_at_random : float
        Median gain of the picks, and of the random rows, around it.
    as_random : int or None
        Random rows whose gains add up to as much; None where more than are known.
    """

    rows: int
    adds: float
    adds_at_random: float
    as_random: int | None


@dataclass(frozen=True, eq=False)
class SizeCurve:
    """Picks of some rows, and what they add.

    Attributes
    ----------
    rows : int
        That there were to pick from.
    picks : Selection
        The picks.
    compared : ComparedGains
        Gains of the picks, and of as many random rows.
    enough : int or None
        Picks before a row adds little; None where every pick that was made still adds more.
    """

    rows: int
    picks: Selection
    compared: ComparedGains
    enough: int | None

    @classmethod
    def of(
        cls,
        X: npt.NDArray[np.floating[Any]],
        kernel: Kernel,
        *,
        seed: int = 0,
        watcher: Watcher = SILENT,
    ) -> SizeCurve:
        """Of unit rows X (N, d): at most `PICKS` of at most `ROWS` of them."""
        rng = np.random.default_rng([seed, STREAM])
        X = X[np.sort(rng.permutation(len(X))[:ROWS])]
        settings = kernel_settings(kernel)
        how = Choosing(
            kernel=settings["name"],
            gamma=settings.get("gamma"),
            dtype="float32" if is_exact_enough(kernel, X[:1].astype(np.float32)) else "float64",
            seed=seed,
        )
        picks, _ = choose_rows(Candidates(X), min(PICKS, len(X)), how, watcher=watcher)
        compared = ComparedGains.of(X, picks, len(picks), kernel, draws=1, seed=seed)
        return cls(len(X), picks, compared, Enough(LEAST_GAIN).kept(picks.gains))

    @property
    def says_something(self) -> bool:
        """Whether there are picks enough to compare later ones with the first."""
        return len(self.picks) >= FIRST + WINDOW

    def points(self) -> Iterator[SizePoint]:
        """At some sizes, the last pick's and that of enough among them."""
        count = len(self.picks)
        sizes = {size for size in SIZES if size < count} | {count, self.enough or count}
        picked, random = np.cumsum(self.picks.gains), np.cumsum(self.compared.random[0])
        for size in sorted(sizes):
            place = int(np.searchsorted(random, picked[size - 1]))
            yield SizePoint(
                size,
                _around(self.picks.gains, size),
                _around(self.compared.random[0], size),
                place + 1 if place < len(random) else None,
            )


def _around(gains: FloatArray, size: int) -> float:
    """Median gain of the `WINDOW` around a place."""
    return float(np.median(gains[max(0, size - 1 - WINDOW // 2) : size + WINDOW // 2]))
