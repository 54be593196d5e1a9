"""Selection methods beside other tools' and plain loops, on the same vectors.

Features: 52,002 real instruction rows, 384 dimensions (alpaca_minilm_384.npy). In one run:

- facility location beside submodlib and apricot, at the largest N that both take within a minute;
  theirs is given all N x N similarities, whose making counts;
- deduplication beside semhash, by its exact index and by its usual one;
- k-center beside the textbook's loop in numpy, on all threads.

What was picked is compared before any time is printed. Peers that are not installed are skipped:
``pip install submodlib-py apricot-select semhash``. Greedy picks of equals may differ: what their
covers reach is given, too.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from spanset.base.unit_rows import unit_rows
from spanset.kernels.rbf import RBF
from spanset.selectors.dedup import Deduplicated, select_dedup
from spanset.selectors.facility_location import select_facility
from spanset.selectors.kcenter import select_kcenter
from spanset.selectors.request import Request

FEATURES = "alpaca_minilm_384.npy"
SIZES = (2_000, 5_000, 10_000, 20_000)  # of facility location; N x N float64 are 3.2 GB at the last
LIMIT = 60.0  # seconds: no larger N after
THRESHOLDS = (0.95, 0.9)

Timed = tuple[Any, float]


def run(data: Path, *, quick: bool = False) -> dict[str, Any]:
    """Measure all three; a line each on the way."""
    X = unit_rows(np.load(data / FEATURES), np.float32)
    X = X[np.random.default_rng(0).permutation(len(X))]
    if quick:
        X = X[:3_000]
    sizes, k = ((500, 1_000), 50) if quick else (SIZES, 500)
    return {
        "facility": {
            "submodlib": _facility(X, sizes, k, "submodlib", _by_submodlib),
            "apricot": _facility(X, sizes, k, "apricot", _by_apricot),
        },
        "dedup": [_dedup(X, threshold) for threshold in THRESHOLDS],
        "kcenter": _kcenter(X, 300 if quick else 2_000),
    }


def _facility(
    X: np.ndarray,
    sizes: tuple[int, ...],
    k: int,
    peer: str,
    pick: Callable[[np.ndarray, int], np.ndarray],
) -> dict[str, Any]:
    """The largest N that both take within the limit."""
    if find_spec(peer) is None:
        return _skipped(peer)
    pick(_similarities(X[:200]), 5)  # compiled code is loaded, or made
    found: dict[str, Any] = {}
    for n in (one for one in sizes if one <= len(X)):
        rows = X[:n]
        ours, seconds = _timed(lambda rows=rows: select_facility(Request(rows, k)).order)
        theirs, peer_seconds = _timed(lambda rows=rows: pick(_similarities(rows), k))
        if found and max(seconds, peer_seconds) > LIMIT:
            break
        found = {
            "rows": n,
            "picks": k,
            "seconds": seconds,
            "seconds_of_peer": peer_seconds,
            "ratio": peer_seconds / seconds,
            "first_difference": first_difference(ours, theirs),
            "overlap": len(np.intersect1d(ours, theirs)) / k,
            "cover": cover(rows, ours),
            "cover_of_peer": cover(rows, theirs),
        }
        _print(f"facility location, {peer}, N = {n:,}, k = {k}", found)
        if max(seconds, peer_seconds) > LIMIT:
            break
    return found


def _similarities(rows: np.ndarray) -> np.ndarray:
    rows = rows.astype(np.float64)
    return RBF().block(rows, rows)


def cover(rows: np.ndarray, picks: np.ndarray) -> float:
    """Mean similarity of a row with the nearest pick."""
    points = rows[picks].astype(np.float64)
    return float(RBF().block(points, rows.astype(np.float64)).max(axis=0).mean())


def _by_submodlib(similar: np.ndarray, k: int) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of scipy's old names
        from submodlib import (  # pyright: ignore[reportMissingImports]
            FacilityLocationFunction,
        )
    function = FacilityLocationFunction(
        n=len(similar), mode="dense", sijs=similar, separate_rep=False
    )
    picks = function.maximize(
        budget=k,
        optimizer="LazyGreedy",
        stopIfZeroGain=False,
        stopIfNegativeGain=False,
        show_progress=False,
    )
    return np.array([row for row, _ in picks])


def _by_apricot(similar: np.ndarray, k: int) -> np.ndarray:
    from apricot import (  # pyright: ignore[reportMissingImports]
        FacilityLocationSelection,
    )

    model = FacilityLocationSelection(k, metric="precomputed", optimizer="lazy")
    return np.asarray(model.fit(similar).ranking)


def _dedup(X: np.ndarray, threshold: float) -> dict[str, Any]:
    """Ours and semhash's by its exact index, the same rows in the same order; and its usual one."""
    with tempfile.TemporaryDirectory() as cache:
        os.environ["XDG_CACHE_HOME"] = cache  # pairs of a run before would be found
        ours, seconds = _timed(lambda: select_dedup(Request(X, len(X), threshold=threshold)))
        assert isinstance(ours, Deduplicated)
        again, seconds_again = _timed(lambda: ours.at(threshold + 0.01))
    found = {
        "rows": len(X),
        "threshold": threshold,
        "kept": len(ours),
        "seconds": seconds,
        "seconds_at_another_threshold": seconds_again,
        "kept_at_another_threshold": len(again),
    }
    if find_spec("semhash") is None:
        return {**found, **_skipped("semhash")}
    for name, backend in (("exact", "basic"), ("usual", "usearch")):
        (kept, stands_for), peer_seconds = _timed(
            lambda backend=backend: _by_semhash(X, threshold, backend)
        )
        same = sum(ours.stands_for[row] == other for row, other in stands_for.items())
        found[name] = {
            "kept_by_peer": len(kept),
            "kept_by_both": len(np.intersect1d(kept, ours.order)),
            "dropped_for_the_same": same / max(1, len(stands_for)),
            "seconds_of_peer": peer_seconds,
            "ratio": peer_seconds / seconds,
        }
        _print(f"dedup at {threshold}, semhash, its {name} index", {**found, **found[name]})
    return found


def _by_semhash(X: np.ndarray, threshold: float, backend: str) -> tuple[np.ndarray, dict[int, int]]:
    """Rows that are kept, and of the others the row that each is dropped for."""
    from semhash import SemHash  # pyright: ignore[reportMissingImports]

    names = [str(row) for row in range(len(X))]
    model: Any = None  # vectors are given
    peer = SemHash.from_embeddings(X, names, model=model, ann_backend=backend)
    result = peer.self_deduplicate(threshold)
    kept = np.array([int(name) for name in result.selected])
    return kept, {int(one.record): int(one.duplicate_of) for one in result.filtered}


def _kcenter(X: np.ndarray, k: int) -> dict[str, Any]:
    ours, seconds = _timed(lambda: select_kcenter(Request(X, k)))
    theirs, peer_seconds = _timed(lambda: farthest_first(X, k, int(ours.order[0])))
    found = {
        "rows": len(X),
        "picks": k,
        "seconds": seconds,
        "seconds_of_loop": peer_seconds,
        "ratio": peer_seconds / seconds,
        "first_difference": first_difference(ours.order, theirs),
        "overlap": len(np.intersect1d(ours.order, theirs)) / k,
        "radius": radius(X, ours.order),
        "radius_of_loop": radius(X, theirs),
    }
    _print(f"k-center, a loop in numpy, k = {k:,}", found)
    return found


def farthest_first(X: np.ndarray, k: int, first: int) -> np.ndarray:
    """The loop of the textbooks: one product of all rows with each pick."""
    order = np.empty(k, np.int64)
    order[0], nearest = first, X @ X[first]
    for place in range(1, k):
        order[place] = row = int(np.argmin(nearest))
        np.maximum(nearest, X @ X[row], out=nearest)
    return order


def radius(X: np.ndarray, picks: np.ndarray) -> float:
    """Largest distance of a row to its nearest pick."""
    lowest = min(
        (X[at : at + 4096] @ X[picks].T).max(axis=1).min() for at in range(0, len(X), 4096)
    )
    return float(np.sqrt(max(0.0, 2.0 - 2.0 * lowest)))


def _timed(task: Callable[[], Any]) -> Timed:
    started = perf_counter()
    result = task()
    return result, perf_counter() - started


def first_difference(one: np.ndarray, other: np.ndarray) -> int | None:
    same = one == other
    return None if same.all() else int(np.argmin(same))


def _skipped(peer: str) -> dict[str, Any]:
    print(f"{peer}: skipped, it is not installed")
    return {"skipped": f"{peer} is not installed"}


def _print(what: str, found: dict[str, Any]) -> None:
    shown = (
        f"{name.replace('_', ' ')} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in found.items()
        if not isinstance(value, dict)
    )
    print(f"{what}: {', '.join(shown)}", flush=True)
