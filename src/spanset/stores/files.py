"""The files of a feature store: arrays written in place, the manifest, the lock, and the errors."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray
from spanset.base.disk_space import FULL, reserve, write_rows
from spanset.base.errors import DataError, OutputError, UsageError

VERSION = 4  # of the store's form
ENTRIES = ("settings", "data", "columns", "state", "plan", "cost", "shard", "machines")
ENTRIES += ("self_check", "splits")


class StoreBusyError(UsageError):
    """Another process writes the store in this folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            "another process is writing this store",
            where=str(folder),
            fix="wait for it; a store that you name can be made in parts, side by side, with "
            "`spanset features ... --shard i/n`",
        )
        self.folder = folder


class Column:
    """A .npy file whose rows are written in place, by plain writes.

    Not by a memory map: a full disk would kill the process instead of raising an error.
    """

    def __init__(self, path: Path) -> None:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        self._dtype = array.dtype
        self._offset = int(array.offset)  # pyright: ignore[reportAttributeAccessIssue]
        self._file = os.open(path, os.O_WRONLY)

    def __enter__(self) -> Column:
        return self

    def __exit__(self, *_: object) -> None:
        # A thread that still has something to write must not write it to the next file opened.
        file, self._file = self._file, -1
        os.close(file)

    def put(self, rows: IntArray, values: npt.NDArray[Any]) -> None:
        """Write one value a row."""
        with np.errstate(over="ignore"):  # beyond float16: never for unit rows
            kept = np.ascontiguousarray(values, dtype=self._dtype)
        write_rows(self._file, self._offset, rows, kept)

    def sync(self) -> None:
        """Wait until it is on disk."""
        os.fsync(self._file)


def allocate(path: Path, shape: tuple[int, ...], dtype: str) -> None:
    """A .npy file of zeros whose space is taken on disk now, not while the model runs."""
    array = np.lib.format.open_memmap(path, mode="w+", dtype=np.dtype(dtype), shape=shape)
    del array
    with path.open("r+b") as file:
        reserve(file.fileno(), os.fstat(file.fileno()).st_size)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes from writing the same folder."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreBusyError(folder) from error
        except OSError:
            pass  # a file system without locks: the user must take care
        yield
    finally:
        os.close(handle)


def wait_until_free(folder: Path, *, seconds: float = 0.5) -> None:
    """Return when no other process writes the folder; it is looked at every so many seconds."""
    while True:
        try:
            with locked(folder):
                return
        except StoreBusyError:
            sleep(seconds)
        except FileNotFoundError:
            return  # finished and renamed, or given up


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of a store; refuses what is none."""
    try:
        manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UsageError(
            "not a feature store" if path.exists() else "there is no such feature store",
            where=str(path),
            why="it holds no manifest.json" if path.exists() else "",
            fix="name another folder, or make one: spanset features DATA --model M --out STORE",
        ) from error
    except NotADirectoryError as error:
        raise UsageError(
            "not a feature store",
            where=str(path),
            why="it is no folder",
            fix="name another folder",
        ) from error
    except (OSError, ValueError) as error:
        raise broken(path, f"manifest.json: {error}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != VERSION:
        raise broken(path, f"its manifest is not of format {VERSION}")
    if missing := [name for name in ENTRIES if name not in manifest]:
        raise broken(path, f"its manifest lacks {', '.join(missing)}")
    for name, inner in (("settings", "kind"), ("data", "rows"), ("columns", None)):
        entry = manifest[name]
        if not isinstance(entry, dict) or (inner is not None and inner not in entry):
            raise broken(path, f"its manifest does not say the {inner or 'types'} of its {name}")
    return manifest


def write_manifest(path: Path, manifest: Mapping[str, Any]) -> None:
    """Replace the manifest, all at once."""
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    new = path / ".manifest.json.new"
    with new.open("w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path / "manifest.json")


def broken(path: Path, why: str) -> DataError:
    """Error for a store whose files are damaged."""
    return DataError(
        "the feature store cannot be read",
        where=str(path),
        why=why,
        fix="remove the folder and make the features again",
    )


def cannot_write(path: Path, error: OSError) -> OutputError:
    """Error for a store that the system does not let us write."""
    return OutputError(
        "cannot write the feature store",
        where=str(path),
        why=error.strerror or str(error),
        fix=("free some space" if error.errno in FULL else "choose another folder")
        + "; what was made so far is kept, and the same command goes on from there",
    )
