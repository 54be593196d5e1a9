"""Stores that nobody gave a place: in the user's cache, a folder for all of the same settings."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from spanset.base.errors import OutputError, SpansetError
from spanset.stores.store import FeatureStore


@dataclass(frozen=True)
class CachedStore:
    """One store: its folder, bytes on disk, and what it holds.

    Attributes
    ----------
    name : str
        Kind of features and the model's name; what is wrong with a folder that is no store.
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
    return [_look_at(path) for folder in _folders() for path in _stores(folder)]


def clear_cache() -> int:
    """Remove every store in the cache; the bytes that were freed."""
    freed = sum(store.bytes for store in cached_stores())
    for folder in _folders():
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            continue  # another process was faster
        except OSError as error:
            raise OutputError(
                "cannot remove a cached store",
                where=str(folder),
                why=error.strerror or str(error),
                fix="remove the folder yourself",
            ) from error
    return freed


def _folders() -> list[Path]:
    """A folder for all stores of the same settings."""
    folder = cache_folder()
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def _stores(folder: Path) -> list[Path]:
    """The stores in such a folder."""
    with suppress(FileNotFoundError):  # another process was faster
        return sorted(path for path in folder.iterdir() if path.is_dir())
    return []


def _look_at(path: Path) -> CachedStore:
    size = 0
    with suppress(FileNotFoundError):
        size = sum(file.stat().st_blocks * 512 for file in path.iterdir())
    try:
        manifest = FeatureStore(path).manifest
        settings = manifest["settings"]
        name = settings["kind"]
        if "model" in settings:
            name += f":{settings['model']['name']}"
        rows = int(manifest["data"]["rows"])
        return CachedStore(path, size, str(name), rows, bool(manifest["complete"]))
    except (SpansetError, KeyError, TypeError, ValueError):
        return CachedStore(path, size, "not a finished store", 0, is_complete=False)
