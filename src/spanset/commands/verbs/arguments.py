"""What the verbs take, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray
from spanset.base.errors import UsageError
from spanset.greedy.selection import Selection

Array = npt.NDArray[Any]


def matrix(values: object, name: str, dimension: int | None = None) -> Array:
    """Features as numbers (rows, d), of a given dimension; or an error that names them."""
    try:
        # A map of a file stays one: its rows are read when they are needed.
        X = values if isinstance(values, np.memmap) else np.asarray(values)
    except ValueError as error:  # of no shape: rows of several lengths, several arrays
        raise UsageError(
            f"{name} is no array of numbers (rows, d)",
            where=name,
            why=str(error),
            fix="give one array; what represent(..., on_bad_row='skip') gives has it as X",
        ) from error
    if X.ndim != 2 or not X.size or X.dtype.kind not in "fiu":
        raise UsageError(
            f"{name} has shape {X.shape} and dtype {X.dtype}, expected numbers (rows, d)",
            where=name,
            fix="read rows first: data = spanset.read(path)" if X.dtype.kind not in "fiu" else "",
        )
    if dimension is not None and X.shape[1] != dimension:
        raise UsageError(
            f"{name} has {X.shape[1]} columns, the features have {dimension}",
            where=name,
            fix="represent both in the same way",
        )
    return X


def positions(values: Sequence[int] | IntArray, name: str, rows: int) -> IntArray:
    """Positions among so many rows, each once."""
    found = np.asarray(values)
    fix = f"give positions from 0 to {rows - 1}, each once"
    if found.ndim != 1 or found.dtype.kind not in "iu":
        raise UsageError("these are no positions of rows", where=name, fix=fix)
    wrong = found[(found < 0) | (found >= rows)]
    if len(wrong):
        raise UsageError(f"there is no row {wrong[0]}", where=name, fix=fix)
    if len(np.unique(found)) < len(found):
        raise UsageError("a row is there twice", where=name, fix=fix)
    return found.astype(np.int64)


def picked_positions(
    candidates: Mapping[str, Selection | Sequence[int] | IntArray], rows: int
) -> dict[str, IntArray]:
    """Positions of every choice among so many rows, at least one of each."""
    found = {}
    for name, choice in candidates.items():
        where = f"candidates[{name!r}]"
        picks = choice.order if isinstance(choice, Selection) else choice
        found[name] = positions(picks, where, rows)
        if not len(found[name]):
            raise UsageError("no row was chosen", where=where, fix="leave it out")
    return found
