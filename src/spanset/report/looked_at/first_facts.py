"""All that a first look knows of data: counted on all rows, compared on a draw where many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray
from spanset.data.dataset import Dataset
from spanset.data.row_traits import RowTraits
from spanset.diversity.known_sets import KnownValue
from spanset.diversity.measurement import MeasuredSet
from spanset.diversity.repeats import Repeats
from spanset.quality.lengths import TokenCounts
from spanset.report.looked_at.size_curve import SizeCurve
from spanset.selectors.repeat_groups import RepeatGroups


@dataclass(frozen=True, eq=False)
class FirstFacts:
    """What is known of N usable rows, n of them with features.

    Attributes
    ----------
    data : Dataset
        The usable rows.
    tokens : TokenCounts
        Theirs.
    traits : RowTraits
        Theirs.
    looked : Dataset
        Those that are compared: all, or a draw; n.
    places : (n,) int64
        Their positions in `data`.
    X : (n, d)
        Unit rows of their features.
    kind : str
        Of the features.
    groups : RepeatGroups
        Those that repeat each other.
    between : Repeats or None
        Between inputs.
    sets : sequence of MeasuredSet
        All rows, and the inputs where there are a few; none of too few rows.
    known : sequence of KnownValue
        What public sets measure alike; none where that is not known.
    curve : SizeCurve
        What more rows would add.
    seed : int
        Of every draw.
    projection : str
        How the map places rows: pca or umap.
    """

    data: Dataset
    tokens: TokenCounts
    traits: RowTraits
    looked: Dataset
    places: IntArray
    X: npt.NDArray[np.floating[Any]]
    kind: str
    groups: RepeatGroups
    between: Repeats | None
    sets: Sequence[MeasuredSet]
    known: Sequence[KnownValue]
    curve: SizeCurve
    seed: int
    projection: str

    @property
    def is_drawn(self) -> bool:
        """Whether there were too many rows to compare all."""
        return len(self.looked) + len(self.looked.unrepresented) < len(self.data)

    @cached_property
    def copies(self) -> int:
        """Rows whose conversation stands in another row, too."""
        digests = np.ascontiguousarray(self.data.digests)
        return _shared(digests.view(np.dtype((np.void, digests.shape[1]))).ravel())

    @cached_property
    def same_prompts(self) -> int:
        """Rows whose prompt stands in another row, too; empty ones aside."""
        return self._repeated(self.traits.prompts)

    @cached_property
    def same_answers(self) -> int:
        """Rows whose answer stands in another row, too."""
        return self._repeated(self.traits.texts)

    def commonest_answer(self) -> tuple[int, int]:
        """A row with the answer that most rows have, and how many have it."""
        _, first, counts = np.unique(self.traits.texts, return_index=True, return_counts=True)
        most = int(counts.max())
        return int(first[counts == most].min()), most

    def _repeated(self, keys: npt.NDArray[np.uint64]) -> int:
        return _shared(keys[keys != self.traits.empty])


def _shared(keys: npt.NDArray[Any]) -> int:
    """How many of the keys are there more than once."""
    if not len(keys):
        return 0
    counts = np.unique(keys, return_counts=True)[1]
    return int(counts[counts > 1].sum())
