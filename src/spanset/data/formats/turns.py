"""One message as a turn: who speaks, what is said, and what else the message holds.

For words nothing that the assistant wrote is lost: reasoning, tool calls and content parts of
unknown types become part of the turn's text, the last two as JSON. For chat templates the same
stands in fields of its own. Pictures, sound and files are passed over, and counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from spanset.data.conversation import REASONING, Turn, content_texts
from spanset.data.formats.marks import MARKS, mark_of
from spanset.data.formats.texts import RowError, kind_of, text_of, written
from spanset.data.formats.tool_calls import calls_in, without_nulls

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
CALLERS = ("function_call", "tool_call")  # speakers whose text is a call of a tool
OWN_ROLES = ("developer",)  # speakers that templates know by this name

SAID = ("content", "value", "text")

# What stands beside a message's content: fields of the message, in the order they are written.
CALLS = ("tool_calls", "function_call")
AFTER = (*CALLS, "refusal")
NAMES = ("name", "tool_call_id")  # for templates only

# Types of content parts that hold no text.
MEDIA = ("image", "image_url", "input_image", "audio", "input_audio", "video", "video_url", "file")

_BEYOND = frozenset((*REASONING, *AFTER, *NAMES, *MARKS))  # what most messages do not have


def turn_of(message: Any, place: str, spoken_by: str = "role") -> Turn:
    """One message: role and content, or from and value."""
    if not isinstance(message, dict):
        raise RowError(f"{place} is {kind_of(message)}, expected an object")
    spoken_by = _speaker_in(message, spoken_by)
    role = role_of(message, spoken_by, place)
    key = next((key for key in SAID if key in message), None)
    value = None if key is None else message[key]
    speaker = message[spoken_by].lower()
    is_more = isinstance(value, list) or speaker in CALLERS or speaker in OWN_ROLES
    if not is_more and _BEYOND.isdisjoint(message):
        return Turn(role, text_of(value, place))
    content = _content(value, place)
    return Turn(
        role,
        _with_extras(message, content.text),
        _structure(message, role, speaker, content),
        mark_of(message, place) if role == "assistant" else "",
        content.unseen,
    )


def _speaker_in(message: Message, spoken_by: str) -> str:
    """The key of a message's speaker."""
    if spoken_by in message:
        return spoken_by
    return next((key for key in ("role", "from") if key in message), spoken_by)


def role_of(message: Message, field: str, place: str) -> str:
    """Role that a message's speaker stands for."""
    name = message.get(field)
    role = ROLE_NAMES.get(name.lower()) if isinstance(name, str) else None
    if role is None:
        shown = f"{name!r}" if field in message else "missing"
        raise RowError(f"{place}.{field} is {shown}, expected one of {', '.join(ROLE_NAMES)}")
    return role


def merged_calls(turns: list[Turn], messages: list[Any], spoken_by: str) -> list[Turn]:
    """The turns, those of a speaker of `CALLERS` one with the assistant's turn before them.

    LLaMA-Factory and ms-swift write as several turns what is one message for a chat template.
    """
    if all(turn.structure is None for turn in turns):
        return turns
    merged: list[Turn] = []
    for turn, message in zip(turns, messages, strict=True):
        before = merged[-1] if merged else None
        is_call = message[_speaker_in(message, spoken_by)].lower() in CALLERS
        if not is_call or before is None or not _goes_on(before, turn):
            merged.append(turn)
            continue
        called = [*before.message.get("tool_calls", ()), *turn.message["tool_calls"]]
        said = {"content": before.message["content"], "tool_calls": called}
        merged[-1] = before._replace(
            text="\n".join(text for text in (before.text, turn.text) if text),
            structure={**turn.message, **before.message, **said},
            unseen=before.unseen + turn.unseen,
        )
    return merged


class _Content(NamedTuple):
    """What a message says."""

    text: str  # of all parts
    plain: str | list[dict[str, str]]  # for a template, less what has fields of its own
    reasoning: list[str]
    calls: list[dict[str, Any]]
    unseen: int


def _content(value: Any, place: str) -> _Content:
    """A message's content: a string, or a list of parts."""
    if not isinstance(value, list):
        text = text_of(value, place)
        return _Content(text, text, [], [], 0)
    texts: list[str] = []
    said: list[str] = []
    reasoning: list[str] = []
    calls: list[dict[str, Any]] = []
    unseen = 0
    for part in value:
        if part is None:
            continue
        kind, text = _part(part, place)
        if text is None:
            unseen += kind in MEDIA
            continue
        texts.append(text)
        called = calls_in(text) if kind in CALLERS else []
        if kind in REASONING:
            reasoning.append(text)
        elif called:
            calls += called
        else:
            said.append(text)
    plain = [{"type": "text", "text": text} for text in said]
    return _Content("\n".join(texts), plain or "", reasoning, calls, unseen)


def _part(part: Any, place: str) -> tuple[str, str | None]:
    """Type and text of one part of a content; no text for pictures and the like."""
    if isinstance(part, str):
        return "text", part
    if not isinstance(part, dict):
        raise RowError(f"{place}: a part of the content is {kind_of(part)}, expected text")
    kind = part.get("type") or "text"
    said = part.get("text", part.get("value"))
    if kind == "text":
        return "text", None if said is None else text_of(said, place)
    if not isinstance(kind, str):
        kind = "unknown"
    if kind in MEDIA:
        return kind, part["text"] if isinstance(part.get("text"), str) else None
    if isinstance(said, str):
        return kind, said
    if isinstance(part.get(kind), str):
        return kind, part[kind]  # {"type": "thinking", "thinking": ...}
    return kind, written(without_nulls(part if said is None else said))


def _structure(message: Message, role: str, speaker: str, content: _Content) -> Message | None:
    """The message as chat templates read it; None where role and text say it all."""
    called = {name: calls_in(message[name]) for name in CALLS if _is_said(message.get(name))}
    # What no template could read as a call is part of what is said.
    unread = [written(without_nulls(message[name])) for name, calls in called.items() if not calls]
    spoken = calls_in(content.text) if speaker in CALLERS else []
    calls = [*content.calls, *(call for some in called.values() for call in some), *spoken]
    plain = "" if spoken else content.plain
    refused = [message["refusal"]] if isinstance(message.get("refusal"), str) else []
    if more := [text for text in (*unread, *refused) if text]:
        plain = "\n".join(text for text in (*content_texts(plain), *more) if text)
    own_role = speaker if speaker in OWN_ROLES else role
    structure: dict[str, Any] = {"role": own_role, "content": plain, **_reasoning(message, content)}
    structure |= {"tool_calls": calls} if calls else {}
    structure |= {name: message[name] for name in NAMES if _is_name(message.get(name))}
    is_plain = len(structure) == 2 and own_role == role and isinstance(plain, str)
    return None if is_plain and not unread else structure


def _reasoning(message: Message, content: _Content) -> dict[str, str]:
    """Reasoning by the names of its fields; that of content parts under the first name."""
    found = {
        name: written(message[name])
        for name in REASONING
        if isinstance(message.get(name), str) or _is_said(message.get(name))
    }
    if content.reasoning:
        own = found.get(REASONING[0])
        found[REASONING[0]] = "\n".join([*([own] if own else []), *content.reasoning])
    return found


def _is_name(value: Any) -> bool:
    return isinstance(value, (str, int)) and not isinstance(value, bool)


def _goes_on(before: Turn, turn: Turn) -> bool:
    """Whether a turn calls tools for the one that speaks before it, and both are trained alike."""
    is_call = "tool_calls" in turn.message and before.role == "assistant"
    return is_call and before.untrained == turn.untrained


def _with_extras(message: Message, text: str) -> str:
    """The content between what was thought before it and what was called after it."""
    before = [written(message[key]) for key in REASONING if _is_said(message.get(key))]
    after = [written(without_nulls(message[key])) for key in AFTER if _is_said(message.get(key))]
    return "\n".join([*before, *([text] if text else []), *after]) if before or after else text


def _is_said(value: Any) -> bool:
    """Whether an extra field says something: a true or a count does not."""
    return bool(value) and isinstance(value, (str, list, dict))
