"""datasketch: MinHash of runs of five words, and its index of bands."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from datasketch import MinHash, MinHashLSH  # pyright: ignore[reportMissingImports]
from measured import main

PERMUTATIONS, JACCARD, RUN = 256, 0.7, 5  # as Data-Juicer's defaults


def repeats_of_texts(inputs: Path) -> Callable[[], dict[str, Any]]:
    """A row stays unless its estimate with one that stays reaches the threshold."""

    def go() -> dict[str, Any]:
        lines = (inputs / "rows.jsonl").read_text().splitlines()
        runs = [_runs(json.loads(line)) for line in lines]
        index = MinHashLSH(threshold=JACCARD, num_perm=PERMUTATIONS)
        kept: dict[int, MinHash] = {}
        for row, made in enumerate(MinHash.generator(runs, num_perm=PERMUTATIONS)):
            near = index.query(made)
            if not any(kept[other].jaccard(made) >= JACCARD for other in near):
                index.insert(row, made, check_duplication=False)
                kept[row] = made
        return {"kept": list(kept)}

    return go


def _runs(row: dict[str, str]) -> list[bytes]:
    words = " ".join((row["instruction"], row["input"], row["output"])).lower().split()
    count = max(1, len(words) - RUN + 1)
    return list({" ".join(words[at : at + RUN]).encode() for at in range(count)})


if __name__ == "__main__":
    main({"repeats-of-texts": repeats_of_texts})
