"""Rows that a deduplication dropped: by which row that stays, how near, and whether it is the same.

`repeats.parquet` in the run folder holds one line for each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spanset.base.array_types import FloatArray, IntArray
from spanset.data.dataset import Dataset
from spanset.data.row_places import places_of
from spanset.selectors.dedup import Deduplicated


@dataclass(frozen=True, eq=False)
class DroppedRows:
    """Rows that repeat another.

    Attributes
    ----------
    rows : (r,) int64
        Positions in the data.
    of : (r,) int64
        Position of the row that stays for each; of given row g, -1 - g.
    cosine : (r,) float64
        Between the two.
    exact : (r,) bool
        Whether both are the same in what is compared.
    threshold : float
        From which cosine on rows repeat each other.
    """

    rows: IntArray
    of: IntArray
    cosine: FloatArray
    exact: npt.NDArray[np.bool_]
    threshold: float

    @classmethod
    def of_choice(
        cls,
        picks: Deduplicated,
        keys: npt.NDArray[np.uint8],
        given_keys: npt.NDArray[np.uint8] | None,
    ) -> DroppedRows:
        """Those of a choice; `keys` (N, b) are equal for rows that are the same."""
        rows = picks.dropped
        of = picks.stands_for[rows]
        others = keys[np.maximum(of, 0)]
        if given_keys is not None and given_keys.shape[1] == keys.shape[1]:
            others[of < 0] = given_keys[-1 - of[of < 0]]
            exact = (keys[rows] == others).all(axis=1)
        else:
            exact = (keys[rows] == others).all(axis=1) & (of >= 0)
        return cls(rows, of, picks.nearness[rows].astype(np.float64), exact, picks.threshold)

    def groups(self) -> tuple[IntArray, IntArray]:
        """Rows that stand for others, most first, and for how many each."""
        kept, counts = np.unique(self.of, return_counts=True)
        order = np.argsort(-counts, kind="stable")
        return kept[order], counts[order]

    def record(self) -> dict[str, Any]:
        """Counts, for JSON."""
        return {
            "threshold": self.threshold,
            "rows": len(self.rows),
            "exact": int(self.exact.sum()),
            "of_given": int((self.of < 0).sum()),
            "rows_that_stand_for_others": len(np.unique(self.of)),
        }

    def table(self, data: Dataset, given: Dataset | None) -> pa.Table:
        """A line a row: its number, source and line, and those of the row that stays."""
        is_given = self.of < 0
        of = places_of(data, np.maximum(self.of, 0))
        others = {"row": -1 - self.of, "source": np.array([""]), "line": np.array([0])}
        if given is not None:  # else an array, which has row numbers only
            others = places_of(given, np.where(is_given, -1 - self.of, 0))
        columns: dict[str, Any] = {
            **places_of(data, self.rows),
            **{f"of_{name}": np.where(is_given, others[name], own) for name, own in of.items()},
            "of_given": is_given,
            "cosine": self.cosine,
            "exact": self.exact,
        }
        return pa.table(columns)
