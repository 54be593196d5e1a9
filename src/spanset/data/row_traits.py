"""What rows hold beside their words: turns, tools, reasoning, writing systems, values of fields.

One pass over the rows; what is kept is a few numbers a row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray
from spanset.data.conversation import REASONING, Conversation
from spanset.data.field_counts import FieldCounts
from spanset.data.rows import Rows
from spanset.data.writing_systems import writing_system

THOUGHT = "<think>"  # begins reasoning inside of an answer
DAMAGED = "\N{REPLACEMENT CHARACTER}"  # in place of what could not be decoded

Keys = npt.NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class RowTraits:
    """Traits of N rows.

    Attributes
    ----------
    answers : (N,) int64
        Answers in a row that a model is trained to write.
    turns : dict
        Role to turns.
    held : dict
        What some rows hold, in words, to how many rows do.
    systems : dict
        Writing system to rows whose letters are mostly of it.
    prompts, texts : (N,) uint64
        Equal for equal prompts, and for equal answers.
    damaged : int
        Rows with a character that stands for what could not be decoded.
    fields : FieldCounts
        Values of their fields.
    """

    answers: IntArray
    turns: dict[str, int]
    held: dict[str, int]
    systems: dict[str, int]
    prompts: Keys
    texts: Keys
    damaged: int
    fields: FieldCounts

    @property
    def empty(self) -> int:
        """What stands for an empty prompt or answer."""
        return _key("")

    @classmethod
    def of(cls, data: Rows) -> RowTraits:
        """Of every row; each is parsed once."""
        answers = np.zeros(len(data), np.int64)
        prompts, texts = np.zeros(len(data), np.uint64), np.zeros(len(data), np.uint64)
        turns, held, systems = Counter[str](), Counter[str](), Counter[str]()
        fields, damaged = FieldCounts(), 0
        for place, (number, row) in enumerate(zip(data.source.tolist(), data.rows(), strict=True)):
            talk = data.formats[number].convert(row)
            fields.add(row)
            text = talk.text
            answers[place] = sum(turn.is_answer for turn in talk.turns)
            prompts[place], texts[place] = _key(talk.prompt), _key(talk.answer)
            turns.update(turn.role for turn in talk.turns)
            held.update(_held(talk))
            systems[writing_system(text)] += 1
            damaged += DAMAGED in text
        return cls(
            answers,
            dict(turns),
            {name: held[name] for name in HELD if held[name]},
            dict(systems.most_common()),
            prompts,
            texts,
            damaged,
            fields,
        )


HELD = (
    "a system prompt",
    "several answers",
    "tools that can be called",
    "tool calls",
    "reasoning",
    "a rejected answer beside the chosen one",
    "a label, wanted or not",
    "pictures, sounds or files (not seen)",
    "no prompt",
)


def _held(talk: Conversation) -> Iterator[str]:
    """Those of `HELD` that a row has."""
    system, several, tools, calls, reasoning, rejected, label, media, promptless = HELD
    said = talk.turns + talk.rejected
    answers = [turn for turn in said if turn.role == "assistant"]
    if any(turn.role == "system" and turn.text.strip() for turn in said):
        yield system
    if sum(turn.is_answer for turn in talk.turns) > 1:
        yield several
    if talk.tools:
        yield tools
    if any(turn.role == "tool" or (turn.structure or {}).get("tool_calls") for turn in said):
        yield calls
    if any(_reasons(turn.structure or {}, turn.text) for turn in answers):
        yield reasoning
    if talk.rejected:
        yield rejected
    if talk.label is not None:
        yield label
    if talk.unseen or any(turn.unseen for turn in said):
        yield media
    if not talk.prompt.strip():
        yield promptless


def _reasons(structure: object, text: str) -> bool:
    """Whether an answer holds its reasoning."""
    beside = isinstance(structure, dict) and any(structure.get(name) for name in REASONING)
    return beside or THOUGHT in text


def _key(text: str) -> int:
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "little")
