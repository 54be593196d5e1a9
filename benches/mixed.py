"""Float64's picks from a factor in float32, beside float64; and a small problem beside the loop.

1. 10,000 of 52,002 rows of Alpaca by MiniLM and by static features: seconds and peak memory of each
   way, each in a process of its own, in turn; whether all picks are equal, and how many rows were
   settled in float64.
2. 2,500 of 20,000 rows of 384 dimensions, random and real: the engine beside the textbook loop.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from benches.greedy import FEATURES, textbook_loop
from spanset.base.memory import peak_bytes
from spanset.base.unit_rows import unit_rows
from spanset.greedy.blocked import blocked_greedy
from spanset.kernels.rbf import RBF

WAYS = ("float64", "mixed")


def run(data: Path, *, quick: bool = False) -> dict[str, Any]:
    """Measure both."""
    k = 500 if quick else 10_000
    found: dict[str, Any] = {"large": {}, "small": {}}
    with tempfile.TemporaryDirectory() as folder:
        for name, path in _features(data, Path(folder)).items():
            found["large"][name] = _large(path, k, Path(folder))
    for name, X in _small(data).items():
        found["small"][name] = _beside_loop(X, 300 if quick else 2_500)
        print(f"small, {name}: {found['small'][name]['ratio']:.1f} times the loop", flush=True)
    return found


def _features(data: Path, folder: Path) -> dict[str, Path]:
    """Files of features of Alpaca's rows."""
    import spanset

    static = folder / "static.npy"
    talks = spanset.read(data / "alpaca_data.json.gz")
    np.save(static, spanset.represent(talks, "static").astype(np.float16))
    return {"MiniLM": data / FEATURES, "static": static}


def _large(path: Path, k: int, folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    orders = {}
    for way in WAYS:
        order = folder / f"{way}.npy"
        child = [sys.executable, "-m", "benches.mixed", str(path), way, str(k), str(order)]
        done = subprocess.run(child, capture_output=True, check=True)
        found[way], orders[way] = json.loads(done.stdout), np.load(order)
        print(
            f"{path.stem}, {way}: {found[way]['seconds']:.1f} s, peak "
            f"{found[way]['peak_gib']:.2f} GiB above {found[way]['base_gib']:.2f}",
            flush=True,
        )
    same = orders["mixed"] == orders["float64"]
    ratio = found["mixed"]["seconds"] / found["float64"]["seconds"]
    print(f"{path.stem}: mixed takes {ratio:.2f} of float64, {same.sum():,} of {k:,} picks equal")
    return {**found, "ratio": ratio, "equal_picks": int(same.sum()), "picks": k}


def _child(path: str, way: str, k: int, order: str) -> dict[str, Any]:
    """One selection: seconds, and peak memory above what the process needs anyway."""
    dtype = "float32" if way == "float32" else "float64"
    stored = np.load(path, mmap_mode="r")
    X = unit_rows(stored, dtype)
    blocked_greedy(X[:5_000], 300, RBF(), mixed=way == "mixed")  # libraries loaded
    base = peak_bytes() - X.nbytes
    notes: list[str] = []
    started = perf_counter()
    found = blocked_greedy(X, k, RBF(), mixed=way == "mixed", on_note=notes.append)
    seconds = perf_counter() - started
    np.save(order, found.order)
    return {
        "rows": len(X),
        "dimensions": X.shape[1],
        "seconds": seconds,
        "peak_gib": (peak_bytes() - base) / 2**30,
        "base_gib": base / 2**30,
        "settled": found.settled,
        "notes": notes,
    }


def _small(data: Path) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    real = np.load(data / FEATURES)
    some = np.sort(rng.permutation(len(real))[:20_000])
    return {
        "random": unit_rows(rng.normal(size=(20_000, 384)), np.float64),
        "Alpaca, MiniLM": unit_rows(real[some], np.float64),
    }


def _beside_loop(X: np.ndarray, k: int) -> dict[str, Any]:
    """The engine as a selection runs it, before and after the loop; the better time counts."""

    def timed() -> tuple[np.ndarray, float]:
        started = perf_counter()
        order = blocked_greedy(X, k, RBF(), mixed=None).order
        return order, perf_counter() - started

    found, before = timed()
    order, loop, _ = textbook_loop(X, k)
    seconds = min(before, timed()[1])
    return {
        "rows": len(X),
        "picks": k,
        "equal_picks": int((found == order).sum()),
        "seconds_engine": seconds,
        "seconds_loop": loop,
        "ratio": loop / seconds,
    }


if __name__ == "__main__":
    print(json.dumps(_child(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])))
