"""Several data sets as one, so that one representation is fitted to all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from spanset.data.dataset import Dataset


def joined(sets: Sequence[Dataset]) -> Dataset:
    """The rows of all sets, one after the other.

    Row numbers count on from set to set; row p of set s stands at position p plus the lengths of
    the sets before it.
    """
    sources = np.cumsum([0, *(len(one.sources) for one in sets)])
    totals = np.cumsum([0, *(one.total for one in sets)])

    def column(name: str, offsets: np.ndarray | None = None) -> np.ndarray:
        columns = [getattr(one, name) for one in sets]
        if offsets is not None:
            columns = [values + offset for values, offset in zip(columns, offsets, strict=False)]
        return np.concatenate(columns)

    return Dataset(
        tuple(source for one in sets for source in one.sources),
        tuple(format for one in sets for format in one.formats),
        column("source", sources),
        column("start"),
        column("length"),
        column("line"),
        column("ids", totals),
        column("digests"),
        int(totals[-1]),
        tuple(remark for one in sets for remark in one.remarks),
        *(
            tuple(
                replace(row, row=row.row + int(before))
                for one, before in zip(sets, totals, strict=False)
                for row in getattr(one, kind)
            )
            for kind in ("bad", "empty", "unrepresented", "avoided")
        ),
    )
