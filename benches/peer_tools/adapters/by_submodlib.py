"""submodlib: three functions by their lazy greedy, given all similarities, whose making counts."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from measured import main

warnings.simplefilter("ignore", DeprecationWarning)  # of scipy's old names
import submodlib  # noqa: E402  # pyright: ignore[reportMissingImports]

OPTIONS: dict[str, dict[str, Any]] = {
    "FacilityLocationFunction": {"separate_rep": False},
    "LogDeterminantFunction": {"lambdaVal": 0.0},
    "DisparityMinFunction": {},
}


def chosen(inputs: Path, function: str, optimizer: str) -> Callable[[], dict[str, Any]]:
    X, k = np.load(inputs / "vectors.npy").astype(np.float64), int((inputs / "k").read_text())

    def picks(rows: np.ndarray, k: int) -> list[int]:
        similar = np.exp(-0.5 * (1.0 - rows @ rows.T))
        made = getattr(submodlib, function)(
            n=len(rows), mode="dense", sijs=similar, **OPTIONS[function]
        )
        found = made.maximize(
            budget=k,
            optimizer=optimizer,
            stopIfZeroGain=False,
            stopIfNegativeGain=False,
            show_progress=False,
        )
        return [row for row, _ in found]

    picks(X[:300], 5)
    return lambda: {"picks": picks(X, k)}


if __name__ == "__main__":
    main(
        {
            "facility": partial(
                chosen, function="FacilityLocationFunction", optimizer="LazyGreedy"
            ),
            "dpp-rbf": partial(chosen, function="LogDeterminantFunction", optimizer="LazyGreedy"),
            # It is not submodular: lazy bounds do not hold.
            "farthest": partial(chosen, function="DisparityMinFunction", optimizer="NaiveGreedy"),
        }
    )
