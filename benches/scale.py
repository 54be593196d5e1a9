"""A million rows: reading and lexical features, in time and memory, beside ten thousand of them.

A JSON Lines file made by repeating and perturbing the rows of Alpaca: words are exchanged, and
every row ends in part of another one. Each size is a process of its own, with a cache of its own.
Beside reading stands a loop over `json.loads`, beside lexical features the hashing of the same
n-grams by scikit-learn alone.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

SIZES = (10_000, 100_000, 1_000_000)
CHILD = """
import json, sys, time
started = time.perf_counter()
import spanset
import spanset.features.lexical as lexical
from spanset.base.memory import peak_bytes
lexical._projection(lexical.DIMENSION, 0)
ready = time.perf_counter()
data = spanset.read(sys.argv[1])
read = time.perf_counter()
after_reading = peak_bytes()
X = spanset.represent(data, "lexical")
made = time.perf_counter()
print(json.dumps({
    "rows": len(data), "start_seconds": ready - started, "read_seconds": read - ready,
    "lexical_seconds": made - read, "peak_after_reading": after_reading,
    "peak": peak_bytes(), "features": X.nbytes,
}))
"""
BASELINE = """
import json, sys, time
from sklearn.feature_extraction.text import HashingVectorizer
started = time.perf_counter()
with open(sys.argv[1], "rb") as file:
    rows = [json.loads(line) for line in file]
read = time.perf_counter()
texts = ["\\n".join((row["instruction"], row["input"], row["output"])) for row in rows]
for options in ({"token_pattern": r"\\w+", "ngram_range": (1, 2)},
                {"analyzer": "char_wb", "ngram_range": (4, 4)}):
    HashingVectorizer(alternate_sign=False, norm=None, **options).transform(texts)
print(json.dumps({"read_seconds": read - started, "hash_seconds": time.perf_counter() - read}))
"""


def run(data: Path, *, quick: bool = False) -> dict[str, Any]:
    """Measure every size."""
    sizes = (1_000, 5_000) if quick else SIZES
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for rows in sizes:
            path = Path(folder) / "rows.jsonl"
            make(data / "alpaca_data.json.gz", path, rows)
            one = _child(CHILD, path, folder)
            one["file_bytes"] = path.stat().st_size
            found.append(one)
            seconds = one["read_seconds"] + one["lexical_seconds"]
            print(
                f"{rows:,} rows, {one['file_bytes'] / 2**20:,.0f} MiB: read "
                f"{rows / one['read_seconds']:,.0f} rows/s, lexical "
                f"{rows / one['lexical_seconds']:,.0f} rows/s, both {rows / seconds:,.0f} rows/s; "
                f"peak memory {one['peak'] / 1e9:.2f} GB, without the features "
                f"{(one['peak'] - one['features']) / 1e9:.2f} GB"
            )
            if rows == sizes[0]:
                baseline = _child(BASELINE, path, folder)
                print(
                    f"  beside: json.loads alone {baseline['read_seconds']:.2f} s (ours "
                    f"{one['read_seconds']:.2f}), hashing alone {baseline['hash_seconds']:.2f} s "
                    f"(ours, with weights, projection and store, {one['lexical_seconds']:.2f})"
                )
                found[0]["baseline"] = baseline
    first, last = found[0], found[-1]
    growth = {
        name: last[name] / first[name] / (last["rows"] / first["rows"])
        for name in ("read_seconds", "lexical_seconds")
    }
    both = sum(last[name] for name in growth) / sum(first[name] for name in growth)
    growth["both"] = both / (last["rows"] / first["rows"])
    print("growth beside linear:", ", ".join(f"{name} {x:.2f}" for name, x in growth.items()))
    return {"sizes": found, "growth_beside_linear": growth}


def make(source: Path, path: Path, rows: int) -> None:
    """Rows of `source`, repeated and perturbed, as JSON Lines."""
    originals = json.loads(gzip.decompress(source.read_bytes()))
    rng = np.random.default_rng(0)
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            row = dict(originals[number % len(originals)])
            other = originals[int(rng.integers(len(originals)))]
            words = row["instruction"].split(" ")
            words[int(rng.integers(len(words)))] = other["instruction"].split(" ")[0]
            row["instruction"] = " ".join(words)
            row["output"] += f" {number} " + other["output"][:400]
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _child(code: str, path: Path, folder: str) -> dict[str, Any]:
    environment = {
        **os.environ,
        "XDG_CACHE_HOME": str(Path(folder) / f"cache-{path.stat().st_size}"),
    }
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, check=True, env=environment
    )
    return json.loads(done.stdout)
