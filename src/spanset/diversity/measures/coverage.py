"""Coverage: how near the sample comes to rows that it does not hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.blocks import by_blocks
from spanset.diversity.estimate import Better, Estimate
from spanset.diversity.measures.copies import row_keys
from spanset.diversity.sample import BLOCK, Sample


@dataclass(frozen=True)
class Coverage:
    """Mean over population rows that the sample lacks of the highest cosine with a sample row.

    The facility location function of Lin and Bilmes (2011) [lin2011submodular], per row. Unit:
    cosine, -1 to 1. Higher is more diverse. A row of the population that equals one of the sample
    is left out, as it would cover itself. NaN where the sample holds the whole population, as when
    one data set is measured alone: there is nothing to cover then.

    Notes
    -----
    Passing over only the equal row and taking the next nearest would turn the measure round on the
    sample's own rows: it would be 1 - the distance to the nearest neighbour, and rise with copies.

    Time O(u m d); memory O(m) for each block at work, beside the features.
    """

    name: str = "coverage"
    unit: str = "cosine"
    better: Better = "higher"
    needs_rows: bool = False

    def __call__(self, sample: Sample) -> Estimate:
        """Mean over the rows that the sample lacks: exact."""
        lacking = _lacking(sample)
        if not len(lacking):
            return Estimate(float("nan"))

        def highest(rows: IntArray) -> FloatArray:
            cosines = sample.population[rows] @ sample.X.T
            return cosines.max(axis=1).astype(np.float64)

        return Estimate(float(np.concatenate(by_blocks(lacking, BLOCK, highest)).mean()))


def _lacking(sample: Sample) -> IntArray:
    """Positions in the population of the rows that equal none of the sample."""
    own = set(row_keys(sample.X))
    keys = sample.once("row keys", lambda: list(row_keys(sample.population)))
    return np.flatnonzero([key not in own for key in keys])
