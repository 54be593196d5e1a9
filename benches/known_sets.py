"""LDD and equivalent size of public data sets in the default space: the scale of `spanset measure`.

Writes src/spanset/diversity/known_sets.json, which ships with the package: numbers, no rows. Pools
of 50, 100, 200 ... rows up to the whole set (at most 50,000), log determinants of an eighth, a
quarter, half and all of them (at most 10,000), means over draws.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from benches.neighbours import read_t0
from spanset.data.reader import read
from spanset.diversity.known_sets import FILE, SHARES, known_values, space_of
from spanset.diversity.ldd import equivalent_size, ldd_curve
from spanset.diversity.matched import LARGEST_POOL, draw_seeds, drawn, volume_rows
from spanset.diversity.reference import SphereReference, reference_folder
from spanset.diversity.volume import Volume
from spanset.features.static import StaticFeatures
from spanset.kernels.choice import kernel_settings, make_kernel

SETS = {
    "LIMA": "lima.json",
    "Alpaca": "alpaca_data.json.gz",
    "role play": "gpteacher_roleplay.json",
    "GSM8K": "gsm8k_train.jsonl",
    "Code Alpaca": "code_alpaca_4535.json",
}
SMALLEST_POOL = 50
DRAWS = 3
FEWER_DRAWS_FROM = 10_000  # where draws hardly differ, and take minutes
DIGITS = 5


def run(data: Path, *, quick: bool = False) -> dict[str, Any]:
    """Measure all sets; write the scale unless it is a quick try."""
    from spanset.config.model_settings import ModelConfig

    features, kernel = StaticFeatures.load("", ModelConfig()), make_kernel("rbf")
    made = kernel_settings(kernel)
    space = space_of(features.settings(), made)
    sets = []
    with tempfile.TemporaryDirectory() as folder:
        rows = {name: read(data / file) for name, file in SETS.items()}
        rows["T0"] = read_t0(data / "t0_per_template.tar.gz", Path(folder))
        for name, one in rows.items():
            started = perf_counter()
            X = features.transform(one).X
            sets.append({"name": name, "rows": len(X), "at": _measured(X, kernel, quick=quick)})
            at = sets[-1]["at"]
            print(f"{name}: {len(X):,} rows, {len(at)} pools, {perf_counter() - started:.0f} s")
            print("  " + ", ".join(f"{one['pool']:,}: {one['ldd'][-1]:.3f}" for one in at))
    if not quick:
        record = {"space": space, "shares": SHARES.tolist(), "sets": sets}
        FILE.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        print(f"kept in {FILE}")
        shown = known_values(features.settings(), made, 823, 823)
        print("at 823 rows:", ", ".join(f"{one.name} {one.ldd:.3f}" for one in shown))
    return {"sets": {one["name"]: one["rows"] for one in sets}, "space": space}


def _measured(X: Any, kernel: Any, *, quick: bool) -> list[dict[str, Any]]:
    """Values at every pool."""
    most = min(len(X), 400 if quick else LARGEST_POOL)
    doublings = [SMALLEST_POOL << step for step in range(11)]
    pools = [pool for pool in doublings if pool < most] + [most]
    volume = Volume(1, kernel, SphereReference(reference_folder()))
    found = []
    for pool in pools:
        n = volume_rows(None, pool)
        sizes = np.maximum(1, np.round(SHARES * n)).astype(int)
        values = []
        for seed in draw_seeds(0, 1 if pool >= FEWER_DRAWS_FROM else DRAWS):
            rows = drawn(len(X), pool, seed)
            own = replace(volume, n=n)
            gains = own.gains(X[rows])
            reference = own.reference_gains(pool, X.shape[1], seed)
            curve = ldd_curve(gains, reference)
            shares = [equivalent_size(gains[:size], reference) / size for size in sizes]
            values.append([curve[sizes - 1], shares])
        ldd, share = np.mean(values, axis=0)
        found.append(
            {
                "pool": pool,
                "ldd": np.round(ldd, DIGITS).tolist(),
                "size_share": np.round(share, DIGITS).tolist(),
            }
        )
    return found
