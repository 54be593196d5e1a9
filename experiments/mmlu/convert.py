"""MMLU's zip archive of CSV files without header lines, as the JSON Lines of mmlu_local.yaml.

    python experiments/mmlu/convert.py path/to/mmlu.zip

writes data/test.jsonl beside this file: the questions of all subjects, subjects in the order of
their names. `spanset trial` reads that file both ways, as questions and through lm-eval.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

HERE = Path(__file__).parent


def questions(archive: Path, split: str) -> Iterator[dict[str, Any]]:
    """Rows of a split, with fields as on the hub."""
    ending = f"_{split}.csv"
    with zipfile.ZipFile(archive) as files:
        names = [name for name in files.namelist() if PurePosixPath(name).name.endswith(ending)]
        for name in sorted(names, key=lambda name: PurePosixPath(name).name):
            text = io.StringIO(files.read(name).decode("utf-8"), newline="")
            for question, *choices, letter in csv.reader(text):
                yield {
                    "question": question,
                    "subject": PurePosixPath(name).name.removesuffix(ending),
                    "choices": choices,
                    "answer": "ABCD".index(letter),
                }


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description="MMLU's archive as JSON Lines.")
    parser.add_argument("archive", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=HERE / "data" / "test.jsonl")
    parser.add_argument("--split", default="test", help="test, val or dev")
    given = parser.parse_args()
    lines = [json.dumps(row, ensure_ascii=False) for row in questions(given.archive, given.split)]
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    print(f"{len(lines):,} questions in {given.output}")


if __name__ == "__main__":
    main()
