"""A store made in parts by several processes, and joined.

Shard i of n takes every n-th batch of the plan, which is the same for all: no process need know of
the others, and together they make the bytes that one alone would.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.errors import UsageError
from spanset.stores.checks import refuse_difference, refuse_place
from spanset.stores.columns import HELD
from spanset.stores.files import cannot_write
from spanset.stores.status import Status
from spanset.stores.store import FeatureStore, create_store

ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class Shard:
    """Part `number` of `count` of the batches, from 1."""

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """From ``i/n``."""
        number, mark, count = text.partition("/")
        is_written = mark and number.isdecimal() and count.isdecimal()
        if not is_written or not 1 <= int(number) <= int(count):
            raise UsageError(
                f"no shard {text!r}", where="--shard", fix="write 1/4 for the first of four"
            )
        return cls(int(number), int(count))

    def folder(self, store: Path) -> Path:
        """Where the shard of a store lies until it is merged."""
        return store.with_name(f"{store.name}.{self.number}-of-{self.count}")

    def own(self, batches: int) -> range:
        """Numbers of the shard's batches."""
        return range(self.number - 1, batches, self.count)


def merge_shards(path: Path) -> FeatureStore:
    """Join the finished shards beside `path`: the same bytes as one run would have made.

    Raises
    ------
    UsageError
        No shards, one that is missing or unfinished, or shards of different runs.
    """
    refuse_place(path)
    if path.exists():
        raise UsageError(
            "the store exists already", where=str(path), fix="remove it, or name another"
        )
    shards = _shards(path)
    first = shards[0]
    _require_alike(shards)
    held = [name for name in HELD if name == "features" or name in first.columns]
    stored = first.column("features")
    # Under another name until its features are there: its statuses are from the start.
    merging = path.with_name(f".{path.name}.merging")
    shutil.rmtree(merging, ignore_errors=True)
    merged = create_store(
        merging,
        _manifest(shards),
        dimension=stored.shape[1],
        dtype=stored.dtype.str,
        columns=_columns(shards, held),
        state={name: np.array(first.column(name)) for name in first.manifest["state"]},
    )
    with merged.writing():
        for store, name in product(shards, held):
            stored, place = store.column(name), np.asarray(store.place)
            for start in range(0, len(stored), ROWS_AT_ONCE):
                rows = slice(start, start + ROWS_AT_ONCE)
                merged.put_column(name, place[rows], stored[rows])
    merged.update(complete=True)
    try:
        merging.rename(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    return FeatureStore(path)


def _require_alike(shards: Sequence[FeatureStore]) -> None:
    """Refuse shards of other stores, and unfinished ones."""
    for store in shards:
        refuse_difference(store, shards[0].manifest, parts=("settings", "data", "plan", "columns"))
        if not store.complete:
            raise UsageError(
                "the shard is not finished",
                where=str(store.path),
                fix="run its command again; it goes on where it stopped",
            )


def _columns(shards: Sequence[FeatureStore], held: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    """What every shard has of all rows, each row's from the shard that made it."""
    first = shards[0]
    columns = {name: np.array(first.column(name)) for name in first.columns if name not in held}
    for store in shards[1:]:
        own = np.flatnonzero(store.column("status") != Status.PENDING)
        for name in {"status", *first.made} - set(held):
            columns[name][own] = store.column(name)[own]
    return columns


def _manifest(shards: Sequence[FeatureStore]) -> dict[str, Any]:
    """The first's, with what happened in all of them."""
    manifests = [store.manifest for store in shards]
    machines: list[Any] = []
    for one in manifests:
        machines += [machine for machine in one["machines"] if machine not in machines]
    checks = [one["self_check"] for one in manifests if one["self_check"]]
    return {
        **manifests[0],
        "shard": None,
        "machines": machines,
        "splits": sorted(split for one in manifests for split in one["splits"]),
        "self_check": checks[0] if checks else None,
    }


def _shards(path: Path) -> list[FeatureStore]:
    """The shards beside a store's folder, in order; all of them."""
    name = re.compile(re.escape(path.name) + r"\.\d+-of-\d+")
    found = sorted(one for one in path.parent.iterdir() if name.fullmatch(one.name))
    if not found:
        raise UsageError(
            "there are no shards",
            where=str(path),
            why=f"nothing is named {path.name}.1-of-N",
            fix="make them with `spanset features DATA --model M --out STORE --shard 1/2` and 2/2",
        )
    shards = sorted((FeatureStore(one) for one in found), key=lambda s: s.manifest["shard"] or [])
    for store in shards:
        shard = store.manifest["shard"]
        if shard is None or Shard(*shard).folder(path).name != store.path.name:
            raise UsageError(
                "the folder is not the shard that its name says",
                where=str(store.path),
                fix="remove or rename it",
            )
    counts = {store.manifest["shard"][1] for store in shards}
    if len(counts) != 1:
        raise UsageError(
            "shards of different runs lie beside the store",
            where=str(path),
            why=", ".join(one.name for one in found),
            fix="remove those that do not belong together",
        )
    count = counts.pop()
    missing = set(range(1, count + 1)) - {store.manifest["shard"][0] for store in shards}
    if missing:
        raise UsageError(
            f"of {count} shards {len(missing)} are missing",
            where=str(path),
            why=f"there is no {Shard(min(missing), count).folder(path)}",
            fix=f"make it with --shard {min(missing)}/{count}",
        )
    return shards
