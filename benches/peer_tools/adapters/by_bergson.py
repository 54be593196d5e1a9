"""bergson: projected gradients of every linear layer, as its command ``build`` stores them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from bergson import DataConfig, IndexConfig, load_gradients  # pyright: ignore
from bergson.build import build  # pyright: ignore[reportMissingImports]
from bergson.config.config import PreprocessConfig  # pyright: ignore[reportMissingImports]
from measured import main


def gradients(inputs: Path, projection: int, file: str) -> Callable[[], dict[str, Any]]:
    """Of the answers' tokens, summed; a projection of 0 leaves gradients whole."""

    def store(name: str, file: str) -> np.ndarray:
        place = inputs / f"bergson-{name}"
        shutil.rmtree(place, ignore_errors=True)
        settings = IndexConfig(
            run_path=str(place),
            model=str((inputs / "model").resolve()),
            precision="fp32",
            data=DataConfig(
                dataset=str(inputs / file), conversation_column="messages", truncation=True
            ),
            projection_dim=projection,
            token_batch_size=512,  # the model's context: it takes no more
        )
        build(settings, PreprocessConfig())
        return load_gradients(place)

    store("first", "fewer.jsonl")  # libraries are loaded

    def go() -> dict[str, Any]:
        stored = store("all", file)
        if projection:
            np.save(inputs / "gradients-bergson.npy", stored)
        else:
            rows = np.array(stored, np.float32)
            rows /= np.linalg.norm(rows, axis=1, keepdims=True)
            np.save(inputs / "exact-cosines-bergson.npy", rows.astype(np.float64) @ rows.T)
        return {"bytes": int(stored.nbytes), "columns": int(stored.shape[1])}

    return go


if __name__ == "__main__":
    main(
        {
            "gradients": partial(gradients, projection=16, file="few.jsonl"),
            "gradients-exact": partial(gradients, projection=0, file="fewer.jsonl"),
        }
    )
