"""The turns of a row as messages in the form that a chat template takes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from spanset.data.conversation import Turn, content_texts

Message = dict[str, Any]


class Form(NamedTuple):
    """What content may be: a text, a list of parts, or either."""

    text: bool
    parts: bool


def from_turns(turns: Iterable[Turn]) -> list[Message]:
    """Messages of the turns; lone surrogates become question marks."""
    return [
        {"role": turn.role, "content": without_surrogates(turn.text)}
        if turn.structure is None
        else without_surrogates(dict(turn.structure))
        for turn in turns
    ]


def as_taken(
    messages: Sequence[Message], form: Form, arguments_as_text: bool = False
) -> list[Message]:
    """The messages with content, and arguments of tool calls, in the form taken."""
    return [_as_taken(message, form, arguments_as_text) for message in messages]


def _as_taken(message: Message, form: Form, arguments_as_text: bool) -> Message:
    content = message["content"]
    if isinstance(content, str):
        if not form.text:
            message = {**message, "content": [{"type": "text", "text": content}] if content else []}
    elif not form.parts:
        message = {**message, "content": "\n".join(content_texts(content))}
    if arguments_as_text and "tool_calls" in message:
        message = {**message, "tool_calls": [_with_text(call) for call in message["tool_calls"]]}
    return message


def _with_text(call: dict[str, Any]) -> dict[str, Any]:
    """A tool call with its arguments as JSON text."""
    function = call["function"]
    if isinstance(function["arguments"], str):
        return call
    written = json.dumps(function["arguments"], ensure_ascii=False)
    return {**call, "function": {**function, "arguments": written}}


def without_surrogates(value: Any) -> Any:
    """A value of JSON's types with a question mark for every lone surrogate."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {without_surrogates(key): without_surrogates(one) for key, one in value.items()}
    if isinstance(value, list):
        return [without_surrogates(one) for one in value]
    return value
