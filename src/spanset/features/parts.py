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
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from spanset.data.dataset import Dataset
from spanset.errors import DataError, OutputError, SpansetError, UsageError
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
from spanset.features.store_checks import refuse_difference, refuse_place
from spanset.features.store_files import VERSION
from spanset.features.survey import require_representable
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
        lengths = self._lengths(part[kept], place[kept])
        if len(kept) == len(data):
            return Represented.whole(X, data, lengths)
        left_out = np.setdiff1d(np.arange(len(data)), kept)
        reasons = [Status(status[row]).reason for row in left_out]
        return Represented(X, data.without(left_out, reasons), kept, lengths)

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


def from_cache(maker: Maker, data: Dataset, *, on_bad_row: str = "skip") -> Represented:
    """Unit rows of the data's rows from the user's cache; what is not there is made and kept.

    Raises
    ------
    OutputError
        The cache cannot be written.
    StoreBusyError
        Another process makes the same features.
    """
    folder = settings_folder(maker)
    stores, damaged = stores_in(folder)
    for path in damaged:
        maker.watcher.note(
            f"warning: features in {path} cannot be read and are made again; "
            "`spanset cache --clear` removes them"
        )

    def new(rows: IntArray) -> Path:
        _require_cache(folder)
        name = digest_of(data.digests[rows])[:32]
        while folder / name in damaged:
            name += "-again"
        return folder / name

    return _completed(maker, data, stores, new).represented(data, on_bad_row=on_bad_row)


def _require_cache(folder: Path) -> None:
    """Refuse a cache that cannot be written before any work."""
    cache, why = cache_folder(), ""
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = error.strerror or str(error)
    for place in (cache, folder):
        if place.is_dir() and not os.access(place, os.W_OK):
            why = f"no permission to write in {place}"
    if why:
        raise OutputError(
            "features cannot be kept in the cache",
            where=str(cache),
            why=why,
            fix="set XDG_CACHE_HOME to a folder that can be written, or keep them in one of your "
            "own: spanset features DATA ... --out STORE",
        )


def in_store(maker: Maker, data: Dataset, path: Path, shard: Shard | None = None) -> Parts:
    """Features of these rows in a store that the user named: made, gone on with, or added to.

    Raises
    ------
    UsageError
        A store of other settings, or an unfinished one of other rows.
    """
    is_new = not os.path.lexists(path)
    if is_new:
        refuse_place(path)
    elif shard is not None and not os.path.lexists(shard.folder(path)):
        raise UsageError(
            "the store exists already",
            where=str(path),
            why="shards are joined to a new store",
            fix="leave out --shard to add rows to it, or name another",
        )
    if is_new or shard is not None:
        return Parts((made_store(maker, data, path, shard),))
    wanted = wanted_of(maker, data.digests)
    stores = [FeatureStore(path), *appended(path)]
    for store in stores:
        refuse_shard(store)
        refuse_difference(store, wanted, parts=("settings",))
        if not store.complete and not _are_there(store, data):
            refuse_difference(store, wanted)  # unfinished, and of other rows
    number = 1 + max([0, *(_number(store.path) for store in stores[1:])])
    parts = _completed(maker, data, stores, lambda _: path / f"{APPENDED}{number}")
    require_representable(parts.statuses(data), data)
    return parts


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


def planned(maker: Maker, data: Dataset, *, on_bad_row: str = "skip") -> Planned:
    """Look at the rows, and at what the cache has of them.

    Raises
    ------
    DataError
        Rows that the run would refuse.
    """
    folder, n = settings_folder(maker), len(data)
    parts = Parts(tuple(stores_in(folder)[0]))
    status = parts.statuses(data)
    rows = np.flatnonzero(status == Status.PENDING)
    if not len(rows):
        require_representable(status, data, on_bad_row=on_bad_row)
        return Planned(f"nothing: all {n:,} rows are in {folder}", n, n, 0, 0.0)
    own = data if len(rows) == n else data[rows]
    seen = maker.survey(own)
    status[rows] = seen.status
    require_representable(status, data, on_bad_row=on_bad_row)
    line = cost_line(maker, seen, folder)
    if len(rows) < n:
        line += f"; {n - len(rows):,} of {n:,} rows are there already"
    is_any = (seen.status == Status.PENDING).any()
    seconds = maker.seconds(own, seen) if is_any else 0.0
    return Planned(line, n - len(rows), n, stored_bytes(maker, len(rows)), seconds)


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
    settings = dict(maker.settings())
    if "model" in settings:
        settings["model"] = settings["model"]["digest"]
    text = json.dumps([VERSION, settings], sort_keys=True)
    return cache_folder() / hashlib.sha256(text.encode()).hexdigest()[:32]


def stores_in(folder: Path) -> tuple[list[FeatureStore], list[Path]]:
    """The stores in a folder of the cache, by name; and those that cannot be read."""
    stores: list[FeatureStore] = []
    damaged: list[Path] = []
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    for path in found:
        if path.is_dir() and path.name[0] != ".":
            try:
                stores.append(FeatureStore(path))
            except SpansetError:
                damaged.append(path)
    return stores, damaged


def appended(path: Path) -> list[FeatureStore]:
    """The stores of rows that were added to one, in the order that they were."""
    found = [one for one in path.glob(f"{APPENDED}*") if one.is_dir() and _number(one)]
    return [FeatureStore(one) for one in sorted(found, key=_number)]


def _number(path: Path) -> int:
    """Of an appended store, from 1; 0 for a folder that is none."""
    number = path.name.removeprefix(APPENDED)
    return int(number) if number.isdecimal() else 0


def _completed(
    maker: Maker, data: Dataset, stores: list[FeatureStore], new: Callable[[IntArray], Path]
) -> Parts:
    """Finish stores of these rows that are not, then make one of the rows that none has."""
    for number, store in enumerate(stores):
        if not store.complete and _are_there(store, data):
            own = data[positions(data.digests, np.array(store.column("rows")))]
            others = Parts((*stores[:number], *stores[number + 1 :]))
            pending = own[store.column("status") == Status.PENDING]
            if len(others.lacking(pending)) == len(pending):  # else a part of it would be twice
                stores[number] = made_store(maker, own, store.path)
    parts = Parts(tuple(stores))
    part, _ = parts.find(data.digests)
    rows = np.flatnonzero(part < 0)
    if not len(rows):
        for number in np.unique(part):
            tell(maker, len(data), describe(stores[number]))
        return parts
    if len(rows) < len(data):
        there = len(data) - len(rows)
        maker.watcher.note(f"features: {there:,} of {len(data):,} rows are there already")
    own = data if len(rows) == len(data) else data[rows]
    made = made_store(maker, own, new(rows), is_alone=len(rows) == len(data))
    return Parts((*stores, made))


def _are_there(store: FeatureStore, data: Dataset) -> bool:
    """Whether all rows of a store are among these."""
    return bool((positions(data.digests, np.array(store.column("rows"))) >= 0).all())
