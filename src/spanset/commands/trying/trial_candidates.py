"""Choices that a trial compares: those of its grid, and those that were made before."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spanset.base.array_types import IntArray
from spanset.base.errors import DataError
from spanset.base.short_names import short_names
from spanset.base.stages import Watcher
from spanset.commands.grids.grid import Grid
from spanset.commands.trying.trial_checks import require_different
from spanset.commands.trying.trial_rows import TrialRows
from spanset.config.comma_lists import comma_list
from spanset.data.dataset import Dataset
from spanset.runs.compared_choices import CHOICES
from spanset.runs.kept_cells import KeptCells
from spanset.runs.row_ids import read_ids
from spanset.trials.candidate import Candidate

Named = tuple[str, IntArray]


def brought(paths: Sequence[str], data: Dataset) -> list[Named]:
    """Names and row numbers of choices that were made before, from the same data.

    Raises
    ------
    DataError
        No run folder, folder of a comparison, or file of row numbers; or of other data.
    """
    names = comma_list(paths)
    found: list[Named] = []
    for name, short in zip(names, short_names(names), strict=True):
        compared, run = Path(name) / CHOICES, Path(name) / "manifest.json"
        if compared.is_file():
            found += _compared(_checked(compared, data))
            continue
        if run.is_file():
            _checked(run, data)
        found.append((short, _there(read_ids(name), name, data)))
    return found


def _checked(path: Path, data: Dataset) -> Any:
    """What a file of ours holds; its choices must be of the same inputs."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        digests = [one["sha256"] for one in held["inputs"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            "it cannot be read as a choice that was made",
            where=str(path),
            why=f"{type(error).__name__}: {error}",
            fix="make it again",
        ) from error
    if digests != [source.sha256 for source in data.sources]:
        raise DataError(
            "the choice was made from other rows",
            where=str(path.parent),
            why="its inputs are not these, or were changed since",
            fix="name the same data in the same order, or choose again",
        )
    return held


def _compared(held: Any) -> list[Named]:
    found = []
    for one in held["choices"]:
        for size, rows in one["rows"].items():
            name = _name(one["label"], int(size), of=len(one["rows"]))
            found.append((name, np.array(rows, np.int64)))
    return found


def _name(label: str, size: int, *, of: int) -> str:
    """Of a choice of so many rows, where there are several sizes."""
    return f"{label}, {size:,}" if of > 1 else label


def _there(ids: IntArray, name: str, data: Dataset) -> IntArray:
    if ids.max() >= data.total:
        raise DataError(
            f"there is no row {ids.max():,}",
            where=name,
            why=f"the data have {data.total:,} rows, from number 0",
            fix="name the data that the numbers are of",
        )
    return ids


def candidates_of(
    grid: Grid | None,
    before: Sequence[Named],
    rows: TrialRows,
    kept: KeptCells,
    watcher: Watcher,
) -> list[Candidate]:
    """All choices as positions in the pool, of different names.

    Rows of a choice that was made before which a trial cannot train on are left out of it, and
    told.

    Raises
    ------
    DataError
        A choice that has no row left, or no choice.
    """
    found = []
    if grid is not None:
        for cell in grid.cells:
            for size, chosen in grid.chosen(cell, kept, watcher).items():
                name = _name(cell.label, size, of=len(grid.sizes))
                found.append(Candidate(name, size, rows.places(np.array(chosen.rows, np.int64))))
    for name, ids in before:
        places = rows.places(ids)
        if len(places) < len(ids):
            watcher.note(
                f"{name}: {len(ids) - len(places):,} of {len(ids):,} rows cannot be trained on "
                "here, and are left out of it"
            )
        found.append(Candidate(name, len(ids), places))
    empty = [one.name for one in found if not len(one.rows)]
    if empty:
        raise DataError("no row of it can be trained on", where=empty[0], fix="leave it out")
    require_different([one.name for one in found], "choices")
    return found
