"""All pairs of rows at a cosine of `floor` or more, exactly; kept on disk for the next threshold.

Time O(N^2 d / 2) as matrix products, memory 12 bytes a pair. Rows whose features are equal stand as
one, so that a thousand copies are no half a million pairs.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from platformdirs import user_cache_path

from spanset.base.array_types import IntArray
from spanset.base.blocks import by_blocks
from spanset.base.cosines import GRID, Cosines, as_float32, rounded
from spanset.base.errors import SpansetError
from spanset.base.kept_files import keep_array, kept_array
from spanset.base.stages import SILENT, Watcher

FLOOR = 0.9  # pairs are kept from here on, so that other thresholds need no other look
MOST = 60_000_000  # pairs: 700 MB
BLOCK = 1024  # rows beside all before them at once
WIDTH = 2**15  # of those before, at once

PAIR = np.dtype([("first", "<i4"), ("second", "<i4"), ("cosine", "<f4")])


@dataclass(frozen=True, eq=False)
class NearPairs:
    """Pairs of distinct rows.

    Attributes
    ----------
    leader : (N,) int64
        Of each row, the first with the same features.
    pairs : (p,) PAIR
        Leaders, `first` before `second`, with their cosine.
    floor : float
        The lowest cosine that pairs were looked for.
    """

    leader: IntArray
    pairs: npt.NDArray[Any]
    floor: float


def near_pairs(
    X: npt.NDArray[np.floating[Any]],
    threshold: float,
    beside: npt.NDArray[np.floating[Any]] | None = None,
    *,
    watcher: Watcher = SILENT,
) -> NearPairs:
    """Pairs of unit rows X (N, d) at the threshold or more; kept ones, where there are such.

    Parameters
    ----------
    beside : (N, e), optional
        Unit rows of another part: a pair's cosine is the lower of both.

    Raises
    ------
    SpansetError
        More pairs than memory should hold.
    """
    parts = [as_float32(X)] if beside is None else [as_float32(X), as_float32(beside)]
    leader = _leaders(parts)
    own = np.unique(leader)
    key = _key(parts)
    if (found := _kept(key, threshold)) is not None:
        return NearPairs(leader, found[0], found[1])
    pairs, floor = _found([part[own] for part in parts], min(FLOOR, threshold), threshold)
    for name in ("first", "second"):
        pairs[name] = own[pairs[name]]
    path = _folder() / f"{key}-{float(floor)!r}.npy"
    if fault := keep_array(path, pairs):
        watcher.note(f"near pairs are not kept in {path.parent}: {fault}")
    return NearPairs(leader, pairs, floor)


def cached_pairs() -> list[Path]:
    """Files of the pairs that are kept."""
    return sorted(_folder().glob("*.npy")) if _folder().is_dir() else []


def _folder() -> Path:
    return user_cache_path("spanset") / "pairs"


def _leaders(parts: list[Cosines]) -> IntArray:
    """The first row with the same features, for every row."""
    rows = np.ascontiguousarray(np.concatenate(parts, axis=1)) + np.float32(0)  # -0.0 equals 0.0
    keys = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).ravel()
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    return first[inverse.ravel()].astype(np.int64)


def _found(parts: list[Cosines], floor: float, threshold: float) -> tuple[npt.NDArray[Any], float]:
    """Pairs at the floor or more; at the threshold, where there are too many of them."""
    n = len(parts[0])
    found: list[npt.NDArray[Any]] = []
    count = 0
    for start in range(0, n, BLOCK * 64):  # so that too many are noticed in time
        rows = np.arange(start, min(start + BLOCK * 64, n))
        found += by_blocks(rows, BLOCK, lambda block, low=floor: _of_block(parts, block, low))
        count = sum(map(len, found))
        if count > MOST and floor < threshold:
            floor = threshold
            found = [pairs[pairs["cosine"] >= np.float32(floor)] for pairs in found]
            count = sum(map(len, found))
        if count > MOST:
            raise SpansetError(
                f"more than {MOST:,} pairs of rows are at a cosine of {threshold:g} or more",
                where="--threshold",
                why=f"after {rows[-1] + 1:,} of {n:,} rows: most rows are near many others",
                fix="raise --threshold, or use --method semdedup, which compares within clusters",
            )
    return np.concatenate(found) if found else np.zeros(0, PAIR), floor


def _of_block(parts: list[Cosines], block: IntArray, floor: float) -> npt.NDArray[Any]:
    """Pairs of these rows with rows before them."""
    begin, end = int(block[0]), int(block[-1]) + 1
    found = []
    for start in range(0, end, WIDTH):
        stop = min(start + WIDTH, end)
        cosines = parts[0][begin:end] @ parts[0][start:stop].T
        # Rounding comes after: it would read all of the block thrice.
        second, first = np.divmod(np.flatnonzero(cosines >= floor - GRID), stop - start)
        values = rounded(cosines[second, first])
        first, second = first + start, second + begin
        for part in parts[1:]:
            others = np.einsum("ij,ij->i", part[first], part[second])
            values = np.minimum(values, rounded(others))
        kept = (first < second) & (values >= np.float32(floor))
        pairs = np.empty(int(kept.sum()), PAIR)
        pairs["first"], pairs["second"] = first[kept], second[kept]
        pairs["cosine"] = values[kept]
        found.append(pairs)
    return np.concatenate(found)


def _key(parts: list[Cosines]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(f"{part.shape}".encode())
        digest.update(np.ascontiguousarray(part).data)
    return digest.hexdigest()


def _kept(key: str, threshold: float) -> tuple[npt.NDArray[Any], float] | None:
    """Pairs found before, from a floor at or below the threshold."""
    for path in cached_pairs():
        name, floor = path.stem[: len(key)], path.stem[len(key) + 1 :]
        if name == key and float(floor) <= threshold:
            pairs = kept_array(path)
            if pairs is not None and pairs.dtype == PAIR:
                return pairs, float(floor)
    return None
