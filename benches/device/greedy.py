"""Predict and verify on a GPU beside the textbook loop on the same GPU, in torch.

50,000 unit rows of 4,096 dimensions in clusters, drawn with a seed. Per dtype: the device's best
matrix product; the engine and the loop for k = 10,000, the picks compared; the engine for the full
order, k = N, beside what the loop would take by the bytes it reads, at the speed it had for 10,000.
The engine's time counts the copy of the features to the device, the loop's does not. The product
is measured before, between and after, since clocks drift; the best counts.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np

from benches.device.profiles import profiled
from benches.greedy import operations
from spanset.base.devices import free_bytes
from spanset.base.errors import SpansetError
from spanset.base.extras import require
from spanset.base.unit_rows import unit_rows
from spanset.greedy.blocked import blocked_greedy
from spanset.kernels.rbf import RBF

GAMMA = 0.25
EXACT = 200  # picks that must agree in float64: later, unrounded ties may part the loop


def part(place: Any, device: str, dtype: str, *, quick: bool) -> Callable[[], Any]:
    """The engine in one dtype, beside the loop on the same device."""

    def measured() -> tuple[dict[str, Any], str]:
        N, d, k, side = (2_000, 64, 300, 512) if quick else (50_000, 4_096, 10_000, 8_192)
        # The full order holds N^2 numbers, the loop k N more.
        while not quick and (N * (N + k + d) * np.dtype(dtype).itemsize) > 0.9 * free_bytes(place):
            N, k = N // 2, k // 2
        name = _engine_device(device)
        blocked_greedy(clustered_rows(1_000, 16), 300, RBF(GAMMA), device=name)  # libraries loaded
        X = clustered_rows(N, d).astype(dtype)
        found = _measure(X, k, name, place, side)
        _print(dtype, found)
        record, text = profiled(
            lambda: blocked_greedy(X, k // 5, RBF(GAMMA), device=name), place.type
        )
        return {**found, "profile": {"picks": k // 5, **record}}, text

    return measured


def selection_part(device: str, *, quick: bool) -> Callable[[], Any]:
    """`spanset.select` of 5,000 of 26,000 x 4,096, twice: what the first call pays once."""

    def measured() -> tuple[dict[str, Any], str]:
        import spanset

        N, d, k = (500, 32, 100) if quick else (26_000, 4_096, 5_000)
        X, seconds = clustered_rows(N, d), []
        for _ in range(2):
            started = perf_counter()
            spanset.select(X, k=k, device=device)
            seconds.append(perf_counter() - started)
        print(f"select {k:,} of {N:,} x {d:,}: {seconds[0]:.2f} s, then {seconds[1]:.2f} s")
        return {"rows": N, "dimensions": d, "picks": k, "seconds": seconds}, ""

    return measured


def _engine_device(device: str) -> str:
    """Torch without a card, to try that path."""
    return "torch:cpu" if device == "cpu" else device


def place_of(device: str, *, quick: bool) -> Any:
    """The torch device, or an end with one line that says why not."""
    if not quick and not device.startswith("cuda"):
        raise SystemExit(f"device: {device} is no GPU: add --quick, or use --device cuda")
    try:
        require("torch", extra="models")
        from spanset.base.devices import resolve_device

        return resolve_device(_engine_device(device))
    except SpansetError as error:
        hint = "try --device cpu --quick"
        raise SystemExit(f"device: {error.what} ({error.why or error.fix}); {hint}") from None


def clustered_rows(N: int, d: int) -> np.ndarray:
    """Unit rows around N / 50 centres, at a cosine of about 0.7 to them; (N, d) float32."""
    rng = np.random.default_rng(0)
    centres = unit_rows(rng.standard_normal((N // 50, d), dtype=np.float32), np.float32)
    noise = rng.standard_normal((N, d), dtype=np.float32) / np.float32(np.sqrt(d))
    return unit_rows(centres[rng.integers(0, len(centres), N)] + noise, np.float32)


def _measure(X: np.ndarray, k: int, device: str, place: Any, side: int) -> dict[str, Any]:
    import torch

    from spanset.base.devices import full_precision

    N, d = X.shape
    with full_precision():
        products = [product_speed(place, X.dtype, side)]
        engine, seconds = _timed_engine(X, k, device)
        products.append(product_speed(place, X.dtype, side))
        loop, loop_seconds = textbook_loop(torch.from_numpy(X).to(place), k)
        products.append(product_speed(place, X.dtype, side))
        _, full_seconds = _timed_engine(X, N, device)
        products.append(product_speed(place, X.dtype, side))
    same = engine.order == loop
    if X.dtype == np.float64 and not same[:EXACT].all():
        raise AssertionError(f"picks differ from the loop at {int(np.argmin(same))}")
    best = max(products)
    read = bytes_read(N, k, d, X.itemsize) / loop_seconds
    full_loop = bytes_read(N, N, d, X.itemsize) / read
    return {
        "rows": N,
        "dimensions": d,
        "product_tflop_per_s": best,
        "first": {
            "picks": k,
            "first_difference": None if same.all() else int(np.argmin(same)),
            "overlap": len(np.intersect1d(engine.order, loop)) / k,
            **_speed(N, k, d, seconds, best),
            "seconds_loop": loop_seconds,
            "loop_gb_per_s": read / 1e9,
            "ratio": loop_seconds / seconds,
        },
        "full": {
            "picks": N,
            **_speed(N, N, d, full_seconds, best),
            "seconds_loop_estimated": full_loop,
            "ratio_estimated": full_loop / full_seconds,
        },
    }


def _timed_engine(X: np.ndarray, k: int, device: str) -> tuple[Any, float]:
    """The engine's selection and its seconds, from features on the host to picks on the host."""
    started = perf_counter()
    found = blocked_greedy(X, k, RBF(GAMMA), device=device)
    seconds = perf_counter() - started
    if len(found) < k:
        raise AssertionError(f"only {len(found):,} of {k:,} picks: {found.stop_reason}")
    return found, seconds


def _speed(N: int, k: int, d: int, seconds: float, best: float) -> dict[str, float]:
    tflop_per_s = operations(N, k, d) / seconds / 1e12
    return {"seconds": seconds, "tflop_per_s": tflop_per_s, "share_of_product": tflop_per_s / best}


def bytes_read(N: int, k: int, d: int, itemsize: int) -> float:
    """What the loop cannot do without: the factor so far and the features, once a pick."""
    return itemsize * N * (k * (k - 1) / 2 + k * d)


def textbook_loop(X: Any, k: int) -> tuple[np.ndarray, float]:
    """Picks and seconds of the loop of Chen, Zhang and Zhou (2018), with nothing to wait for.

    The pick stays on the device as a tensor of one number, so that the host only queues work; the
    factor is allocated and touched before the clock starts.
    """
    import torch

    N = len(X)
    factor = torch.zeros((k, N), dtype=X.dtype, device=X.device)
    d2 = torch.ones(N, dtype=torch.float64, device=X.device)
    order = torch.empty(k, dtype=torch.int64, device=X.device)
    _synchronise(X.device)
    started = perf_counter()
    for t in range(k):
        j = torch.argmax(d2, keepdim=True)  # the lowest index among equals
        order[t : t + 1] = j
        row = torch.mv(X, X.index_select(0, j)[0])
        row.sub_(1.0).mul_(2.0 * GAMMA).exp_()
        row.addmv_(factor[:t].T, factor[:t].index_select(1, j)[:, 0], alpha=-1.0)
        row /= d2.index_select(0, j).sqrt()
        factor[t] = row
        d2 -= row.square()
        d2.index_fill_(0, j, -torch.inf)
    picks = order.cpu().numpy()
    return picks, perf_counter() - started


def product_speed(place: Any, dtype: Any, side: int) -> float:
    """Best product of two square matrices, TFLOP/s."""
    import torch

    left = torch.ones((side, side), dtype=getattr(torch, np.dtype(dtype).name), device=place)
    out = torch.empty_like(left)
    best = np.inf
    for _ in range(5):
        _synchronise(place)
        started = perf_counter()
        torch.matmul(left, left, out=out)
        _synchronise(place)
        best = min(best, perf_counter() - started)
    return 2 * side**3 / best / 1e12


def _synchronise(place: Any) -> None:
    import torch

    if place.type == "cuda":
        torch.cuda.synchronize(place)


def described(place: Any) -> dict[str, Any]:
    import torch

    if place.type != "cuda":
        return {"name": "torch on the processor", "torch": torch.__version__}
    properties = torch.cuda.get_device_properties(place)
    return {
        "name": properties.name,
        "memory_gib": round(properties.total_memory / 2**30, 1),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
    }


def _print(dtype: str, result: dict[str, Any]) -> None:
    first, full = result["first"], result["full"]
    same = (
        "all picks equal"
        if first["first_difference"] is None
        else f"first difference at pick {first['first_difference']:,}, overlap "
        f"{first['overlap']:.1%}"
    )
    print(
        f"{dtype}: {result['rows']:,} x {result['dimensions']:,}; best product "
        f"{result['product_tflop_per_s']:.3g} TFLOP/s\n"
        f"  k = {first['picks']:,}: {same}; engine {_told(first)}\n"
        f"    loop {first['seconds_loop']:.3g} s ({first['loop_gb_per_s']:.0f} GB/s), "
        f"{first['ratio']:.1f} times the engine's\n"
        f"  k = {full['picks']:,}: engine {_told(full)}\n"
        f"    loop {full['seconds_loop_estimated']:.3g} s, {full['ratio_estimated']:.1f} times the "
        f"engine's: estimated from its first {first['picks']:,} picks by the bytes it reads",
        flush=True,
    )


def _told(speed: dict[str, Any]) -> str:
    return (
        f"{speed['seconds']:.3g} s, {speed['tflop_per_s']:.3g} TFLOP/s, "
        f"{speed['share_of_product']:.0%} of the product"
    )
