"""text-dedup's command for MinHash, with its start; runs of five words, as the others."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from datasets import load_from_disk
from measured import main

OPTIONS = "--split train --column text --idx_column row --num_proc 1 --ngram 5 --num_perm 256"


def repeats_of_texts(inputs: Path) -> Callable[[], dict[str, Any]]:
    """From the file, as one column of text, to the rows that are kept."""
    folder = inputs / "text-dedup"
    folder.mkdir(exist_ok=True)
    lines = (inputs / "rows.jsonl").read_text().splitlines()
    texts = [" ".join(json.loads(line).values()) for line in lines]
    rows = [json.dumps({"row": row, "text": text}) + "\n" for row, text in enumerate(texts)]
    (folder / "texts.jsonl").write_text("".join(rows))
    command = [sys.executable, "-m", "text_dedup.minhash", "--path", "json", *OPTIONS.split()]
    command += ["--data_files", str(folder / "texts.jsonl"), "--output", str(folder / "kept")]
    command += ["--cache_dir", str(folder / "cache"), "--batch_size", "10000"]

    def go() -> dict[str, Any]:
        subprocess.run([*command, "--threshold", "0.7"], check=True, capture_output=True)
        return {"kept": list(load_from_disk(str(folder / "kept"))["row"])}

    return go


if __name__ == "__main__":
    main({"repeats-of-texts": repeats_of_texts})
