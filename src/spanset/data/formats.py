"""From a raw row to a conversation: one small function per format.

A format is recognised by the fields of a file's first row. Field names and role names follow what
the fine-tuning tools read (TRL, axolotl, LLaMA-Factory); docs/data-formats.md lists them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from spanset.data.conversation import Conversation, Turn
from spanset.errors import UsageError

Row = Mapping[str, Any]

ROLE_NAMES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "prompter": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bing": "assistant",
    "bard": "assistant",
    "model": "assistant",
    "function_call": "assistant",
    "tool_call": "assistant",
    "tool": "tool",
    "function": "tool",
    "function_response": "tool",
    "tool_response": "tool",
    "observation": "tool",
}


class RowError(ValueError):
    """This row cannot be read; the message says which field and why."""


@dataclass(frozen=True)
class Format:
    """A way to write a conversation as a row.

    Attributes
    ----------
    name : str
        As on the command line.
    fields : str
        The fields it needs, for messages.
    fits : callable
        Whether a row with these fields is of the format.
    convert : callable
        Row to conversation; raises `RowError`.
    """

    name: str
    fields: str
    fits: Callable[[Row], bool]
    convert: Callable[[Row], Conversation]


def from_messages(row: Row) -> Conversation:
    """OpenAI / ChatML messages: a list of role and content."""
    return _checked(list(_messages(row, "messages")))


def from_sharegpt(row: Row) -> Conversation:
    """ShareGPT conversations: a list of from and value, with an optional system field."""
    turns = [Turn("system", text)] if (text := _optional(row, "system")) else []
    for place, message in _objects(row, "conversations"):
        role = _role(message, "from", place)
        turns.append(Turn(role, _content(message.get("value"), place)))
    return _checked(turns)


def from_alpaca(row: Row) -> Conversation:
    """Alpaca: instruction, input, output (or response), with optional history and system."""
    answer = "output" if "output" in row else "response"
    return _single(row, ("instruction", "input"), answer)


def from_prompt_completion(row: Row) -> Conversation:
    """Prompt and completion (or response): texts, or lists of messages."""
    answer = "completion" if "completion" in row else "response"
    if isinstance(row["prompt"], list) or isinstance(row[answer], list):
        turns: list[Turn] = []
        for field, role in (("prompt", "user"), (answer, "assistant")):
            is_list = isinstance(row[field], list)
            turns += _messages(row, field) if is_list else [Turn(role, _optional(row, field))]
        return _checked(turns)
    return _single(row, ("prompt",), answer)


def from_question_answer(row: Row) -> Conversation:
    """Question and answer."""
    return _single(row, ("question",), "answer")


def _has(*names: str) -> Callable[[Row], bool]:
    return lambda row: all(name in row for name in names)


# In the order they are tried: the more telling field first.
FORMATS = {
    format.name: format
    for format in (
        Format("messages", "messages", _has("messages"), from_messages),
        Format("sharegpt", "conversations", _has("conversations"), from_sharegpt),
        Format(
            "alpaca",
            "instruction, output (or response)",
            lambda row: "instruction" in row and ("output" in row or "response" in row),
            from_alpaca,
        ),
        Format(
            "prompt-completion",
            "prompt, completion (or response)",
            lambda row: "prompt" in row and ("completion" in row or "response" in row),
            from_prompt_completion,
        ),
        Format(
            "question-answer", "question, answer", _has("question", "answer"), from_question_answer
        ),
    )
}

# What `--map` can fill, and the field of a known format it stands for.
MAP_TARGETS = {
    "prompt": "instruction",
    "input": "input",
    "answer": "output",
    "system": "system",
    "history": "history",
    "messages": "messages",
    "conversations": "conversations",
}


def recognise(row: Row) -> Format | None:
    """Format of a row by its fields, or None."""
    if "chosen" in row and "rejected" in row:
        return None  # a preference pair: to read its shared part alone would be wrong silently
    return next((format for format in FORMATS.values() if format.fits(row)), None)


def parse_mapping(text: str) -> dict[str, str]:
    """``prompt=FIELD,answer=FIELD`` as a mapping from target to field."""
    pairs = [pair.partition("=") for pair in text.split(",")]
    if not all(target.strip() and name.strip() for target, _, name in pairs):
        raise UsageError(
            f"cannot read {text!r}", where="--map", fix="write prompt=FIELD,answer=FIELD"
        )
    return {target.strip(): name.strip() for target, _, name in pairs}


def mapped(mapping: Mapping[str, str]) -> Format:
    """Format for rows with fields of other names.

    Parameters
    ----------
    mapping : mapping
        Target (a key of `MAP_TARGETS`) to the row's own field.
    """
    base = next((name for name in ("messages", "conversations") if name in mapping), None)
    known = {"messages": {"messages"}, "conversations": {"conversations", "system"}}.get(
        base or "", set(MAP_TARGETS)
    )
    unknown = sorted(set(mapping) - known)
    if unknown or not (base or {"prompt", "answer"} <= set(mapping)):
        raise UsageError(
            f"cannot map {', '.join(unknown)}" if unknown else "prompt or answer is not mapped",
            where="--map",
            fix="map prompt and answer, or messages, or conversations, to your fields, for example "
            "--map prompt=question,answer=reply (also: input, system, history)",
        )
    names = {MAP_TARGETS[target]: field for target, field in mapping.items()}
    convert = {"messages": from_messages, "conversations": from_sharegpt, None: from_alpaca}[base]

    def from_mapped(row: Row) -> Conversation:
        missing = [field for field in names.values() if field not in row]
        if missing:
            raise RowError(f"no field {missing[0]!r}")
        try:
            return convert({name: row[field] for name, field in names.items()})
        except RowError as error:  # in the user's words: the field that was mapped
            said = str(error)
            for name, field in names.items():
                said = said.replace(f"field {name!r}", f"field {field!r}")
            raise RowError(said) from None

    wanted = tuple(names.values())
    return Format("mapped", ", ".join(wanted), _has(*wanted), from_mapped)


def _single(row: Row, prompt_fields: tuple[str, ...], answer_field: str) -> Conversation:
    """One exchange, after the earlier ones of `history`, under an optional system text."""
    turns = [Turn("system", text)] if (text := _optional(row, "system")) else []
    history = row.get("history") or []
    if not isinstance(history, list):
        raise RowError("field 'history' is not a list of [prompt, answer] pairs")
    for number, pair in enumerate(history):
        if not (isinstance(pair, list) and len(pair) == 2):
            raise RowError(f"history[{number}] is not a [prompt, answer] pair")
        turns.append(Turn("user", _text(pair[0], f"history[{number}][0]")))
        turns.append(Turn("assistant", _text(pair[1], f"history[{number}][1]")))
    parts = [_optional(row, field) for field in prompt_fields]
    turns.append(Turn("user", "\n".join(part for part in parts if part)))
    turns.append(Turn("assistant", _optional(row, answer_field)))
    return Conversation(tuple(turns))


def _objects(row: Row, field: str) -> Iterable[tuple[str, Mapping[str, Any]]]:
    messages = row[field]
    if not isinstance(messages, list):
        raise RowError(f"field {field!r} is {_kind(messages)}, expected a list")
    for number, message in enumerate(messages):
        if not isinstance(message, dict):
            raise RowError(f"{field}[{number}] is {_kind(message)}, expected an object")
        yield f"{field}[{number}]", message


def _messages(row: Row, field: str) -> Iterator[Turn]:
    """Turns of a list of role and content."""
    for place, message in _objects(row, field):
        role = _role(message, "role", place)
        text = _content(message.get("content"), place)
        if message.get("tool_calls"):
            calls = json.dumps(message["tool_calls"], ensure_ascii=False)
            text = f"{text}\n{calls}" if text else calls
        yield Turn(role, text)


def _role(message: Mapping[str, Any], field: str, place: str) -> str:
    name = message.get(field)
    role = ROLE_NAMES.get(name.lower()) if isinstance(name, str) else None
    if role is None:
        shown = f"{name!r}" if field in message else "missing"
        raise RowError(f"{place}.{field} is {shown}, expected one of {', '.join(ROLE_NAMES)}")
    return role


def _content(value: Any, place: str) -> str:
    """Text of a message: a string, or a list of typed parts of which the texts count."""
    if not isinstance(value, list):
        return _text(value, place)
    texts = []
    for part in value:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict):
            shown = part.get("text", part.get("value"))
            if shown is not None:
                texts.append(_text(shown, place))
        elif part is not None:
            raise RowError(f"{place}: a part of the content is {_kind(part)}, expected text")
    return "\n".join(texts)


def _optional(row: Row, field: str) -> str:
    return _text(row.get(field), f"field {field!r}")


def _text(value: Any, place: str) -> str:
    """A value as text: strings as they are, null as nothing, numbers as written."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        return str(value)
    raise RowError(f"{place} is {_kind(value)}, expected text")


def _kind(value: Any) -> str:
    """What a JSON value is, in words."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "infinite"
    names = {dict: "an object", list: "a list", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number" if isinstance(value, (int, float)) else "text")


def _checked(turns: list[Turn]) -> Conversation:
    if not turns:
        raise RowError("no messages")
    return Conversation(tuple(turns))
