"""How fast this machine multiplies: what estimates of time rest on."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np

from spanset.base.extras import require

SHAPE = (256, 2048, 8192)  # of the products: large enough to be bound by arithmetic


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
