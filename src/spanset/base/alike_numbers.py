"""Numbers of one kind, written alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

MOST = 6  # digits behind the point


def alike(values: Sequence[float] | npt.NDArray[Any], most: int = MOST) -> list[str]:
    """Numbers to three digits of the largest; "-" for what is none.

    Very large and very small ones are written with an exponent.
    """
    numbers = np.asarray(values, np.float64)
    finite = np.abs(numbers[np.isfinite(numbers)])
    largest = float(finite.max()) if len(finite) else 0.0
    if len(finite) < len(numbers) and np.isinf(numbers).any():
        largest = float("inf")
    if not np.isfinite(largest) or (largest and not 1e-4 <= largest < 1e7):
        return ["-" if not np.isfinite(value) else f"{value:.3g}" for value in numbers]
    digits = int(np.clip(2 - np.floor(np.log10(largest)), 0, most)) if largest else 0
    return ["-" if not np.isfinite(value) else f"{value:,.{digits}f}" for value in numbers]
