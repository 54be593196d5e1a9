"""How fast this machine multiplies, and the time that a selection takes at that."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np

from spanset.base.extras import require

SHAPE = (256, 2048, 8192)  # of the products: large enough to be bound by arithmetic

# Of the greedy selection beside its matrix products: predictions, verification, bookkeeping.
OVERHEAD = 1.3

DISK = 1.5e9  # bytes a second of a solid-state disk: a guess, not measured


def greedy_seconds(
    n: int,
    k: int,
    d: int,
    dtype: str,
    given: int = 0,
    *,
    is_mixed: bool = False,
    block: int | None = None,
) -> float:
    """About how long the greedy selection of `k` of `n` rows takes, on the processor.

    Mixed: with the factor in float32, what decides in `dtype` (see greedy/mixed.py). `block`: picks
    for which a factor that is in a file, written once, is read once; None where it is in memory.
    """
    t = k + given
    # Columns of picked rows are let go of.
    products = OVERHEAD * t * (n * (t + 2 * d) - min(t, n) * (2 * t / 3 + d))
    moving = 0.0
    if block is not None:
        numbers = n * t * (1 + t / 2 / block)
        moving = np.dtype("float32" if is_mixed else dtype).itemsize * numbers / DISK
    if not is_mixed:
        return products / products_per_second(dtype) + moving
    exact = OVERHEAD * t**3 / 3  # each pick's own column, solved once
    return products / products_per_second("float32") + exact / products_per_second(dtype) + moving


def products_per_second(dtype: str, device: str = "cpu") -> float:
    """Floating-point operations a second in a matrix product, measured for a moment."""
    rows, inner, columns = SHAPE
    multiply = _on_host(dtype) if device == "cpu" else _on_device(dtype, device)
    best = np.inf
    for _ in range(3):
        started = perf_counter()
        multiply()
        best = min(best, perf_counter() - started)
    return 2 * rows * inner * columns / best


def _on_host(dtype: str) -> Any:
    rows, inner, columns = SHAPE
    left, right = np.ones((rows, inner), dtype), np.ones((inner, columns), dtype)
    return lambda: np.matmul(left, right)


def _on_device(dtype: str, device: str) -> Any:
    torch = require("torch", extra="models")
    rows, inner, columns = SHAPE
    kind = getattr(torch, dtype)
    left = torch.ones((rows, inner), dtype=kind, device=device)
    right = torch.ones((inner, columns), dtype=kind, device=device)
    # Reading one number waits for the product.
    return lambda: torch.matmul(left, right)[0, 0].item()
