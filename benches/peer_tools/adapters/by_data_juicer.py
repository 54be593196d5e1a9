"""Data-Juicer's MinHash operator with its defaults, called as its own commands call operators."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from data_juicer.core.data import NestedDataset  # pyright: ignore[reportMissingImports]
from data_juicer.ops.deduplicator.document_minhash_deduplicator import (  # pyright: ignore
    DocumentMinhashDeduplicator,
)
from measured import main


def repeats_of_texts(inputs: Path) -> Callable[[], dict[str, Any]]:
    """From the file to the rows that are kept."""

    def kept(lines: list[str]) -> list[int]:
        rows = NestedDataset.from_list(
            [
                {"row": row, "text": " ".join(json.loads(line).values())}
                for row, line in enumerate(lines)
            ]
        )
        operator = DocumentMinhashDeduplicator()
        hashed = rows.map(operator.compute_hash, num_proc=1, load_from_cache_file=False)
        return list(operator.process(hashed)[0]["row"])

    path = inputs / "rows.jsonl"
    kept(path.read_text().splitlines()[:20])  # libraries are loaded
    return lambda: {"kept": kept(path.read_text().splitlines())}


if __name__ == "__main__":
    main({"repeats-of-texts": repeats_of_texts})
