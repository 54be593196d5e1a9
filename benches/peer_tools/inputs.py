"""What all tools get: the same rows and the same vectors, in a folder.

rows.jsonl        all rows of Alpaca, then the planted copies, in random order of kinds
static.npy        spanset's static features of Alpaca's rows, (52,002, 768) float32
all-vectors.npy   MiniLM embeddings of Alpaca's rows, (52,002, 384) float32, unit rows
vectors.npy       5,000 of those, drawn at random
scores.npy, k     a positive score of each of the 5,000; how many are to be picked
table.npy, tokenizer.json   the table of vectors of tokens that static features are made of
few.jsonl, fewer.jsonl, model   some rows as messages, the first of them, and the model for
                  their gradients
"""

from __future__ import annotations

import gzip
import json
import random
import re
from pathlib import Path

import numpy as np

import spanset
from spanset.base.unit_rows import unit_rows
from spanset.models.static_tables import StaticTable

SEED = 0
PLANTED = 300  # of each kind
FEWER = 60  # rows whose gradients are kept whole: 19 MB each
LONG_ENOUGH, SENTENCES = 30, 3  # words and sentences of an answer that is copied
SENTENCE_END = r"(?<=[.!?])\s+"

Row = dict[str, str]
Planted = dict[str, list[tuple[int, int]]]  # by kind: a row, and its copy


def make(data: Path, folder: Path, *, quick: bool) -> Planted:
    """Write all of them; rows that were planted, by kind."""
    rows: list[Row] = json.loads(gzip.decompress((data / "alpaca_data.json.gz").read_bytes()))
    rows = rows[:3_000] if quick else rows
    planted, copies = plant(rows, 30 if quick else PLANTED)
    lines = [json.dumps(row, ensure_ascii=True) + "\n" for row in [*rows, *copies]]
    (folder / "rows.jsonl").write_text("".join(lines))
    np.save(folder / "static.npy", spanset.represent(spanset.read(rows, on_empty="keep")))
    _vectors(data, folder, len(rows), n=500 if quick else 5_000, k=30 if quick else 300)
    table = StaticTable.load("")
    np.save(folder / "table.npy", table.vectors)
    table.tokenizer.save(str(folder / "tokenizer.json"))
    _few(data, folder, rows, 16 if quick else 300)
    return planted


def plant(rows: list[Row], n: int) -> tuple[Planted, list[Row]]:
    """Copies of long rows, n of a kind, that stand behind the rows."""
    rng = random.Random(SEED)
    long = [
        place
        for place, row in enumerate(rows)
        if len(row["output"].split()) >= LONG_ENOUGH
        and len(re.findall(SENTENCE_END, row["output"])) >= SENTENCES - 1
    ]
    words = sorted({word for place in long[:2_000] for word in rows[place]["output"].split()})
    kinds = {
        "capitals and wider blanks": lambda row: _mapped(row, _capitals),
        "one word in twenty replaced": lambda row: _mapped(row, _replacing(words, 0.05, rng)),
        "one word in five replaced": lambda row: _mapped(row, _replacing(words, 0.2, rng)),
        "sentences of the answer in reverse": lambda row: {
            **row, "output": " ".join(reversed(re.split(SENTENCE_END, row["output"])))
        },
    }  # fmt: skip
    copies: list[Row] = []
    planted: Planted = {}
    for name, change in kinds.items():
        chosen = rng.sample(long, n)
        planted[name] = [(place, len(rows) + len(copies) + i) for i, place in enumerate(chosen)]
        copies += [change(rows[place]) for place in chosen]
    return planted, copies


def _mapped(row: Row, change) -> Row:  # noqa: ANN001
    return {name: change(text) for name, text in row.items()}


def _capitals(text: str) -> str:
    return text.upper().replace(" ", "  ")


def _replacing(words: list[str], share: float, rng: random.Random):  # noqa: ANN202
    def change(text: str) -> str:
        return " ".join(
            rng.choice(words) if rng.random() < share else word for word in text.split(" ")
        )

    return change


def _vectors(data: Path, folder: Path, rows: int, *, n: int, k: int) -> None:
    X = unit_rows(np.load(data / "alpaca_minilm_384.npy", mmap_mode="r")[:rows], np.float32)
    drawn = np.sort(np.random.default_rng(SEED).choice(rows, n, replace=False))
    np.save(folder / "all-vectors.npy", X)
    np.save(folder / "vectors.npy", X[drawn])
    np.save(folder / "scores.npy", np.random.default_rng(SEED).permutation(n) + 1.0)
    (folder / "k").write_text(str(k))


def _few(data: Path, folder: Path, rows: list[Row], n: int) -> None:
    """Rows with an answer, as prompt and completion."""
    rng = random.Random(SEED)
    answered = [row for row in rows if row["output"].strip()]
    lines = []
    for row in rng.sample(answered, n):
        prompt = "\n".join(text for text in (row["instruction"], row["input"]) if text)
        messages = [
            {"role": "user", "content": prompt},
            {"role": "assistant", "content": row["output"]},
        ]
        lines.append(json.dumps({"messages": messages}) + "\n")
    (folder / "few.jsonl").write_text("".join(lines))
    (folder / "fewer.jsonl").write_text("".join(lines[:FEWER]))
    (folder / "model").symlink_to((data.parent / "models" / "tiny-llama-7m").resolve())
