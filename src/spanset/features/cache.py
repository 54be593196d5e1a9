"""Stores that nobody gave a place: in the user's cache folder, named by their content."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from spanset.errors import OutputError, SpansetError
from spanset.features.store import FeatureStore


@dataclass(frozen=True)
class CachedStore:
    """One store: its folder, bytes on disk, and what it holds.

    Attributes
    ----------
    name : str
        The model's name; what is wrong with the folder where it is no store.
    rows : int
        Rows of the data it was made of.
    is_complete : bool
        Whether all of them are made.
    """

    path: Path
    bytes: int
    name: str
    rows: int
    is_complete: bool


def cache_folder() -> Path:
    """Where they lie; the environment's XDG_CACHE_HOME moves it on Linux."""
    return user_cache_path("spanset") / "stores"


def cached_stores() -> list[CachedStore]:
    """Every store in the cache, unfinished and damaged ones too."""
    folder = cache_folder()
    paths = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    return [_look_at(path) for path in paths]


def clear_cache() -> int:
    """Remove every store in the cache; the bytes that were freed."""
    stores = cached_stores()
    for store in stores:
        try:
            shutil.rmtree(store.path)
        except OSError as error:
            raise OutputError(
                "cannot remove a cached store",
                where=str(store.path),
                why=error.strerror or str(error),
                fix="remove the folder yourself",
            ) from error
    return sum(store.bytes for store in stores)


def _look_at(path: Path) -> CachedStore:
    size = sum(file.stat().st_blocks * 512 for file in path.iterdir())
    try:
        manifest = FeatureStore(path).manifest
        name, rows = str(manifest["settings"]["model"]["name"]), int(manifest["data"]["rows"])
        return CachedStore(path, size, name, rows, bool(manifest["complete"]))
    except (SpansetError, KeyError, TypeError, ValueError):
        return CachedStore(path, size, "not a finished store", 0, is_complete=False)
