"""Rows that are a prompt without an answer: what evaluations and targets are made of.

Only read where an answer is not asked for: as training data they would be malformed.
"""

from __future__ import annotations

from typing import Any

from spanset.data.conversation import Conversation, Turn
from spanset.data.formats.field_names import GUESSED_PROMPTS, PROMPTS
from spanset.data.formats.messages import system_turns
from spanset.data.formats.registry import Format
from spanset.data.formats.texts import Row, RowError, text_of

TURNS = "turns"  # of MT-Bench (texts) and Arena-Hard (objects with a content): all the user's


def is_prompt(row: Row) -> bool:
    """Whether a row has one field that is known to hold prompts, or the user's turns."""
    return _field(row) is not None


def from_prompt(row: Row) -> Conversation:
    """The user's turns, under the row's system text."""
    field = _field(row)
    if field is None:
        raise RowError("no field that is known to hold a prompt")
    if field == TURNS:
        texts = [_said(one, f"turns[{number}]") for number, one in enumerate(row[TURNS])]
    else:
        texts = [text_of(row[field], f"field {field!r}")]
    return Conversation((*system_turns(row), *(Turn("user", text) for text in texts)))


def _field(row: Row) -> str | None:
    """Name of the field; none where there are several, or none."""
    turns = row.get(TURNS)
    if isinstance(turns, list) and turns:
        return TURNS
    names = [name for name in (*PROMPTS, *GUESSED_PROMPTS) if isinstance(row.get(name), str)]
    return names[0] if len(names) == 1 else None


def _said(turn: Any, place: str) -> str:
    return text_of(turn.get("content") if isinstance(turn, dict) else turn, place)


PROMPT_ROWS = Format(
    "prompt",
    "one prompt (prompt, question, instruction ...), or turns",
    tuple((name,) for name in (*PROMPTS, *GUESSED_PROMPTS, TURNS)),
    from_prompt,
    is_prompt,
)
