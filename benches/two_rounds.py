"""What two rounds lose of the volume, and save of the time, beside exact picks and random rows."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

import spanset
from spanset.base.unit_rows import unit_rows
from spanset.greedy.blocked import blocked_greedy
from spanset.greedy.partitioned import FOUND, two_rounds
from spanset.greedy.replay import replay
from spanset.kernels.rbf import RBF

PARTS = (4, 16, 64)
FLOOR = float(np.exp(-7.0))  # gains of random rows: a copy counts as that


def run(data: Path, *, quick: bool = False) -> dict[str, Any]:
    """2,000 of all rows of Alpaca by static features; a tenth of it to try."""
    rows = spanset.read(data / "alpaca_data.json.gz")
    X, k = unit_rows(spanset.represent(rows, "static"), np.float64), 2_000
    if quick:
        X, k = X[:5_000], 200
    started = perf_counter()
    exact = blocked_greedy(X, k, RBF(), mixed=None)
    seconds = perf_counter() - started
    drawn = np.random.default_rng(0).permutation(len(X))[:k]
    random = float(np.log(np.maximum(replay(X[drawn], RBF()), FLOOR)).sum())
    print(f"exact: {exact.log_det:.1f} nats in {seconds:.1f} s; random rows {random:.1f}")
    found = []
    for parts in PARTS:
        for seed in range(3):
            started = perf_counter()
            picks = two_rounds(X, k, RBF(), parts=parts, seed=seed, mixed=None)
            lost = exact.log_det - picks.log_det
            found.append(
                {
                    "parts": parts,
                    "seed": seed,
                    "seconds": perf_counter() - started,
                    "log_det": picks.log_det,
                    "lost_per_pick": lost / k,
                    "lost_of_what_random_rows_lose": lost / (exact.log_det - random),
                    "in_common": len(np.intersect1d(picks.order, exact.order)) / k,
                }
            )
            print(found[-1], flush=True)
    return {
        "rows": len(X),
        "dimension": X.shape[1],
        "k": k,
        "found_per_pick": FOUND,
        "exact": {"seconds": seconds, "log_det": exact.log_det},
        "random_log_det": random,
        "two_rounds": found,
    }
