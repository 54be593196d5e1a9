"""SemHash, and Pyversity, which it diversifies by."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from measured import main
from model2vec import StaticModel  # pyright: ignore[reportMissingImports]
from pyversity import diversify  # pyright: ignore[reportMissingImports]
from semhash import SemHash  # pyright: ignore[reportMissingImports]
from tokenizers import Tokenizer

Go = Callable[[], dict[str, Any]]


def repeats_of_vectors(inputs: Path, index: str) -> Go:
    """The vectors that spanset makes; `index` is exact (basic) or its usual one (usearch)."""
    X = np.load(inputs / "static.npy")
    names = [str(row) for row in range(len(X))]
    none: Any = None  # vectors are given

    def go() -> dict[str, Any]:
        peer = SemHash.from_embeddings(X, names, model=none, ann_backend=index)
        return {"kept": [int(name) for name in peer.self_deduplicate(0.95).selected]}

    return go


def repeats_of_texts(inputs: Path) -> Go:
    """From the file to the rows that are kept, by its threshold of 0.9; then at 0.95 as well."""
    tokenizer = Tokenizer.from_file(str(inputs / "tokenizer.json"))
    model: Any = StaticModel(np.load(inputs / "table.npy"), tokenizer, normalize=True)

    def go() -> dict[str, Any]:
        lines = (inputs / "rows.jsonl").read_text().splitlines()
        records = [json.loads(line) for line in lines]
        for row, record in enumerate(records):
            record["row"] = str(row)
        peer = SemHash.from_records(
            records, columns=["instruction", "input", "output"], model=model
        )
        found = peer.self_deduplicate()
        kept = [int(record["row"]) for record in found.selected]
        found.rethreshold(0.95)
        return {"kept": kept, "kept at 0.95": [int(record["row"]) for record in found.selected]}

    return go


def dpp(inputs: Path, file: str) -> Go:
    X, k = np.load(inputs / file), int((inputs / "k").read_text())
    alike = np.zeros(len(X), np.float32)
    diversify(X[:300], alike[:300], 5, strategy="dpp", diversity=1.0)

    def go() -> dict[str, Any]:
        found = diversify(X, alike, k, strategy="dpp", diversity=1.0)
        return {"picks": found.indices.tolist()}

    return go


if __name__ == "__main__":
    main(
        {
            "repeats-of-vectors": partial(repeats_of_vectors, index="usearch"),
            "repeats-of-vectors-exact": partial(repeats_of_vectors, index="basic"),
            "repeats-of-texts": repeats_of_texts,
            "dpp-linear": partial(dpp, file="vectors.npy"),
            "dpp-linear-all": partial(dpp, file="all-vectors.npy"),
        }
    )
