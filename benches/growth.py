"""How every stage grows from ten thousand rows to a million.

Rows are made as the scale bench makes them; each size is a process of its own with a cache of its
own. The same number of picks throughout, so that all that depends on the rows should be linear.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

from benches.scale import make

SIZES = (10_000, 100_000, 1_000_000)
PICKS = 1_000
RENDERED = 100_000  # rows at most for what takes long: half an hour and more for a million
FOR_A_MODEL = 2_000  # rows of gradients: the smallest size, and `GRADIENTS` times as many
GRADIENTS = 4
CHILD = """
import json, sys, time
import numpy as np, spanset
from spanset.base.memory import peak_bytes
from spanset.config.model_settings import ModelConfig
from spanset.models.language_model import LanguageModel
path, model, picks, rendered, out = sys.argv[1:6]
found, k = {}, int(picks)
small = spanset.read([{"instruction": f"Say {n}", "output": f"{n} is said."} for n in range(50)])
for kind in ("static", "lexical"):  # what is loaded once is none of the rows' cost
    spanset.represent(small, kind)
def timed(name, act):
    started = time.perf_counter()
    made = act()
    found[name] = time.perf_counter() - started
    return made
data = timed("read", lambda: spanset.read(path))
found["peak after reading"] = peak_bytes()
X = timed("static features", lambda: spanset.represent(data, "static"))
timed("lexical features", lambda: spanset.represent(data, "lexical"))
if len(data) <= int(rendered):
    language = LanguageModel.load(model, ModelConfig())
    timed("rendered for a model", lambda: language.survey(data))
if len(data) <= int(rendered):
    timed("deduplicated", lambda: spanset.select(X, method="dedup"))
picks = timed("dpp, exact", lambda: spanset.select(X, k))
timed("dpp, two rounds", lambda: spanset.select(X, k, rounds=2))
timed("measured, ldd of draws", lambda: spanset.measure(data, metrics="ldd", pool=4_000, n=1_000))
many = np.random.default_rng(0).permutation(len(data))[: len(data) // 2]
timed("half of it written", lambda: data[np.sort(many)].write(out, force=True))
found["peak"] = peak_bytes()
print(json.dumps({"rows": len(data), "seconds": found}))
"""
GRADIENT = """
import json, sys, time
import spanset
from spanset.config.model_settings import ModelConfig
data = spanset.read(sys.argv[1])
spanset.represent(data[:50], f"gradient:{sys.argv[2]}")
started = time.perf_counter()
spanset.represent(data[50:], f"gradient:{sys.argv[2]}")
print(json.dumps({"rows": len(data) - 50, "seconds": time.perf_counter() - started}))
"""


def run(data: Path, *, quick: bool = False) -> dict[str, Any]:
    """Measure every size."""
    sizes = (1_500, 4_500) if quick else SIZES
    model = data.parent / "models" / "tiny-llama-7m"
    found, gradients = [], []
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.jsonl"
        for size in sizes:
            make(data / "alpaca_data.json.gz", rows, size)
            out = Path(folder) / "half.jsonl"
            found.append(_child(CHILD, folder, size, rows, model, PICKS, RENDERED, out))
            print(json.dumps(found[-1]), flush=True)
        for size in (
            (FOR_A_MODEL // 10, FOR_A_MODEL // 5)
            if quick
            else (
                FOR_A_MODEL,
                FOR_A_MODEL * GRADIENTS,
            )
        ):
            make(data / "alpaca_data.json.gz", rows, size)
            gradients.append(_child(GRADIENT, folder, f"g{size}", rows, model))
            print("gradients", json.dumps(gradients[-1]), flush=True)
    return {
        "picks": PICKS,
        "sizes": found,
        "gradients": gradients,
        "beside_linear": _growth(found),
    }


def _growth(found: list[dict[str, Any]]) -> dict[str, list[float]]:
    """Seconds a row of each stage beside those of the size before."""
    growth: dict[str, list[float]] = {}
    for name in found[0]["seconds"]:
        of_row = [
            one["seconds"][name] / one["rows"] for one in found if one["seconds"].get(name, 0) > 0
        ]
        growth[name] = [later / before for before, later in pairwise(of_row)]
        print(f"{name}: {', '.join(f'{one:.2f}' for one in growth[name])}")
    return growth


def _child(code: str, folder: str, size: object, *arguments: object) -> dict[str, Any]:
    environment = {**os.environ, "XDG_CACHE_HOME": f"{folder}/cache-{size}"}
    words = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, check=True, text=True, env=environment)
    return json.loads(done.stdout.strip().rpartition("\n")[2])
