"""A folder of shards as an input: all files of one kind in it, in the order of their names."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from spanset.base.errors import DataError
from spanset.data.containers.opening import PACKED, stem_of
from spanset.data.containers.sources import cannot_open, is_saved_dataset

# Suffixes of files with rows; text also with one of `PACKED` behind.
TEXT = (".jsonl", ".ndjson", ".json", ".csv", ".tsv")
TABLES = (".parquet", ".arrow", ".feather")


def shards_of(folder: Path) -> list[str]:
    """The files of rows in a folder; of those below it, and hidden ones, none.

    Raises
    ------
    DataError
        There are none, or of several kinds: one might be about the others.
    """
    kinds: dict[str, list[str]] = defaultdict(list)
    try:
        found = sorted(folder.iterdir())
    except OSError as error:
        raise cannot_open(folder, error) from error
    for path in found:
        kind = _kind(path.name)
        if kind is not None and path.is_file():
            kinds[kind].append(str(path))
    if is_saved_dataset(folder) or not kinds:
        raise cannot_open(folder, IsADirectoryError())
    if len(kinds) > 1:
        counts = ", ".join(f"{len(files):,} {kind}" for kind, files in kinds.items())
        most = max(kinds, key=lambda kind: len(kinds[kind]))
        raise DataError(
            "the folder holds files of several kinds",
            where=str(folder),
            why=counts,
            fix=f"name those that are meant: '{folder / f'*{most}'}'",
        )
    (files,) = kinds.values()
    return files


def _kind(name: str) -> str | None:
    """The suffix that says what a file's rows are in; None where it has none."""
    if name.startswith("."):
        return None
    lower = name.lower()
    is_packed = lower.endswith(PACKED)
    suffix = Path(stem_of(lower)).suffix
    return suffix if suffix in TEXT or (suffix in TABLES and not is_packed) else None
