"""Token counts of a row: answer, context, all.

With a tokenizer they are its tokens, without special tokens and chat template. Without one they
are estimated as one token per four bytes of UTF-8, rounded up: near the truth for English prose,
too few for code, numbers and languages that a vocabulary does not know (measured in
docs/numerics.md). The order of the rows by length is nearly the tokenizer's, which is what a
quality needs.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from spanset.base.array_types import IntArray
from spanset.base.errors import UsageError
from spanset.base.extras import require
from spanset.data.dataset import Dataset
from spanset.data.encodable import encodable

APPROXIMATION = "UTF-8 bytes / 4, rounded up"
BYTES_PER_TOKEN = 4
BATCH = 1_000  # texts a call of the tokenizer

Counter = Callable[[list[str]], list[int]]


@dataclass(frozen=True)
class TokenCounts:
    """Tokens per row, and how they were counted.

    Attributes
    ----------
    input, output : (N,) int64
        Tokens of what the model is given and of what it is to write.
    method : str
        The tokenizer's name, or `APPROXIMATION`.
    """

    input: IntArray
    output: IntArray
    method: str

    @property
    def is_estimated(self) -> bool:
        """Whether no tokenizer counted them."""
        return self.method == APPROXIMATION

    @property
    def total(self) -> IntArray:
        """Tokens of the whole row; (N,) int64."""
        return self.input + self.output


def count_tokens(data: Dataset, tokenizer: str | None = None) -> TokenCounts:
    """Count the tokens of every row.

    Parameters
    ----------
    tokenizer : str, optional
        Name or folder of a Hugging Face tokenizer (needs the extra ``models``).
    """
    count = approximate if tokenizer is None else _load(tokenizer)
    pairs = ((talk.context, talk.answer) for talk in data.conversations())
    inputs: list[int] = []
    outputs: list[int] = []
    while batch := list(islice(pairs, BATCH)):
        inputs += count([context for context, _ in batch])
        outputs += count([answer for _, answer in batch])
    return TokenCounts(
        np.array(inputs, dtype=np.int64),
        np.array(outputs, dtype=np.int64),
        tokenizer or APPROXIMATION,
    )


def approximate(texts: list[str]) -> list[int]:
    """Estimated tokens of each text."""
    sizes = (len(t) if t.isascii() else len(t.encode("utf-8", "replace")) for t in texts)
    return [-(-size // BYTES_PER_TOKEN) for size in sizes]


def _load(name: str) -> Counter:
    """Counter of a Hugging Face tokenizer; code that a repository brings is not run."""
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    transformers = require("transformers", extra="models")
    try:
        tokenizer: Any = transformers.AutoTokenizer.from_pretrained(name, trust_remote_code=False)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            "the tokenizer cannot be loaded",
            where=f"--tokenizer {name}",
            why=str(error).strip().partition("\n")[0],
            fix="give a folder that holds tokenizer.json, or the name of a model on the hub",
        ) from error

    def count(texts: list[str]) -> list[int]:
        # Lone surrogates cannot be encoded; they count as the replacement character.
        encoded = tokenizer(list(map(encodable, texts)), add_special_tokens=False, verbose=False)
        return [len(ids) for ids in encoded["input_ids"]]

    return count
