"""DPPy: one exact draw of a k-DPP; it has no greedy maximisation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from dppy.finite_dpps import FiniteDPP  # pyright: ignore[reportMissingImports]
from measured import main


def dpp_linear(inputs: Path) -> Callable[[], dict[str, Any]]:
    X, k = np.load(inputs / "vectors.npy").astype(np.float64), int((inputs / "k").read_text())

    def go() -> dict[str, Any]:
        process = FiniteDPP("likelihood", L_gram_factor=X.T)
        picks = process.sample_exact_k_dpp(size=k, random_state=0)
        return {"picks": [int(row) for row in picks]}

    return go


if __name__ == "__main__":
    main({"dpp-linear": dpp_linear})
