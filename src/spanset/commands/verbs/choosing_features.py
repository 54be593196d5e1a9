"""The verb `select` on features alone: an array with one row for each row of some data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.errors import UsageError
from spanset.base.unit_rows import unit_rows
from spanset.commands.choosing.avoiding import every_row_is, require_avoidable
from spanset.commands.choosing.other_rows import OtherRows
from spanset.commands.verbs.arguments import Array, matrix
from spanset.commands.verbs.asked import Asked
from spanset.data.dataset import Dataset
from spanset.greedy.rules import checked_quality
from spanset.greedy.selection import Selection
from spanset.selectors.choosing import Candidates, choose_rows
from spanset.selectors.contamination import EXACT, near_features
from spanset.selectors.dedup import Deduplicated


def choose_of_features(values: Array, asked: Asked) -> Selection:
    """Picks of features (N, d), by their positions."""
    X = matrix(values, "features")
    log_quality = _checked(X, asked)
    kept = asked.positions_to_keep(len(X))
    target = _array(asked.target, "target", X)
    left = _less_avoided(X, target, asked)
    budget = asked.budget(asked.token_counts, left, len(X))
    candidates = Candidates(
        X if len(left) == len(X) else X[left],
        log_quality=None if log_quality is None else log_quality[left],
        given=_array(asked.given, "given", X),
        budget=budget,
        target=target,
        kept=_places(left, kept),
    )
    wanted = min(asked.wanted(len(X)), len(left))
    with asked.watcher.stage("select"):
        picks, _ = choose_rows(candidates, wanted, asked.how, watcher=asked.watcher)
    if len(left) == len(X):
        return picks
    if isinstance(picks, Deduplicated):
        return picks.of_more(left, len(X))
    return replace(picks, order=left[picks.order])


def _checked(X: Array, asked: Asked) -> FloatArray | None:
    """Refuse what takes rows; the log quality."""
    if len(asked.shares):
        raise UsageError("features have no fields", where="shares", fix="give a data set")
    if len(asked.prefer):
        raise UsageError("features have no inputs", where="prefer", fix="give a data set")
    if asked.same != "row":
        raise UsageError("features have no parts", where="same", fix="give a data set")
    for name, found in (("target", asked.target), ("avoid", asked.avoid)):
        if isinstance(found, Dataset):
            raise UsageError(
                "rows cannot be compared with features alone",
                where=name,
                fix=f"give the features of {name} as an array, or a data set for both",
            )
    if isinstance(asked.quality, str) or isinstance(asked.given, Dataset):
        raise UsageError(
            "features alone have no rows to score or to compare with",
            where="quality or given",
            fix="give a log quality per row, and features of the given rows, as arrays",
        )
    return None if asked.quality is None else checked_quality(asked.quality, len(X))


def _array(found: Dataset | Array | None, name: str, X: Array) -> Array | None:
    """Features beside others, of as many columns."""
    return None if found is None else matrix(found, name, X.shape[1])


def _less_avoided(X: Array, target: Array | None, asked: Asked) -> IntArray:
    """Positions of the rows that are neither too near to any to be avoided nor the target's."""
    left = np.arange(len(X))
    avoid = OtherRows.of(_array(asked.avoid, "avoid", X), "avoid")
    require_avoidable(avoid, asked.avoid_at)
    uses = (
        (avoid, asked.avoid_at, "near", "a higher avoid_at"),
        (OtherRows.of(target, "target"), EXACT, "a copy of", "another target"),
    )
    for others, threshold, what, instead in uses:
        if others is None or others.array is None or threshold is None:
            continue
        points = unit_rows(others.array, np.float32, where=others.where)
        found = near_features(unit_rows(X[left], np.float32), points, threshold)
        if found and len(found) == len(left):
            first = f"{what} {others.place(found[0].other)}: {found[0].how}"
            raise every_row_is(what, others, first, instead)
        left = np.delete(left, [one.row for one in found])
    return left


def _places(left: IntArray, kept: IntArray) -> IntArray:
    """Where rows that have to be picked stand among those that are left."""
    lacking = np.setdiff1d(kept, left)
    if len(lacking):
        raise UsageError(
            f"row {lacking[0]} has to be picked and is to be avoided",
            where="keep",
            why="it is near a row of avoid, or a copy of one of the target",
            fix="leave it out",
        )
    return np.searchsorted(left, kept)
