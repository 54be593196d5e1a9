"""Predict and verify beside the textbook loop, on real features.

Features: 52,002 real instruction rows, 384 dimensions (alpaca_minilm_384.npy). In one run, per
dtype: the machine's copy bandwidth and its best matrix product; the blocked engine and the loop for
k = 6,000, the picks compared before any time is printed; the blocked engine for k = 10,000 with its
peak memory, in a process of its own. The reference measurements are taken before, between and
after, since the speed of shared machines drifts; the best of them counts.
"""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from spanset.base.memory import peak_bytes
from spanset.base.unit_rows import unit_rows
from spanset.base.workers import available_workers
from spanset.greedy.blocked import blocked_greedy
from spanset.greedy.rules import make_rules
from spanset.kernels.rbf import RBF

FEATURES = "alpaca_minilm_384.npy"


def run(data: Path, *, quick: bool = False) -> dict[str, Any]:
    """Measure both dtypes; a table on the way."""
    k_loop, k_large = (300, 500) if quick else (6_000, 10_000)
    exact = 200 if quick else 3_000
    results: dict[str, Any] = {}
    for dtype in ("float64", "float32"):
        X = unit_rows(np.load(data / FEATURES), dtype)
        results[dtype] = _measure(X, k_loop, exact)
        results[dtype]["large"] = _large_in_a_child(data / FEATURES, dtype, k_large)
        _print(dtype, results[dtype])
    return results


def _measure(X: np.ndarray, k: int, exact: int) -> dict[str, Any]:
    N, d = X.shape
    copies, products = [copy_bandwidth(X.dtype)], [product_speed(N, X.dtype)]
    started = perf_counter()
    blocked = blocked_greedy(X, k, RBF())
    ours = perf_counter() - started
    products.append(product_speed(N, X.dtype))
    copies.append(copy_bandwidth(X.dtype))
    loop, seconds, bytes_read = textbook_loop(X, k)
    copies.append(copy_bandwidth(X.dtype))
    same = blocked.order == loop
    if X.dtype == np.float64 and not same[:exact].all():
        raise AssertionError(f"picks differ from the loop at {int(np.argmin(same))}")
    return {
        "rows": N,
        "dimensions": d,
        "picks": k,
        "first_difference": None if same.all() else int(np.argmin(same)),
        "overlap": len(np.intersect1d(blocked.order, loop)) / k,
        "smallest_margin": blocked.smallest_margin,
        "seconds_blocked": ours,
        "seconds_loop": seconds,
        "ratio": seconds / ours,
        "copy_gb_per_s": max(copies),
        "loop_gb_per_s": bytes_read / seconds / 1e9,
        "loop_share_of_copy": bytes_read / seconds / 1e9 / max(copies),
        "product_gflop_per_s": max(products),
        "blocked_gflop_per_s": operations(N, k, d) / ours / 1e9,
    }


def _large_in_a_child(path: Path, dtype: str, k: int) -> dict[str, Any]:
    """One large selection in a process of its own, between measurements of the product."""
    N = np.load(path, mmap_mode="r").shape[0]
    before = product_speed(N, np.dtype(dtype))
    child = [sys.executable, "-m", "benches.greedy", str(path), dtype, str(k)]
    large = json.loads(subprocess.run(child, capture_output=True, check=True).stdout)
    best = max(before, product_speed(N, np.dtype(dtype)))
    share = large["blocked_gflop_per_s"] / best
    return {**large, "product_gflop_per_s": best, "share_of_product": share}


def operations(N: int, k: int, d: int) -> float:
    """Floating-point operations that the selection cannot do without: none on picked rows."""
    return N * k**2 - 2 * k**3 / 3 + 2 * N * k * d - k**2 * d


def textbook_loop(X: np.ndarray, k: int) -> tuple[np.ndarray, float, float]:
    """Picks, seconds and bytes read of the loop of greedy/reference.py, made as fast as it gets.

    The factor is one matrix allocated and touched beforehand, BLAS runs on all threads, and the
    kernel row, residuals and scores are updated in place.
    """
    N, d = X.shape
    kernel = RBF()
    rules = make_rules(kernel, X, None, 0.0)
    factor = np.zeros((k, N), X.dtype)
    factor += 0  # touch every page before the clock starts
    d2 = rules.diagonal.copy()
    row, product = np.empty(N, X.dtype), np.empty(N, X.dtype)
    order = np.empty(k, dtype=np.int64)
    started = perf_counter()
    for t in range(k):
        j = int(np.argmax(rules.scores(d2)))
        order[t] = j
        kernel.block(X[j : j + 1], X, out=row[None])
        np.matmul(factor[:t, j].copy(), factor[:t], out=product)
        row -= product
        row /= np.sqrt(d2[j])
        factor[t] = row
        d2 -= np.square(row)
        d2[j] = 0.0
    seconds = perf_counter() - started
    return order, seconds, X.itemsize * N * (k * (k - 1) / 2 + k * d)


def copy_bandwidth(dtype: Any) -> float:
    """Best copy of a large array by all threads, bytes read and written, GB/s."""
    source = np.ones((available_workers(), 2**27 // np.dtype(dtype).itemsize), dtype)
    target = np.empty_like(source)
    best = np.inf
    with ThreadPoolExecutor(len(source)) as pool:
        for _ in range(5):
            started = perf_counter()
            list(pool.map(np.copyto, target, source))
            best = min(best, perf_counter() - started)
    return 2 * source.nbytes / best / 1e9


def product_speed(N: int, dtype: Any) -> float:
    """Best product of 256 x 5,000 by 5,000 x N on all threads, GFLOP/s."""
    left = np.ones((256, 5_000), dtype)
    right = np.ones((5_000, N), dtype)
    out = np.empty((256, N), dtype)
    best = np.inf
    for _ in range(5):
        started = perf_counter()
        np.matmul(left, right, out=out)
        best = min(best, perf_counter() - started)
    return 2 * 256 * 5_000 * N / best / 1e9


def _large(path: str, dtype: str, k: int) -> dict[str, Any]:
    """One large selection: time, speed and peak memory above what the process needs anyway."""
    X = unit_rows(np.load(path, mmap_mode="r"), dtype)
    N, d = X.shape
    with threadpool_limits(available_workers()):
        blocked_greedy(X[:5_000], 300, RBF())  # libraries loaded, buffers of BLAS taken
    base = peak_bytes() - X.nbytes
    started = perf_counter()
    blocked_greedy(X, k, RBF())
    seconds = perf_counter() - started
    peak = peak_bytes() - base
    needed = N * k * X.itemsize + X.nbytes
    return {
        "picks": k,
        "seconds": seconds,
        "blocked_gflop_per_s": operations(N, k, d) / seconds / 1e9,
        "peak_gib": peak / 2**30,
        "needed_gib": needed / 2**30,
        "peak_over_needed": peak / needed,
        "base_gib": base / 2**30,
    }


def _print(dtype: str, result: dict[str, Any]) -> None:
    r, large = result, result["large"]
    same = (
        "all picks equal"
        if r["first_difference"] is None
        else (f"first difference at pick {r['first_difference']:,}, overlap {r['overlap']:.1%}")
    )
    print(
        f"{dtype}: {r['rows']:,} x {r['dimensions']}, k = {r['picks']:,}: {same}\n"
        f"  blocked {r['seconds_blocked']:.1f} s, loop {r['seconds_loop']:.1f} s: "
        f"{r['ratio']:.1f} times faster\n"
        f"  loop {r['loop_gb_per_s']:.1f} GB/s, {r['loop_share_of_copy']:.0%} of the copy "
        f"bandwidth of {r['copy_gb_per_s']:.1f} GB/s\n"
        f"  k = {large['picks']:,}: {large['seconds']:.1f} s, "
        f"{large['blocked_gflop_per_s']:.0f} GFLOP/s, {large['share_of_product']:.0%} of the best "
        f"product ({large['product_gflop_per_s']:.0f})\n"
        f"  peak memory {large['peak_gib']:.2f} GiB, {large['peak_over_needed']:.2f} of factor and "
        f"features ({large['needed_gib']:.2f}), above {large['base_gib']:.2f} GiB of libraries",
        flush=True,
    )


if __name__ == "__main__":
    print(json.dumps(_large(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
