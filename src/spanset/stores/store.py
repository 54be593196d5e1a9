"""The feature store: a folder of plain arrays that grows batch by batch and survives any kill.

    manifest.json    settings, rows' digest, batch plan, machines; complete: true is written last
    features.npy     (N, d) float16 unit rows; rows that could not be made are zeros
    status.npy       (N,) uint8, see `Status`
    rows.npy         (N, 16) uint8, digest of each row's conversation
    place.npy        in a shard: the rows that features.npy holds, (n,) int64

and, where the kind of features has them, which the manifest's `columns` says:

    tokens.npy       (N,) int32, tokens of the row as it went through the model
    supervised.npy   (N,) int32, of these, supervised; of a pair, on the side that is scored
    norm.npy         (N,) float32, length of the row before it was scaled to one; of a gradient,
                     that of the summed loss
    loss.npy         (N,) float32, cross-entropy summed over the supervised tokens, nats
    el2n.npy         (N,) float32, mean over the supervised tokens, see `token_scores`
    margin.npy       (N,) float32, likewise, nats
    hidden.npy       (N, w) float16 unit rows, hidden states beside gradients: means
    hidden_norm.npy  (N,) float32, their lengths before; of other poolings hidden_weighted.npy or
                     hidden_last.npy, and their lengths likewise

and the arrays of `state`, which say how the features of further rows are made.

Everything is preallocated, on disk too, so that a full disk shows at the start. Values are written
in place; a row's status is written only after its values are safe on disk. Whatever moment a run is
killed at, the rows of a batch that lack a status are made again from the same batch, to the same
bytes. Readable with numpy alone.
"""

from __future__ import annotations

import mmap
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import RLock
from time import monotonic
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray
from spanset.base.errors import SpansetError
from spanset.stores.columns import ALWAYS, COUNTED, HELD, Entry
from spanset.stores.files import (
    VERSION,
    Column,
    allocate,
    broken,
    cannot_write,
    locked,
    read_manifest,
    write_manifest,
)
from spanset.stores.status import MADE, Status

STEP = 8192  # rows read at once
SYNC_EVERY = 5.0  # seconds between statuses: what a kill costs at most, and little to wait for


class FeatureStore:
    """An open store.

    Attributes
    ----------
    path : Path
        Its folder.
    manifest : dict
        As in manifest.json.
    place : (n,) int64 or None
        In a shard: the rows that it holds features of.
    vectors, lengths : str
        The columns that are its features, and their lengths before they were scaled.
    is_last_word : bool
        Whether rows that it has no features of are known to have none.
    """

    def __init__(
        self,
        path: Path,
        vectors: str = "features",
        lengths: str = "norm",
        *,
        is_last_word: bool = True,
    ) -> None:
        self.path, self.vectors, self.lengths = path, vectors, lengths
        self.is_last_word = is_last_word
        self.manifest = read_manifest(path)
        self.place: IntArray | None = None
        if self.manifest["shard"] is not None:
            self.place = np.array(self.column("place"))
        self._check()
        self._files: dict[str, Column] = {}
        self._unsynced: list[tuple[IntArray, npt.NDArray[np.uint8]]] = []
        self._synced = monotonic()
        self._lock = RLock()  # one may write while another makes safe what is there

    def column(self, name: str) -> npt.NDArray[Any]:
        """A column as it is on disk."""
        try:
            return np.load(self.path / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise broken(self.path, f"{name}.npy: {error}") from error

    def _check(self) -> None:
        """Refuse files that are missing, cut off, or of other shapes."""
        n = self.manifest["data"]["rows"]
        held = n if self.place is None else len(self.place)
        shapes = {
            name: (held if name in HELD else n, *shape) for name, (_, shape) in self.columns.items()
        }
        for name, shape in {"features": (held,), **shapes}.items():
            have = self.column(name).shape
            if have[: len(shape)] != shape:
                raise broken(self.path, f"{name}.npy has shape {have}, {shape} is expected")

    @property
    def columns(self) -> dict[str, Entry]:
        """Type and shape of one row's entry in each column but the features."""
        return ALWAYS | _entries(self.manifest)

    @property
    def dimension(self) -> int:
        """Columns of its features."""
        return int(self.column(self.vectors).shape[1])

    @property
    def complete(self) -> bool:
        """Whether every row has its final status."""
        return bool(self.manifest["complete"])

    @property
    def made(self) -> tuple[str, ...]:
        """Columns that are made with the features; the others are known from the start."""
        return tuple(name for name in _entries(self.manifest) if name not in COUNTED)

    def done(self) -> IntArray:
        """Rows whose fate is known: made, or never to be."""
        status = self.column("status")
        if not self.is_last_word:
            return np.flatnonzero(np.isin(status, MADE))
        return np.flatnonzero(status != Status.PENDING)

    @property
    def rows_done(self) -> int:
        """Rows with a final status, made or not."""
        return int((self.column("status") != Status.PENDING).sum())

    def read(self, places: IntArray) -> Iterator[tuple[IntArray, npt.NDArray[Any]]]:
        """Features at these places as they are stored, `STEP` rows at a time, with their places.

        Pages of the file are let go of after each step: they would count as this process's memory.
        """
        stored: Any = self.column(self.vectors)
        for start in range(0, len(places), STEP):
            some = places[start : start + STEP]
            first, last = int(some[0]), int(some[-1])
            if last - first + 1 == len(some) and (np.diff(some) == 1).all():
                yield some, np.array(stored[first : last + 1])
            else:
                yield some, stored[some]
            stored._mmap.madvise(mmap.MADV_DONTNEED)

    @contextmanager
    def writing(self) -> Iterator[FeatureStore]:
        """Hold the store for writing; what is done is safe when the block ends, however it ends."""
        with ExitStack() as stack:
            stack.enter_context(locked(self.path))
            self.manifest = read_manifest(self.path)  # another process may have had it before
            for name in ("features", "status", *self.made):
                self.column(name)  # an error in our own words, if it is damaged
                try:
                    self._files[name] = stack.enter_context(Column(self.path / f"{name}.npy"))
                except OSError as error:
                    raise cannot_write(self.path, error) from error
            try:
                yield self
            except SpansetError:  # some are kinds of OSError, and have their message already
                with suppress(OSError):
                    self.sync()
                raise
            except OSError as error:
                with suppress(OSError):
                    self.sync()
                raise cannot_write(self.path, error) from error
            except BaseException:
                with suppress(OSError):
                    self.sync()
                raise
            try:
                self.sync()
            except OSError as error:
                raise cannot_write(self.path, error) from error

    def put(
        self,
        rows: IntArray,
        features: npt.NDArray[np.float32],
        status: npt.NDArray[np.uint8],
        **values: npt.NDArray[Any],
    ) -> None:
        """Write finished rows: features (b, d), and a value (b, ...) for each of `made`."""
        places = rows if self.place is None else np.searchsorted(self.place, rows)
        with self._lock:
            self._files["features"].put(places, features)
            for name in self.made:
                self._files[name].put(places if name in HELD else rows, values[name])
            self._unsynced.append((rows, status))
            if monotonic() - self._synced > SYNC_EVERY:
                self.sync()

    def put_column(self, name: str, rows: IntArray, values: npt.NDArray[Any]) -> None:
        """Write entries of rows whose statuses are there already."""
        self._files[name].put(rows, values)

    def sync(self) -> None:
        """Make what was put safe, then let the statuses say so."""
        with self._lock:
            for name in ("features", *self.made):
                self._files[name].sync()
            for rows, status in self._unsynced:
                self._files["status"].put(rows, status)
            self._files["status"].sync()
            self._unsynced.clear()
            self._synced = monotonic()

    def update(self, **changes: Any) -> None:
        """Change entries of the manifest, all at once."""
        try:
            write_manifest(self.path, {**self.manifest, **changes})
            self.manifest = {**self.manifest, **changes}
        except OSError as error:
            raise cannot_write(self.path, error) from error


def create_store(
    path: Path,
    manifest: Mapping[str, Any],
    *,
    dimension: int,
    dtype: str,
    columns: Mapping[str, npt.NDArray[Any]],
    state: Mapping[str, npt.NDArray[Any]] | None = None,
    place: IntArray | None = None,
) -> FeatureStore:
    """Make a store with room for all rows, in one step: it is there whole, or not at all.

    Parameters
    ----------
    manifest : mapping
        Settings and the like; `columns` gives the optional ones; `complete` is set to false.
    dimension, dtype
        Of the features.
    columns : mapping
        What is known of every row already: status, rows, tokens, supervised.
    state : mapping, optional
        Arrays that the features of further rows depend on.
    place : (n,) int64, optional
        For a shard, the rows that it will make.
    """
    partial = path.with_name(f".{path.name}.partial")
    n = len(columns["status"])
    try:
        partial.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error
    with locked(partial):
        try:
            if path.exists():  # another process was faster
                with suppress(OSError):
                    partial.rmdir()
                return FeatureStore(path)
            for file in partial.iterdir():
                file.unlink()
            held = n if place is None else len(place)
            allocate(partial / "features.npy", (held, dimension), dtype)
            for name, (kind, shape) in (ALWAYS | _entries(manifest)).items():
                if name in columns:
                    np.save(partial / f"{name}.npy", columns[name].astype(kind))
                else:
                    allocate(partial / f"{name}.npy", (held if name in HELD else n, *shape), kind)
            for name, array in (state or {}).items():
                np.save(partial / f"{name}.npy", array)
            if place is not None:
                np.save(partial / "place.npy", place)
            entries = {**manifest, "state": sorted(state or {}), "complete": False}
            write_manifest(partial, {"format": VERSION, **entries})
            partial.rename(path)
        except OSError as error:
            shutil.rmtree(partial, ignore_errors=True)
            raise error if isinstance(error, SpansetError) else cannot_write(path, error) from error
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    return FeatureStore(path)


def _entries(manifest: Mapping[str, Any]) -> dict[str, Entry]:
    """The optional columns, as a manifest has them."""
    return {name: (kind, tuple(shape)) for name, (kind, shape) in manifest["columns"].items()}
