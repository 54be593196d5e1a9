"""Rows by one part of them: prompts alone, or answers alone.

The rows stay the same; what they are read as, and told apart by, is the part. A row that lacks the
part stands for itself as a whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np

from spanset.data.conversation import Conversation
from spanset.data.dataset import Dataset
from spanset.data.formats.texts import Row

Part = Literal["prompt", "answer"]


def only_part(data: Dataset, part: Part) -> Dataset:
    """The rows (N), their conversations cut down to the user's turns, or to the answers."""
    formats = tuple(
        replace(format, turns=_cut_down(format.convert, part)) for format in data.formats
    )
    cut = replace(data, formats=formats)
    digests = b"".join(one.digest() for one in cut.conversations())
    return replace(cut, digests=np.frombuffer(digests, np.uint8).reshape(-1, 16))


def whole_again(cut: Dataset, data: Dataset, kept: np.ndarray) -> Dataset:
    """Rows of `only_part(data)`, at these positions of it, as wholes."""
    return replace(cut, formats=data.formats, digests=data.digests[kept])


def _cut_down(convert: Callable[[Row], Conversation], part: Part) -> Callable[[Row], Conversation]:
    def turns(row: Row) -> Conversation:
        whole = convert(row)
        wanted = [
            turn
            for turn in whole.turns
            if (turn.role == "user" if part == "prompt" else turn.is_answer)
        ]
        if not any(turn.text.strip() for turn in wanted):
            return whole
        return Conversation(tuple(wanted))

    return turns
