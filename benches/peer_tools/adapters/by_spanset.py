"""spanset, as a user of its Python interface calls it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from measured import main

import spanset

CACHE = tempfile.TemporaryDirectory()  # what a run before kept would be found
os.environ["XDG_CACHE_HOME"] = CACHE.name

Go = Callable[[], dict[str, Any]]


def repeats_of_vectors(inputs: Path) -> Go:
    X = np.load(inputs / "static.npy")
    spanset.select(X[:20], method="dedup")  # libraries are loaded

    def go() -> dict[str, Any]:
        return {"kept": spanset.select(X, method="dedup", threshold=0.95).order.tolist()}

    return go


def repeats_of_texts(inputs: Path) -> Go:
    def go() -> dict[str, Any]:
        data = spanset.read(inputs / "rows.jsonl", on_empty="keep")
        picks: Any = spanset.select(data, method="dedup")
        return {"kept": picks.order.tolist(), "kept at 0.9": picks.at(0.9).order.tolist()}

    few = spanset.read([{"instruction": "a", "output": "b"}, {"instruction": "c", "output": "d"}])
    spanset.select(few, method="dedup")  # libraries are loaded
    return go


def chosen(method: str, kernel: str, dtype: str, file: str = "vectors.npy") -> Callable[[Path], Go]:
    """A choice of k rows of the vectors."""

    def prepare(inputs: Path) -> Go:
        X, k = np.load(inputs / file), int((inputs / "k").read_text())
        options: dict[str, Any] = {"method": method, "kernel": kernel, "dtype": dtype}
        spanset.select(X[:300], 5, **options)
        return lambda: {"picks": spanset.select(X, k, **options).order.tolist()}

    return prepare


def deita(inputs: Path) -> Go:
    X = np.load(inputs / "vectors.npy")
    quality = np.load(inputs / "scores.npy")
    k = int((inputs / "k").read_text())
    spanset.select(X[:20], 5, method="deita", quality=np.log(quality[:20]))

    def go() -> dict[str, Any]:
        picks = spanset.select(X, k, method="deita", quality=np.log(quality))
        return {"picks": picks.order.tolist()}

    return go


def gradients(inputs: Path, sketch: Literal["fold", "none"], file: str) -> Go:
    """Of all linear layers; a sketch of none leaves gradients whole."""
    from spanset.config.model_settings import ModelConfig

    config = ModelConfig(
        targets="all-linear", hidden=False, device="cpu", sketch=sketch, batch_tokens=512
    )
    model = f"gradient:{inputs / 'model'}"
    few = spanset.read([{"instruction": "a b c", "output": "d e f"}])
    spanset.represent(few, model, model=config)  # libraries are loaded

    def go() -> dict[str, Any]:
        X = spanset.represent(spanset.read(inputs / file), model, model=config)
        if sketch == "none":
            rows = X.astype(np.float64)
            np.save(inputs / "exact-cosines-spanset.npy", rows @ rows.T)
            return {}
        np.save(inputs / "gradients-spanset.npy", X)
        stored = max(one.stat().st_size for one in Path(CACHE.name).rglob("features.npy"))
        return {"bytes": stored, "columns": X.shape[1]}

    return go


if __name__ == "__main__":
    main(
        {
            "repeats-of-vectors": repeats_of_vectors,
            "repeats-of-texts": repeats_of_texts,
            "facility": chosen("facility", "rbf", "float32"),
            "farthest": chosen("kcenter", "rbf", "float32"),
            "dpp-rbf": chosen("dpp", "rbf", "float64"),
            "dpp-linear": chosen("dpp", "linear", "float32"),
            "dpp-linear-all": chosen("dpp", "linear", "float32", "all-vectors.npy"),
            "deita": deita,
            "gradients": partial(gradients, sketch="fold", file="few.jsonl"),
            "gradients-exact": partial(gradients, sketch="none", file="fewer.jsonl"),
        }
    )
