"""Features that lie in several stores of the same settings, searched together.

A store that the user named keeps rows that came later in folders inside it (`appended-1` ...).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.errors import DataError, UsageError
from spanset.base.scratch_files import ScratchRows
from spanset.base.unit_rows import unit_rows
from spanset.data.dataset import Dataset
from spanset.stores.checks import refuse_difference
from spanset.stores.digests import positions
from spanset.stores.files import broken
from spanset.stores.represented import Represented, Scored
from spanset.stores.status import MADE, Status
from spanset.stores.store import FeatureStore
from spanset.stores.survey import require_representable

APPENDED = "appended-"


@dataclass(frozen=True)
class Parts:
    """Stores that are searched together, the first that has a row gives it."""

    stores: tuple[FeatureStore, ...]

    def find(self, digests: npt.NDArray[np.uint8]) -> tuple[IntArray, IntArray]:
        """Number of the store that has each row, and the row's place in it.

        Parameters
        ----------
        digests : (N, 16) uint8
            Of the rows' conversations.

        Returns
        -------
        (N,) int64, (N,) int64
            -1 where no store is done with the row.
        """
        part, place = (np.full(len(digests), -1, np.int64) for _ in range(2))
        for number, store in enumerate(self.stores):
            lacking = np.flatnonzero(part < 0)
            if not len(lacking):
                break
            done = store.done()
            found = positions(np.asarray(store.column("rows")[done]), digests[lacking])
            hit = found >= 0
            part[lacking[hit]] = number
            place[lacking[hit]] = done[found[hit]]
        return part, place

    def represented(self, data: Dataset, *, on_bad_row: str = "skip") -> Represented:
        """Unit rows of the data's rows; those without features are left out, with the reason.

        Raises
        ------
        DataError
            Rows that no store holds, or none that has features; one that the chat template refuses,
            where `on_bad_row` is ``stop``.
        UsageError
            Rows that an unfinished store may be meant to hold.
        """
        part, place = self.find(data.digests)
        self._refuse_missing(data, np.flatnonzero(part < 0))
        status = self._statuses(part, place)
        require_representable(status, data, on_bad_row=on_bad_row)
        kept = np.flatnonzero(np.isin(status, MADE))
        X = self._unit_rows(part[kept], place[kept])
        names = [store.lengths for store in self.stores]
        lengths = self._column(names, part[kept], place[kept])
        return Represented(X, without_unmade(data, kept, status), kept, lengths)

    def scores(self, data: Dataset, names: Collection[str], *, on_bad_row: str = "skip") -> Scored:
        """Columns of the data's rows, without their features; as `represented`."""
        part, place = self.find(data.digests)
        self._refuse_missing(data, np.flatnonzero(part < 0))
        status = self._statuses(part, place)
        require_representable(status, data, on_bad_row=on_bad_row)
        kept = np.flatnonzero(np.isin(status, MADE))
        found = {}
        for name in names:
            values = self._column([name] * len(self.stores), part[kept], place[kept])
            if values is None:
                raise broken(self.stores[0].path, f"it has no {name}.npy")
            found[name] = values
        return Scored(found, without_unmade(data, kept, status), kept)

    @property
    def columns(self) -> set[str]:
        """Columns that all stores have."""
        return set.intersection(*(set(store.columns) for store in self.stores))

    def lacking(self, data: Dataset) -> IntArray:
        """Rows that no store is done with."""
        return np.flatnonzero(self.find(data.digests)[0] < 0)

    def statuses(self, data: Dataset) -> npt.NDArray[np.uint8]:
        """What became of each row; `Status.PENDING` where no store is done with it."""
        return self._statuses(*self.find(data.digests))

    def _statuses(self, part: IntArray, place: IntArray) -> npt.NDArray[np.uint8]:
        status = np.full(len(part), Status.PENDING, np.uint8)
        for number, store in enumerate(self.stores):
            own = part == number
            status[own] = store.column("status")[place[own]]
        return status

    def require_all(self, data: Dataset) -> None:
        """Refuse rows that no store holds."""
        self._refuse_missing(data, self.lacking(data))

    def _refuse_missing(self, data: Dataset, missing: IntArray) -> None:
        if not len(missing):
            return
        self.refuse_unfinished()
        raise DataError(
            f"the store lacks {len(missing):,} of {len(data):,} rows",
            where=str(self.stores[0].path),
            why=f"{data.where(int(missing[0]))} is the first",
            fix="add them with the command that made the store (`spanset features DATA ... "
            "--out STORE`), or give the data that it was made of",
        )

    def refuse_unfinished(self) -> None:
        """Refuse stores that are still to be filled."""
        for store in self.stores:
            if not store.complete:
                raise UsageError(
                    "the feature store is not finished",
                    where=str(store.path),
                    fix="run the command that makes it again; it goes on where it stopped",
                )

    def _unit_rows(self, part: IntArray, place: IntArray) -> npt.NDArray[np.float32]:
        X = ScratchRows((len(part), self.stores[0].dimension), np.float32)
        for number, store in enumerate(self.stores):
            own = np.flatnonzero(part == number)
            done = 0
            for places, values in store.read(place[own]):
                rows = own[done : done + len(places)]
                unit = unit_rows(values, np.float32, where=str(store.path), numbers=places)
                X.put(rows, unit)
                done += len(places)
        return X.done()

    def _column(self, names: Sequence[str], part: IntArray, place: IntArray) -> FloatArray | None:
        """Numbers of rows, where all stores that have them keep such, each by its own name."""
        values = np.empty(len(part))
        for number in np.unique(part).tolist():
            store, name = self.stores[number], names[number]
            if name not in store.columns:
                return None
            values[part == number] = store.column(name)[place[part == number]]
        return values


def without_unmade(data: Dataset, kept: IntArray, status: npt.NDArray[np.uint8]) -> Dataset:
    """The data less the rows that were not made, which are listed with the reason."""
    if len(kept) == len(data):
        return data
    left_out = np.setdiff1d(np.arange(len(data)), kept)
    return data.without(left_out, [Status(status[row]).reason for row in left_out])


def opened(path: str) -> Parts:
    """A store that the user named; rows that were added may be unfinished.

    Raises
    ------
    UsageError
        No store, one that is not finished, or only a shard; rows added with other settings.
    """
    root = FeatureStore(Path(path))
    stores = [root, *appended(root.path)]
    for store in stores:
        refuse_shard(store)
        refuse_difference(store, root.manifest, parts=("settings",))
    if not root.complete:
        Parts((root,)).refuse_unfinished()
    return Parts(tuple(stores))


def appended(path: Path) -> list[FeatureStore]:
    """The stores of rows that were added to one, in the order that they were."""
    found = [one for one in path.glob(f"{APPENDED}*") if one.is_dir() and number_of(one)]
    return [FeatureStore(one) for one in sorted(found, key=number_of)]


def number_of(path: Path) -> int:
    """Of an appended store, from 1; 0 for a folder that is none."""
    number = path.name.removeprefix(APPENDED)
    return int(number) if number.isdecimal() else 0


def refuse_shard(store: FeatureStore) -> None:
    """Refuse a part of a store that is still to be merged."""
    if store.manifest["shard"] is not None:
        number, count = store.manifest["shard"]
        raise UsageError(
            f"this is shard {number} of {count}",
            where=str(store.path),
            fix="join the shards first: spanset merge STORE",
        )
