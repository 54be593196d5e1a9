"""Every kernel on real features: how long it takes, what it picks, why it stops; and gamma found.

Features: 52,002 real instruction rows, 384 dimensions (alpaca_minilm_384.npy), float64. For each
kernel the seconds of a selection, the picks it shares with the rbf kernel's and with as many random
rows by chance, and the reason to stop; then the gamma found for 1,000 picks, on 10,000 of the rows.
"""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from spanset.base.unit_rows import unit_rows
from spanset.greedy.blocked import blocked_greedy
from spanset.greedy.kernel_choice import choose_kernel
from spanset.kernels.choice import KERNELS, kernel_settings, make_kernel

FEATURES = "alpaca_minilm_384.npy"


def run(data: Path, *, quick: bool = False) -> dict[str, Any]:
    """Measure every kernel; a line for each on the way."""
    X = unit_rows(np.load(data / FEATURES, mmap_mode="r")[: 3_000 if quick else None], np.float64)
    k, asked = (300, 100) if quick else (2_000, 1_000)
    blocked_greedy(X[:2_000], 100, make_kernel("rbf"))  # libraries loaded
    kernels: dict[str, Any] = {}
    of_rbf = np.zeros(0, np.int64)
    for name in KERNELS:
        started = perf_counter()
        picks = blocked_greedy(X, k, make_kernel(name))
        seconds = perf_counter() - started
        if name == "rbf":
            of_rbf = picks.order
        # Fewer picks than asked for are compared with as many of the rbf kernel's.
        shared = len(np.intersect1d(picks.order, of_rbf[: len(picks)])) / len(picks)
        kernels[name] = {
            "seconds": seconds,
            "picks": len(picks),
            "stop_reason": picks.stop_reason.value,
            "shared_with_rbf": shared,
            "last_gain": float(picks.gains[-1]),
            "smallest_margin": picks.smallest_margin,
        }
        print(
            f"{name}: {len(picks):,} picks in {seconds:.1f} s, {shared:.1%} shared with rbf, last "
            f"gain {picks.gains[-1]:.3g}; stopped: {picks.stop_reason.value}",
            flush=True,
        )
    started = perf_counter()
    found = kernel_settings(choose_kernel("rbf", f"auto:{asked}", [(X, None)]))["gamma"]
    seconds = perf_counter() - started
    print(f"auto:{asked}: gamma {found:.6g} in {seconds:.1f} s")
    return {
        "rows": len(X),
        "dimensions": X.shape[1],
        "asked": k,
        "kernels": kernels,
        "gamma": {"asked": asked, "gamma": found, "seconds": seconds},
    }
