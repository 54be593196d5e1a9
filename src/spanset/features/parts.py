"""Features that lie in several stores of the same settings: what is there is never made again.

A store is made for the rows that no other holds, and holds them for good. The user's cache has a
folder for all settings that were used, with a store for each time that rows were new; a store that
the user named keeps rows that came later in folders inside it (`appended-1` ...).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from spanset.data.dataset import Dataset
from spanset.errors import DataError, OutputError, UsageError
from spanset.features.cache import cache_folder
from spanset.features.digests import digest_of, positions
from spanset.features.making import (
    Maker,
    cost_line,
    describe,
    made_store,
    stored_bytes,
    tell,
    wanted_of,
)
from spanset.features.represented import Represented
from spanset.features.rows import unit_rows
from spanset.features.shards import Shard
from spanset.features.store import MADE, FeatureStore, Status
from spanset.features.store_checks import refuse_difference
from spanset.features.survey import require_some
from spanset.results import IntArray

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
            done = np.flatnonzero(store.column("status") != Status.PENDING)
            found = positions(np.asarray(store.column("rows")[done]), digests[lacking])
            hit = found >= 0
            part[lacking[hit]] = number
            place[lacking[hit]] = done[found[hit]]
        return part, place

    def represented(self, data: Dataset, digests: npt.NDArray[np.uint8]) -> Represented:
        """Unit rows of the data's rows; those without features are left out, with the reason.

        Raises
        ------
        DataError
            Rows that no store holds, or none that has features.
        """
        part, place = self.find(digests)
        missing = np.flatnonzero(part < 0)
        if len(missing):
            raise DataError(
                f"the store lacks {len(missing):,} of {len(data):,} rows",
                where=str(self.stores[0].path),
                why=f"{data.where(int(missing[0]))} is the first",
                fix="add them with the command that made the store (`spanset features DATA ... "
                "--out STORE`), or give the data that it was made of",
            )
        status = np.empty(len(data), np.uint8)
        for number, store in enumerate(self.stores):
            own = part == number
            status[own] = store.column("status")[place[own]]
        require_some(status, data)
        kept = np.flatnonzero(np.isin(status, MADE))
        X, lengths = (
            self._unit_rows(part[kept], place[kept]),
            self._lengths(part[kept], place[kept]),
        )
        if len(kept) == len(data):
            return Represented.whole(X, data, lengths)
        left_out = np.setdiff1d(np.arange(len(data)), kept)
        reasons = [Status(status[row]).reason for row in left_out]
        return Represented(X, data.without(left_out, reasons), kept, lengths)

    def _unit_rows(self, part: IntArray, place: IntArray) -> npt.NDArray[np.float32]:
        X = np.empty((len(part), self.stores[0].column("features").shape[1]), np.float32)
        for number, store in enumerate(self.stores):
            own = np.flatnonzero(part == number)
            done = 0
            for places, values in store.read(place[own]):
                rows = own[done : done + len(places)]
                X[rows] = unit_rows(values, np.float32, where=str(store.path), numbers=places)
                done += len(places)
        return X

    def _lengths(self, part: IntArray, place: IntArray) -> npt.NDArray[np.float64] | None:
        """Lengths of the rows before they were scaled, where the stores keep them."""
        if "norm" not in self.stores[0].columns:
            return None
        lengths = np.empty(len(part))
        for number, store in enumerate(self.stores):
            lengths[part == number] = store.column("norm")[place[part == number]]
        return lengths


def in_cache(maker: Maker, data: Dataset, digests: npt.NDArray[np.uint8]) -> Parts:
    """Features of these rows from the user's cache; what is not there is made and kept.

    Raises
    ------
    OutputError
        The cache cannot be written, and is needed.
    StoreBusyError
        Another process makes the same features.
    """
    folder = settings_folder(maker)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            "features cannot be kept in the cache",
            where=str(cache_folder()),
            why=error.strerror or str(error),
            fix="set XDG_CACHE_HOME to a folder that can be written, or keep them in one of your "
            "own: spanset features DATA ... --out STORE",
        ) from error
    try:
        return _completed(
            maker,
            data,
            digests,
            stores_in(folder),
            lambda rows: folder / digest_of(digests[rows])[:32],
        )
    finally:
        with suppress(OSError):
            folder.rmdir()  # where nothing came of it


def in_store(maker: Maker, data: Dataset, path: Path, shard: Shard | None = None) -> Parts:
    """Features of these rows in a store that the user named: made, gone on with, or added to.

    Raises
    ------
    UsageError
        A store of other settings, or an unfinished one of other rows.
    """
    digests = data.digests
    if shard is not None or not os.path.lexists(path):
        return Parts((made_store(maker, data, digests, path, shard),))
    wanted = wanted_of(maker, digests)
    stores = [FeatureStore(path), *appended(path)]
    for store in stores:
        refuse_shard(store)
        refuse_difference(store, wanted, parts=("settings",))
        if not store.complete and not _are_there(store, digests):
            refuse_difference(store, wanted)  # unfinished, and of other rows
    number = len(stores)
    return _completed(maker, data, digests, stores, lambda _: path / f"{APPENDED}{number}")


@dataclass(frozen=True)
class Planned:
    """What the features of some rows would take; nothing is made.

    Attributes
    ----------
    line : str
        In words.
    there, rows : int
        Rows whose features are in the cache, of how many.
    bytes : int
        On disk.
    seconds : float
        On this machine, about.
    """

    line: str
    there: int
    rows: int
    bytes: int
    seconds: float


def planned(maker: Maker, data: Dataset) -> Planned:
    """Look at the rows, and at what the cache has of them."""
    folder, n = settings_folder(maker), len(data)
    rows = lacking(Parts(tuple(stores_in(folder))), data.digests)
    if not len(rows):
        return Planned(f"nothing: all {n:,} rows are in {folder}", n, n, 0, 0.0)
    own = data if len(rows) == n else data[rows]
    seen = maker.survey(own, own.digests)
    line = cost_line(maker, seen, folder)
    if len(rows) < n:
        line += f"; {n - len(rows):,} of {n:,} rows are there already"
    size = stored_bytes(maker, len(rows))
    return Planned(line, n - len(rows), n, size, maker.seconds(own, seen))


def opened(path: str) -> Parts:
    """A finished store that the user named.

    Raises
    ------
    UsageError
        No store, one that is not finished, or only a shard.
    """
    stores = [FeatureStore(Path(path)), *appended(Path(path))]
    for store in stores:
        refuse_shard(store)
        if not store.complete:
            raise UsageError(
                "the feature store is not finished",
                where=str(store.path),
                fix="run the command that makes it again; it goes on where it stopped",
            )
    return Parts(tuple(stores))


def refuse_shard(store: FeatureStore) -> None:
    """Refuse a part of a store that is still to be merged."""
    if store.manifest["shard"] is not None:
        number, count = store.manifest["shard"]
        raise UsageError(
            f"this is shard {number} of {count}",
            where=str(store.path),
            fix="join the shards first: spanset merge STORE",
        )


def settings_folder(maker: Maker) -> Path:
    """Where the cache has features of these settings; a model's own name does not count."""
    settings = maker.settings()
    if "model" in settings:
        settings["model"] = settings["model"]["digest"]
    text = json.dumps(settings, sort_keys=True)
    return cache_folder() / hashlib.sha256(text.encode()).hexdigest()[:32]


def stores_in(folder: Path) -> list[FeatureStore]:
    """The stores in a folder of the cache, by name."""
    if not folder.is_dir():
        return []
    return [FeatureStore(path) for path in sorted(folder.iterdir()) if path.name[0] != "."]


def appended(path: Path) -> list[FeatureStore]:
    """The stores of rows that were added to one, in the order that they were."""
    found = [FeatureStore(one) for one in path.glob(f"{APPENDED}*") if one.is_dir()]
    return sorted(found, key=lambda store: int(store.path.name.removeprefix(APPENDED)))


def lacking(parts: Parts, digests: npt.NDArray[np.uint8]) -> IntArray:
    """Rows that no store is done with."""
    return np.flatnonzero(parts.find(digests)[0] < 0)


def _completed(
    maker: Maker,
    data: Dataset,
    digests: npt.NDArray[np.uint8],
    stores: list[FeatureStore],
    new: Callable[[IntArray], Path],
) -> Parts:
    """Finish stores of these rows that are not, then make one of the rows that none has."""
    for number, store in enumerate(stores):
        if not store.complete and _are_there(store, digests):
            own = np.array(store.column("rows"))
            rows = data[positions(digests, own)]
            stores[number] = made_store(maker, rows, own, store.path)
    parts = Parts(tuple(stores))
    rows = lacking(parts, digests)
    if not len(rows):
        for store in parts.stores:
            if _holds_some(store, digests):
                tell(maker, len(data), describe(store))
        return parts
    if len(rows) < len(data):
        there = len(data) - len(rows)
        maker.watcher.note(f"features: {there:,} of {len(data):,} rows are there already")
    own = data if len(rows) == len(data) else data[rows]
    made = made_store(maker, own, digests[rows], new(rows), is_alone=len(rows) == len(data))
    return Parts((*stores, made))


def _are_there(store: FeatureStore, digests: npt.NDArray[np.uint8]) -> bool:
    """Whether all rows of a store are among these."""
    return bool((positions(digests, np.array(store.column("rows"))) >= 0).all())


def _holds_some(store: FeatureStore, digests: npt.NDArray[np.uint8]) -> bool:
    return bool((positions(np.array(store.column("rows")), digests) >= 0).any())
