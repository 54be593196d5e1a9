"""A store made, or gone on with: the same for every kind of features.

    survey -> plan batches -> make them, one after the other -> complete

Rows with the same conversation are made once. Batches are fixed by the store's plan, so that what
it holds is the same to the last byte however often making it was interrupted.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray
from spanset.data.dataset import Dataset
from spanset.stores.batches import plan_batches
from spanset.stores.checks import refuse_difference
from spanset.stores.digests import Copies, digest_of, first_rows, is_first
from spanset.stores.maker import Job, Maker, Sink
from spanset.stores.shards import Shard
from spanset.stores.status import MADE, Status
from spanset.stores.store import FeatureStore, create_store
from spanset.stores.survey import Cost, Survey, require_representable

STORED = "float16"  # unit rows lose 3e-4 of their length to it
WORTH_SAYING = 2**26  # bytes
KNOWN = (  # before anything is made
    Status.NOT_SUPERVISED,
    Status.NOT_RENDERED,
    Status.NO_TEXT,
    Status.SAME_SIDES,
    Status.NOT_A_PAIR,
)


def wanted_of(maker: Maker, digests: npt.NDArray[np.uint8]) -> dict[str, Any]:
    """What a store of these rows must be made with and of."""
    return {
        "settings": maker.settings(),
        "data": {"rows": len(digests), "digest": digest_of(digests)},
    }


def made_store(
    maker: Maker,
    data: Dataset,
    path: Path,
    shard: Shard | None = None,
    *,
    is_alone: bool = True,
) -> FeatureStore:
    """The finished store of these rows in this folder: made, gone on with, or found.

    Parameters
    ----------
    shard : Shard, optional
        Make only a part, in a folder beside.
    is_alone : bool
        Whether these are all of the rows: then one at least must be possible to represent.
    """
    wanted = wanted_of(maker, data.digests)
    if shard is not None:
        path = shard.folder(path)
    if os.path.lexists(path):
        store = FeatureStore(path)
        refuse_difference(store, wanted)
        tell(maker, len(data), describe(store))
    else:
        seen = maker.survey(data)
        if is_alone:
            require_representable(seen.status, data)
        tell(maker, len(data), cost_line(maker, seen, path))
        maker.prepare()  # a model that cannot be used leaves no store behind
        store = _create(maker, seen, path, shard, wanted)
        refuse_difference(store, wanted)  # another process may have made it meanwhile
    if not store.complete:
        _fill(maker, store, data)
    return store


def tell(maker: Maker, rows: int, line: str) -> None:
    """Say what is made or found, unless it needs no passes of a model and little room."""
    if maker.batch[0] == "tokens" or stored_bytes(maker, rows) > WORTH_SAYING:
        what = "answers without prompts" if maker.settings()["kind"] == "answer" else "features"
        maker.watcher.note(f"{what}: {line}")


def cost_line(maker: Maker, seen: Survey, path: Path) -> str:
    """What is to be made, in a line."""
    size = stored_bytes(maker, len(seen.first))
    return f"{seen.cost}; {size / 2**20:,.0f} MiB in {path}"


def stored_bytes(maker: Maker, rows: int) -> int:
    """Bytes that the features of so many rows take on disk, with hidden states beside them."""
    of_features = maker.dimension * np.dtype(STORED).itemsize
    entries = (np.dtype(kind).itemsize * prod(shape) for kind, shape in maker.columns.values())
    return rows * (of_features + sum(entries))


def describe(store: FeatureStore) -> str:
    """What a store holds, in a line."""
    size = sum(store.column(name).nbytes for name in ("features", *store.columns))
    state = "complete" if store.complete else f"{store.rows_done:,} rows done"
    cost = Cost(**store.manifest["cost"])
    return f"{cost}; {size / 2**20:,.0f} MiB, {state}, in {store.path}"


def put_rows(
    sink: Sink,
    rows: IntArray,
    vectors: npt.NDArray[Any],
    status: npt.NDArray[np.uint8] | None = None,
    **values: npt.NDArray[Any],
) -> None:
    """Write a batch: unit rows, lengths, statuses.

    Parameters
    ----------
    vectors : (b, d)
        Before they are scaled to length one.
    status : (b,) uint8, optional
        Of rows that can be made, `Status.OK` by default.
    values : (b,)
        Further columns.
    """
    unit, norms = scaled(vectors)
    if status is None:
        status = np.full(len(rows), Status.OK, np.uint8)
    status = status_of(norms, status)
    columns = {"norm": norms, **values}
    sink.put(rows, unit, status, **{name: columns[name] for name in sink.made})


def status_of(
    norms: npt.NDArray[np.float64], status: npt.NDArray[np.uint8]
) -> npt.NDArray[np.uint8]:
    """What became of rows (b,), with those among the made whose vectors are no direction."""
    is_made = np.isin(status, MADE)
    status = np.where(is_made & (norms == 0.0), np.uint8(Status.ZERO), status)
    status[is_made & ~np.isfinite(norms)] = Status.NON_FINITE
    return status.astype(np.uint8)


def scaled(vectors: npt.NDArray[Any]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """Rows (b, d) at length one, zeros where a length is zero or not finite; the lengths (b,)."""
    doubled = vectors.astype(np.float64, copy=False)
    norms = np.linalg.norm(doubled, axis=1)
    made = (norms > 0.0) & np.isfinite(norms)
    if not made.all():
        doubled = np.where(made[:, None], doubled, 0.0)
    return (doubled / np.where(made, norms, 1.0)[:, None]).astype(np.float32), norms


def _create(
    maker: Maker, seen: Survey, path: Path, shard: Shard | None, wanted: Mapping[str, Any]
) -> FeatureStore:
    """Plan the batches, make room."""
    unit, budget = maker.batch
    place = None
    if shard is not None:
        batches = _batches(seen.first, seen.status, seen.columns.get("tokens"), budget)
        own = [batches[number] for number in shard.own(len(batches))]
        rows = np.concatenate([np.array([], np.int64), *own])
        place = Copies(seen.first).of(rows)[0]
    manifest = {
        **wanted,
        "columns": maker.columns,
        "plan": {f"batch_{unit}": budget},
        "cost": seen.cost.record(),
        "shard": None if shard is None else [shard.number, shard.count],
        "machines": [],
        "self_check": None,
        "splits": [],
    }
    return create_store(
        path,
        manifest,
        dimension=maker.dimension,
        dtype=STORED,
        columns={"status": seen.status, "rows": seen.digests, **seen.columns},
        state=maker.state(),
        place=place,
    )


@dataclass(frozen=True)
class _Copying:
    """A store that gives what is put to every row with the same conversation."""

    store: FeatureStore
    copies: Copies

    @property
    def manifest(self) -> dict[str, Any]:
        return self.store.manifest

    @property
    def made(self) -> tuple[str, ...]:
        return self.store.made

    def column(self, name: str) -> npt.NDArray[Any]:
        return self.store.column(name)

    def put(
        self,
        rows: IntArray,
        features: npt.NDArray[np.float32],
        status: npt.NDArray[np.uint8],
        **values: npt.NDArray[Any],
    ) -> None:
        members, of = self.copies.of(rows)
        columns = {name: column[of] for name, column in values.items()}
        self.store.put(members, features[of], status[of], **columns)

    def update(self, **changes: Any) -> None:
        self.store.update(**changes)


def _fill(maker: Maker, store: FeatureStore, data: Dataset) -> None:
    """Make what is missing."""
    with store.writing():
        first = first_rows(np.array(store.column("rows")))
        status = np.array(store.column("status"))
        excluded = np.where(np.isin(status, KNOWN), status, Status.PENDING)
        tokens = np.array(store.column("tokens")) if "tokens" in store.columns else None
        (budget,) = store.manifest["plan"].values()
        batches = _batches(first, excluded, tokens, budget)
        shard = store.manifest["shard"]
        own = range(len(batches)) if shard is None else Shard(*shard).own(len(batches))
        is_lacking = np.zeros(len(first), bool)
        is_lacking[first[status == Status.PENDING]] = True  # or a copy of theirs is
        pending = [number for number in own if is_lacking[batches[number]].any()]
        if pending:
            here = maker.machine()
            if here not in store.manifest["machines"]:
                store.update(machines=[*store.manifest["machines"], here])
            try:
                job = Job(
                    data,
                    {number: batches[number] for number in pending},
                    batches[len(batches) // 2],
                )
                maker.fill(job, _Copying(store, Copies(first)))
            except KeyboardInterrupt:
                store.sync()
                maker.watcher.note(
                    f"{store.rows_done:,} rows are kept in {store.path}; the same command "
                    "goes on from there"
                )
                raise
    store.update(complete=True)


def _batches(
    first: IntArray, status: npt.NDArray[Any], tokens: npt.NDArray[Any] | None, budget: int
) -> list[IntArray]:
    """Batches of the distinct rows that can be made, within so many tokens, or rows."""
    rows = np.flatnonzero(is_first(first) & (status == Status.PENDING))
    lengths = np.ones(len(rows), np.int64) if tokens is None else tokens[rows].astype(np.int64)
    return plan_batches(rows, lengths, budget)
