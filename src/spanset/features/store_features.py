"""Features out of a store: unit rows of a data set's rows, found by their conversations."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spanset.data.dataset import Dataset
from spanset.errors import DataError, UsageError
from spanset.features.represented import Represented
from spanset.features.rows import unit_rows
from spanset.features.store import MADE, FeatureStore, Status, row_digests
from spanset.results import IntArray


@dataclass(frozen=True)
class StoreFeatures:
    """``store:FOLDER``: features made before; any rows that it holds, in any order."""

    path: str

    def transform(self, data: Dataset) -> Represented:
        """Unit rows of the data set's rows.

        Raises
        ------
        UsageError
            No store, one that is not finished, or only a shard.
        DataError
            Rows that it does not hold.
        """
        return from_store(open_finished(self.path), data)

    def settings(self) -> dict[str, Any]:
        """The store's."""
        return dict(open_finished(self.path).manifest["settings"])

    @property
    def dimension(self) -> int:
        """Columns of the features."""
        return int(open_finished(self.path).column("features").shape[1])


def open_finished(path: str) -> FeatureStore:
    """A store that can be read from."""
    store = FeatureStore(Path(path))
    if store.manifest["shard"] is not None:
        number, count = store.manifest["shard"]
        raise UsageError(
            f"this is shard {number} of {count}",
            where=path,
            fix="join the shards first: spanset merge STORE",
        )
    if not store.complete:
        raise UsageError(
            "the feature store is not finished",
            where=path,
            fix="run the command that makes it again; it goes on where it stopped",
        )
    return store


def from_store(store: FeatureStore, data: Dataset) -> Represented:
    """Unit rows of the data's rows; rows without features are left out, with the reason."""
    places = _places(store, data)
    status = np.array(store.column("status"))[places]
    is_made = np.isin(status, MADE)
    kept = np.flatnonzero(is_made)
    if not len(kept):
        raise DataError(
            "no row has features",
            where=str(store.path),
            why=Status(status[0]).reason,
            fix="look at rows with `spanset show DATA --model M`",
        )
    stored = store.column("features")
    wanted = places[kept]
    if not (len(wanted) == len(stored) and (wanted == np.arange(len(stored))).all()):
        stored = stored[wanted]
    X = unit_rows(stored, np.float32, where=str(store.path), numbers=wanted)
    if len(kept) == len(data):
        return Represented.whole(X, data)
    left_out = np.flatnonzero(~is_made)
    reasons = [Status(status[row]).reason for row in left_out]
    return Represented(X, data.without(left_out, reasons), kept)


def _places(store: FeatureStore, data: Dataset) -> IntArray:
    """Where in the store each row of the data is; (len(data),)."""
    held, wanted = np.array(store.column("rows")), row_digests(data)
    if held.shape == wanted.shape and (held == wanted).all():
        return np.arange(len(data))
    numbers = {digest.tobytes(): number for number, digest in enumerate(held)}
    places = np.array([numbers.get(digest.tobytes(), -1) for digest in wanted])
    missing = np.flatnonzero(places < 0)
    if len(missing):
        raise DataError(
            f"the store lacks {len(missing):,} of {len(data):,} rows",
            where=str(store.path),
            why=f"{data.where(int(missing[0]))} is the first",
            fix="give the data that the store was made of, or make features of these with --model",
        )
    return places
