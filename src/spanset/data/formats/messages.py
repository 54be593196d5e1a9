"""Lists of messages as turns, and the formats that are such lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spanset.data.conversation import Conversation, Turn
from spanset.data.formats.marks import LIST, mask_of
from spanset.data.formats.texts import Row, RowError, list_of, parsed_json, text_of
from spanset.data.formats.turns import AFTER, ROLE_NAMES, SAID, merged_calls, turn_of

# Fields of a row that hold its system text, the first that says something counts.
SYSTEM = ("system", "system_prompt")


def turns_in(row: Row, field: str, spoken_by: str = "role") -> list[Turn]:
    """Turns of the list of messages in a field, at least one; a list of marks beside it counts.

    Parameters
    ----------
    spoken_by : {"role", "from"}
        Key of the speaker, for messages that have neither.
    """
    messages = list_of(row[field], f"field {field!r}")
    if LIST not in row:
        return turns_of(messages, field, spoken_by)
    return turns_of(messages, field, spoken_by, mask_of(row, len(messages)))


def turns_of(
    messages: list[Any],
    place: str,
    spoken_by: str = "role",
    trained: list[bool] | None = None,
) -> list[Turn]:
    """Turns of a list of messages, at least one; `place` names the list in errors."""
    turns = [
        turn_of(message, f"{place}[{number}]", spoken_by) for number, message in enumerate(messages)
    ]
    if not turns:
        raise RowError(f"{place}: no messages")
    if trained is not None:
        turns = [
            turn
            if is_trained or turn.untrained or turn.role != "assistant"
            else turn._replace(untrained=f"{LIST}: 0")
            for turn, is_trained in zip(turns, trained, strict=True)
        ]
    return merged_calls(turns, messages, spoken_by)


def is_message(value: Any) -> bool:
    """Whether a value is an object with a speaker."""
    return isinstance(value, dict) and ("role" in value or "from" in value)


def messages_in(value: Any) -> list[Any] | None:
    """The messages that a value is: a list, one alone, or either as JSON text; None for text."""
    if isinstance(value, str):
        # A text may look like JSON and be meant as text: only messages of known speakers make it
        # one. Prompts that describe a "role" in JSON are about.
        parsed = parsed_json(value)
        spoken = parsed if isinstance(parsed, list) else [parsed]
        value = parsed if spoken and all(map(_is_spoken, spoken)) else None
    if is_message(value):
        return [value]
    return value if isinstance(value, list) else None


def system_turns(row: Row, fields: Sequence[str] = SYSTEM) -> list[Turn]:
    """The turn of the first of the system fields that says anything."""
    for field in fields:
        if field in row and (text := text_of(row[field], f"field {field!r}")):
            return [Turn("system", text)]
    return []


def dialogue_in(
    row: Row, field: str, spoken_by: str = "role", system: Sequence[str] = SYSTEM
) -> list[Turn]:
    """Turns of a list of messages, under the row's system text if the list has none itself."""
    before = system_turns(row, system)
    turns = turns_in(row, field, spoken_by)
    if before and all(turn.role != "system" for turn in turns):
        return before + turns
    return turns


def from_messages(row: Row) -> Conversation:
    """OpenAI / ChatML messages: a list of role and content, with an optional system field."""
    return Conversation(tuple(dialogue_in(row, "messages")))


def from_sharegpt(row: Row) -> Conversation:
    """ShareGPT conversations: a list of from and value, with an optional system field."""
    return Conversation(tuple(dialogue_in(row, "conversations", "from")))


def _is_spoken(value: Any) -> bool:
    """Whether a value is a message of a known speaker who says something."""
    if not is_message(value) or not any(key in value for key in (*SAID, *AFTER)):
        return False
    name = value.get("role", value.get("from"))
    return isinstance(name, str) and name.lower() in ROLE_NAMES
