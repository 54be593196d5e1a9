"""Lists of messages as turns: who speaks, what is said, and what else a message holds.

Nothing that the assistant wrote is lost: reasoning, tool calls and content parts of unknown types
become part of the turn's text, the last two as JSON. Pictures, sound and files are no text and are
passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from spanset.data.conversation import Conversation, Turn
from spanset.data.formats.texts import (
    Row,
    RowError,
    kind_of,
    list_of,
    parsed_json,
    text_of,
    written,
)

Message = Mapping[str, Any]

ROLE_NAMES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "prompter": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "bot": "assistant",
    "chatgpt": "assistant",
    "bing": "assistant",
    "bard": "assistant",
    "model": "assistant",
    "function_call": "assistant",
    "tool_call": "assistant",
    "tool": "tool",
    "ipython": "tool",
    "function": "tool",
    "function_response": "tool",
    "tool_response": "tool",
    "observation": "tool",
}

# Fields of a row that hold its system text, the first that says something counts.
SYSTEM = ("system", "system_prompt")

SAID = ("content", "value", "text")

# What stands beside a message's content: fields of the message, in the order they are written.
BEFORE = ("reasoning_content", "reasoning", "thinking")
AFTER = ("tool_calls", "function_call", "refusal")

# Types of content parts that hold no text.
MEDIA = ("image", "image_url", "input_image", "audio", "input_audio", "video", "video_url", "file")


def turns_in(row: Row, field: str, spoken_by: str = "role") -> list[Turn]:
    """Turns of the list of messages in a field, at least one.

    Parameters
    ----------
    spoken_by : {"role", "from"}
        Key of the speaker, for messages that have neither.
    """
    return turns_of(list_of(row[field], f"field {field!r}"), field, spoken_by)


def turns_of(messages: list[Any], place: str, spoken_by: str = "role") -> list[Turn]:
    """Turns of a list of messages, at least one; `place` names the list in errors."""
    turns = [
        turn_of(message, f"{place}[{number}]", spoken_by) for number, message in enumerate(messages)
    ]
    if not turns:
        raise RowError(f"{place}: no messages")
    return turns


def turn_of(message: Any, place: str, spoken_by: str = "role") -> Turn:
    """One message: role and content, or from and value."""
    if not isinstance(message, dict):
        raise RowError(f"{place} is {kind_of(message)}, expected an object")
    if spoken_by not in message:
        spoken_by = next((key for key in ("role", "from") if key in message), spoken_by)
    role = role_of(message, spoken_by, place)
    key = next((key for key in SAID if key in message), None)
    text = "" if key is None else _content(message[key], place)
    if len(message) > 2 or key is None:
        text = _with_extras(message, text)
    return Turn(role, text)


def role_of(message: Message, field: str, place: str) -> str:
    """Role that a message's speaker stands for."""
    name = message.get(field)
    role = ROLE_NAMES.get(name.lower()) if isinstance(name, str) else None
    if role is None:
        shown = f"{name!r}" if field in message else "missing"
        raise RowError(f"{place}.{field} is {shown}, expected one of {', '.join(ROLE_NAMES)}")
    return role


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


def _with_extras(message: Message, text: str) -> str:
    """The content between what was thought before it and what was called after it."""
    before = [written(message[key]) for key in BEFORE if _is_said(message.get(key))]
    after = [written(message[key]) for key in AFTER if _is_said(message.get(key))]
    return "\n".join([*before, *([text] if text else []), *after]) if before or after else text


def _is_said(value: Any) -> bool:
    """Whether an extra field says something: a true or a count does not."""
    return bool(value) and isinstance(value, (str, list, dict))


def _content(value: Any, place: str) -> str:
    """Text of a message: a string, or a list of parts."""
    if not isinstance(value, list):
        return text_of(value, place)
    return "\n".join(text for part in value for text in _part(part, place))


def _part(part: Any, place: str) -> Iterator[str]:
    """Text of one part of a content; nothing for pictures and the like."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict):
        kind = part.get("type", "text")
        said = part.get("text", part.get("value"))
        if kind == "text":
            if said is not None:
                yield text_of(said, place)
        elif isinstance(said, str):
            yield said
        elif isinstance(kind, str) and isinstance(part.get(kind), str) and kind not in MEDIA:
            yield part[kind]  # {"type": "thinking", "thinking": ...}
        elif kind not in MEDIA:
            yield written(part if said is None else said)
    elif part is not None:
        raise RowError(f"{place}: a part of the content is {kind_of(part)}, expected text")
