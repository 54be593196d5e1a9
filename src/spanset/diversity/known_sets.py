"""What public data sets measure: the scale that a value is read by.

LDD and equivalent size depend on the features, the kernel, the rows of a draw and the number of
picks, so that a value means something only beside others taken alike. `known_sets.json` has those
of public data sets in the default space (static features of the installed table, rbf kernel of the
default gamma, points uniform on the sphere), at many pools and picks; between these they are
interpolated, linearly in the logarithms of both. ``python -m benches run known-sets`` makes the
file; it holds numbers, no rows.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray
from spanset.diversity.matched import volume_rows

FILE = Path(__file__).with_suffix(".json")

# From which share of a value on two are told apart: draws of one set differ by less.
AS_DIVERSE = 0.03


class KnownValue(NamedTuple):
    """A public set's LDD (nats per row) and equivalent size (rows) at some pool and n."""

    name: str
    ldd: float
    equivalent_size: float


@dataclass(frozen=True, eq=False)
class KnownSet:
    """One public data set's measurements.

    Attributes
    ----------
    name : str
        For readers.
    pools : (p,) int64
        Rows of a draw, ascending; the last is all of it, where that is not too large.
    ldd, size_share : (p, f) float64
        LDD, and equivalent size over n, at n = the pool's times `SHARES`.
    """

    name: str
    pools: npt.NDArray[np.int64]
    ldd: FloatArray
    size_share: FloatArray

    def at(self, pool: int, n: int) -> KnownValue | None:
        """Values at this pool and n; None where they are not known."""
        shares = np.log(SHARES)
        share = np.log(n / volume_rows(None, pool))
        if not self.pools[0] <= pool <= self.pools[-1] or not shares[0] <= share <= 0.0:
            return None
        place = float(np.interp(np.log(pool), np.log(self.pools), np.arange(len(self.pools))))
        low, part = int(place), place - int(place)
        high = min(low + 1, len(self.pools) - 1)

        def value(table: FloatArray) -> float:
            return float(np.interp(share, shares, (1 - part) * table[low] + part * table[high]))

        return KnownValue(self.name, value(self.ldd), n * value(self.size_share))


# Picks over those that are taken of a pool by default.
SHARES = np.array([0.125, 0.25, 0.5, 1.0])


def known_values(
    features: Mapping[str, Any], kernel: Mapping[str, Any], pool: int, n: int
) -> list[KnownValue]:
    """What the public sets measure by these features and this kernel, the most diverse first.

    Parameters
    ----------
    features : mapping
        Settings of the representation.
    kernel : mapping
        Name and gamma.
    pool, n : int
        Rows of a draw, and picks.

    Returns
    -------
    list of KnownValue
        Of the sets that are large enough; none where the space is another.
    """
    space, sets = _scale()
    if space_of(features, kernel) != space:
        return []
    found = (one.at(pool, n) for one in sets)
    return sorted((one for one in found if one is not None), key=lambda one: one.ldd)


def space_of(features: Mapping[str, Any], kernel: Mapping[str, Any]) -> dict[str, Any]:
    """What values depend on, as the file has it; what a table's folder is called does not count."""
    own = {key: value for key, value in features.items() if key != "model"}
    own["table"] = features.get("model", {}).get("digest")
    return {"features": own, "kernel": dict(kernel)}


def place_of(ldd: float, known: Sequence[KnownValue]) -> str:
    """Where a value stands among those of known sets, in words."""
    nearest = min(known, key=lambda one: abs(one.ldd - ldd))
    if abs(nearest.ldd - ldd) <= AS_DIVERSE * nearest.ldd:
        return f"as diverse as {nearest.name}"
    if ldd < known[0].ldd:
        return f"more diverse than {known[0].name}"
    if ldd > known[-1].ldd:
        return f"less diverse than {known[-1].name}"
    place = bisect_left([one.ldd for one in known], ldd)
    above, below = list(pairwise(known))[place - 1]
    return f"between {above.name} and {below.name}"


@lru_cache(maxsize=1)
def _scale() -> tuple[dict[str, Any], list[KnownSet]]:
    """The space that the values are of, and the sets."""
    record = json.loads(FILE.read_text(encoding="utf-8"))
    sets = [
        KnownSet(
            one["name"],
            np.array([at["pool"] for at in one["at"]], np.int64),
            np.array([at["ldd"] for at in one["at"]]),
            np.array([at["size_share"] for at in one["at"]]),
        )
        for one in record["sets"]
    ]
    return record["space"], sets
