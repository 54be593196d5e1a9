"""What measures look at: a random draw of a data set's rows, of the size that all sets share."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.blocks import by_blocks

if TYPE_CHECKING:
    from spanset.data.dataset import Dataset
    from spanset.diversity.volume import Volume

# Measures that compare all pairs look at every row up to this many; of more, at a random part,
# compared with all: the standard error of a mean over 2,000 rows is 2 % of the rows' spread.
EXACT_UP_TO = 20_000
LOOKED_AT = 2_000

NEAREST = 10  # neighbours that are kept of each row looked at
BLOCK = 512  # rows compared at once: 512 m numbers are held

Made = TypeVar("Made")

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows of one draw; m of them.

    Attributes
    ----------
    X : (m, d) float32
        Unit rows.
    data : Dataset, optional
        The rows, in X's order; None where features are all there is.
    population : (u, d) float32
        Unit rows drawn in equal numbers from every data set that is compared, this one included:
        what coverage, clusters and densities refer to.
    volume : Volume, optional
        What the log determinants are computed with; None where no measure asks for them.
    seed : int
        Of every random choice that a measure makes.
    shared : dict
        What samples with the same population have in common, computed once (see `once`).
    lengths : (m,) float64, optional
        Lengths of the rows, where these count: in volumes. All else is measured on unit rows.
    """

    X: npt.NDArray[np.float32]
    population: npt.NDArray[np.float32]
    data: Dataset | None = None
    volume: Volume | None = None
    seed: int = 0
    shared: dict[object, Any] = field(default_factory=dict, repr=False)
    lengths: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.X)

    @cached_property
    def gains(self) -> FloatArray:
        """Gains of the greedy order; (n,), fewer where the rank is exhausted before."""
        return self._volume.gains(self.X, self.lengths)

    @cached_property
    def reference(self) -> FloatArray:
        """Gains of the reference that the sample is compared with; (n,)."""
        volume, d = self._volume, self.X.shape[1]
        return self.once("reference", lambda: volume.reference_gains(len(self), d, self.seed))

    @property
    def n(self) -> int:
        """Rows that the log determinants are taken of."""
        return min(self._volume.n, len(self))

    @cached_property
    def looked_at(self) -> IntArray:
        """Positions of the rows that pairwise measures average over, ascending."""
        if len(self) <= EXACT_UP_TO:
            return np.arange(len(self))
        rows = np.random.default_rng([self.seed, 5]).choice(len(self), LOOKED_AT, replace=False)
        return np.sort(rows)

    def of_cosines(
        self, task: Callable[[IntArray, npt.NDArray[np.float32]], npt.NDArray[Any]]
    ) -> npt.NDArray[Any]:
        """What `task` makes of the rows looked at: one value or row of values for each.

        It is called with blocks, on all processors: positions of the rows (b,) and their cosines
        with all rows (b, m), which it may write to. Time O(looked_at * m * d) as matrix products.
        """

        def block(rows: IntArray) -> npt.NDArray[Any]:
            return task(rows, self.X[rows] @ self.X.T)

        return np.concatenate(by_blocks(self.looked_at, BLOCK, block))

    @cached_property
    def nearest(self) -> npt.NDArray[np.float32]:
        """Cosines of the rows looked at with their nearest others, falling; (a, NEAREST or m - 1).

        A copy of a row is another row, at cosine 1.
        """
        count = min(NEAREST, len(self) - 1)

        def nearest(rows: IntArray, cosines: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
            cosines[np.arange(len(rows)), rows] = -np.inf  # a row is not its own neighbour
            return largest(cosines, count)

        return self.of_cosines(nearest)

    def once(self, key: object, make: Callable[[], Made]) -> Made:
        """Something of the population alone, made by the first sample that asks for it."""
        if key not in self.shared:
            self.shared[key] = make()
        return self.shared[key]

    @cached_property
    def texts(self) -> list[str]:
        """Text of every row: all turns of its conversation."""
        return [conversation.text for conversation in self._rows.conversations()]

    @cached_property
    def words(self) -> list[list[str]]:
        """Words of every row, in lower case: runs of letters, digits and underscores."""
        return [_WORD.findall(text.lower()) for text in self.texts]

    def values(self, field: str) -> list[Any]:
        """Value of a field in every row that has it."""
        return [row[field] for row in self._rows.rows() if field in row]

    @property
    def sources(self) -> list[str]:
        """Name of every row's file."""
        return [self._rows.sources[number].name for number in self._rows.source.tolist()]

    @property
    def _rows(self) -> Dataset:
        if self.data is None:
            raise ValueError("the sample has features only")  # callers ask needs_rows first
        return self.data

    @property
    def _volume(self) -> Volume:
        if self.volume is None:
            raise ValueError("the sample was made without a volume")
        return self.volume


def largest(values: npt.NDArray[np.float32], count: int) -> npt.NDArray[np.float32]:
    """The `count` largest of each row, falling; (rows, count)."""
    if count == 0:
        return values[:, :0]
    if count < values.shape[1]:
        values = np.partition(values, -count, axis=1)[:, -count:]
    return -np.sort(-values, axis=1)
