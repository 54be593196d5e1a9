"""DEITA's own filter: best score first, unless too near to a row that is taken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import deita.pipeline  # noqa: F401 (else they import in a circle)  # pyright: ignore
import numpy as np
import pandas as pd
from deita.selection.filter import Combined_Filter  # pyright: ignore[reportMissingImports]
from measured import main


def best_first(inputs: Path) -> Callable[[], dict[str, Any]]:
    X, scores = np.load(inputs / "vectors.npy"), np.load(inputs / "scores.npy")
    k = int((inputs / "k").read_text())
    rows = pd.DataFrame(
        {
            "row": np.arange(len(X)),
            "embedding": list(X),
            "complexity_scores": [[score] for score in scores],  # a score a turn
            "quality_scores": [[1.0]] * len(X),
        }
    )
    peer = Combined_Filter(
        threshold=0.9,
        data_size=k,
        sort_key="complexity_scores,quality_scores",
        chunk_size=100_000,
        device="cpu",
    )
    peer.filter(rows[:20].copy())
    return lambda: {"picks": peer.filter(rows.copy())["row"].tolist()}


if __name__ == "__main__":
    main({"deita": best_first})
