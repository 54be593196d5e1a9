"""What is made and where it is kept: what a store of the same settings holds is not made again.

A store is made for the rows that no other holds, and holds them for good. The user's cache has a
folder for all settings that were used, with a store for each time that rows were new.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spanset.base.array_types import IntArray
from spanset.base.errors import OutputError, SpansetError, UsageError
from spanset.data.dataset import Dataset
from spanset.stores.checks import refuse_difference, refuse_place, refuse_pooling
from spanset.stores.digests import digest_of, positions
from spanset.stores.files import VERSION, StoreBusyError, wait_until_free
from spanset.stores.maker import Maker
from spanset.stores.making import cost_line, describe, made_store, stored_bytes, tell, wanted_of
from spanset.stores.parts import APPENDED, Parts, appended, number_of, refuse_shard
from spanset.stores.represented import Represented
from spanset.stores.shards import Shard
from spanset.stores.status import Status
from spanset.stores.store import FeatureStore
from spanset.stores.survey import require_representable
from spanset.stores.user_cache import cache_folder


def from_cache(maker: Maker, data: Dataset, *, on_bad_row: str = "skip") -> Represented:
    """Unit rows of the data's rows from the user's cache; as `in_cache`."""
    return in_cache(maker, data).represented(data, on_bad_row=on_bad_row)


def in_cache(maker: Maker, data: Dataset) -> Parts:
    """Stores in the user's cache that have all of the data's rows; what is not there is made.

    What takes passes of a model is made once: where another process is at it, its end is waited
    for, as two shards of one trial do.

    Raises
    ------
    OutputError
        The cache cannot be written.
    StoreBusyError
        Another process makes the same features, and they are quickly made.
    """
    while True:
        try:
            return _from_cache_now(maker, data)
        except StoreBusyError as busy:
            if maker.batch[0] != "tokens":
                raise
            maker.watcher.note(f"another process makes these features; waiting for {busy.folder}")
            wait_until_free(busy.folder)


def _from_cache_now(maker: Maker, data: Dataset) -> Parts:
    """As `in_cache`, without waiting."""
    folder = settings_folder(maker)
    stores, damaged = stores_in(folder)
    stores += _views(maker, folder)
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

    return _completed(maker, data, stores, new)


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
        if shard is not None and os.path.lexists(shard.folder(path)):
            refuse_pooling(FeatureStore(shard.folder(path)), maker.columns)
        parts = Parts((made_store(maker, data, path, shard),))
        if shard is None:  # some kinds find out only when they make a row
            require_representable(parts.statuses(data), data)
        return parts
    wanted = wanted_of(maker, data.digests)
    stores = [FeatureStore(path), *appended(path)]
    for store in stores:
        refuse_shard(store)
        refuse_difference(store, wanted, parts=("settings",))
        refuse_pooling(store, maker.columns)
        if not store.complete and not _are_there(store, data):
            refuse_difference(store, wanted)  # unfinished, and of other rows
    number = 1 + max([0, *(number_of(store.path) for store in stores[1:])])
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
    parts = Parts((*stores_in(folder)[0], *_views(maker, folder)))
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


def _views(maker: Maker, own: Path) -> list[FeatureStore]:
    """What stores of other kinds in the cache hold of these features."""
    cache = cache_folder()
    folders = sorted(cache.iterdir()) if cache.is_dir() else []
    views: list[FeatureStore] = []
    for folder in folders:
        if folder == own:
            continue
        for store in stores_in(folder)[0]:
            view = maker.view(store)
            if view is not None:  # one store may keep less than the next, with the same settings
                views.append(view)
    return views


def _completed(
    maker: Maker, data: Dataset, stores: list[FeatureStore], new: Callable[[IntArray], Path]
) -> Parts:
    """Finish stores of these rows that are not, then make one of the rows that none has."""
    for number, store in enumerate(stores):
        is_own = store.vectors == "features"  # not part of a store that another kind completes
        if is_own and not store.complete and _are_there(store, data):
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
