"""Where a turn's text stands in what a chat template writes, found by changing the text.

A turn's texts (content, reasoning, the values of its tool calls' arguments) are replaced by words
of our own and the whole conversation is written again: where the two differ is the turn's text as
the template writes it. So a template that writes an earlier turn in another way once more turns
follow, as those of Qwen 3, gpt-oss and GLM do, is no obstacle.

Two probes, a short one and one about as long as the text, have to agree, on the place and on all
that the template writes around the words. A template that computes with the text, a count of its
characters say, is told by that. A function's name is not changed: some templates repeat it in the
tool's answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from spanset.models.rendering.template_messages import Message
from spanset.models.rendering.token_spans import Span

# Words of different lengths, first and last letters, so that for any text two of them share
# neither end with it. None is a word that a template knows.
WORDS = ("Zqvxk", "Jkwqyzb", "Xwjqz", "Qxzjvkw", "Vjzqwxq", "Wzxjqvp")

REASONING = ("reasoning_content", "reasoning", "thinking")

_WORDS = re.compile("(?:" + "|".join(WORDS) + ")+")
_TAG = re.compile(r"<[^<>\s'\"{}()+=]{1,40}>|\[[A-Z_/]{2,20}\]")  # in a template's source
_THOUGHT = re.compile(r"(?<=<think>).*?(?=</think>)", re.DOTALL)


Probe = Callable[[Message, str, int], "Message | None"]


class DisagreementError(ValueError):
    """Two probes that show different places: the template computes with the text."""


def place_of(write: Callable[[Message], str], text: str, probes: list[Message]) -> Span | None:
    """Characters of `text` that all probes show to be the turn's; None where nothing changes.

    Parameters
    ----------
    write : callable
        Text of the conversation with another message in the turn's place.
    text : str
        Text of the conversation.
    probes : list of Message
        The turn with other words.

    Raises
    ------
    Disagreement
        The template computes with the text.
    """
    places = set()
    for probe in probes:
        written = write(probe)
        if written == text:
            places.add((None, ""))
            continue
        start = shared_start(text, written)
        longest = min(len(text), len(written)) - start
        back = shared_start(text[::-1][:longest], written[::-1][:longest])
        around = _WORDS.sub("\0", written[start : len(written) - back])
        if "\0" not in around:
            raise DisagreementError
        places.add(((start, len(text) - back), around))
    if len(places) > 1:
        raise DisagreementError
    return places.pop()[0] if places else None


def of_turn(message: Message, source: str, number: int) -> Message:
    """The message with other words in the place of its own, the same kind of message.

    Parameters
    ----------
    source : str
        The template's: tags that it looks for in a text are left as they stand.
    number : {0, 1}
        Which probe: no two words in the same place are equal.
    """
    changed = of_calls(of_text(message, source, number), source, number)
    if changed != message:
        return changed
    # Nothing to replace: something is put in.
    if "tool_calls" in message:
        calls = [_called(call, number, put_in=True) for call in message["tool_calls"]]
        return {**message, "tool_calls": calls}
    word = WORDS[number]
    is_text = isinstance(message["content"], str)
    return {**message, "content": word if is_text else [{"type": "text", "text": word}]}


def of_text(message: Message, source: str, number: int) -> Message:
    """The message with another content and another reasoning."""
    tags = _tags(source)
    changed = {
        field: _replaced(message[field], tags, number)
        for field in ("content", *REASONING)
        if field in message
    }
    return {**message, **changed}


def of_calls(message: Message, _source: str, number: int) -> Message:
    """The message with other values of its tool calls' arguments."""
    if "tool_calls" not in message:
        return message
    return {**message, "tool_calls": [_called(call, number) for call in message["tool_calls"]]}


def of_reasoning(message: Message, _source: str, number: int) -> Message | None:
    """The message with another reasoning, in its field or between tags; None without one."""
    changed = dict(message)
    for field in REASONING:
        if isinstance(message.get(field), str) and message[field].strip():
            changed[field] = _in_blanks(message[field], number)
    content = message["content"]
    if isinstance(content, str):
        changed["content"] = _THOUGHT.sub(lambda found: _thought(found[0], number), content)
    else:
        changed["content"] = [
            {**part, "text": _THOUGHT.sub(lambda found: _thought(found[0], number), part["text"])}
            for part in content
        ]
    return None if changed == message else changed


def shared_start(one: str, other: str) -> int:
    """Characters that two texts begin with in common."""
    low, high = 0, min(len(one), len(other))
    if one[:high] == other[:high]:
        return high
    while high - low > 1:  # one[:low] is shared, one[:high] is not
        middle = (low + high) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle
    return low


@lru_cache(maxsize=16)
def _tags(source: str) -> re.Pattern[str] | None:
    """Tags that the template's source holds: it may take a text apart at them."""
    tags = sorted(set(_TAG.findall(source)), key=len, reverse=True)
    return re.compile("(" + "|".join(map(re.escape, tags)) + ")") if tags else None


def _replaced(value: Any, tags: re.Pattern[str] | None, number: int) -> Any:
    """Other words for a text, or for the texts of a list of parts; tags and blank ends stay."""
    if isinstance(value, list):
        return [{**part, "text": _replaced(part["text"], tags, number)} for part in value]
    pieces = tags.split(value) if tags else [value]
    return "".join(
        piece if place % 2 or not piece.strip() else _in_blanks(piece, number)
        for place, piece in enumerate(pieces)
    )


def _in_blanks(piece: str, number: int) -> str:
    said = piece.strip()
    start = piece.index(said)
    return piece[:start] + _other(said, number) + piece[start + len(said) :]


def _other(said: str, number: int) -> str:
    """A word that shares neither end with what is said; the second time about as long as it."""
    words = [word for word in WORDS if word[0] != said[0] and word[-1] != said[-1]]
    word = words[number]
    return word * (1 + number * len(said) // len(word))


def _called(call: dict[str, Any], number: int, *, put_in: bool = False) -> dict[str, Any]:
    """A tool call with other values, or with an argument more."""
    function = call["function"]
    arguments = function.get("arguments")
    if put_in:
        word = WORDS[number]
        added = {**arguments, word: word} if isinstance(arguments, dict) else word
        return {**call, "function": {**function, "arguments": added}}
    if isinstance(arguments, dict):
        arguments = {key: _other_value(value, number) for key, value in arguments.items()}
    elif isinstance(arguments, str) and arguments.strip():
        arguments = _in_quotes(arguments, number)
    return {**call, "function": {**function, "arguments": arguments}}


def _in_quotes(arguments: str, number: int) -> str:
    """Arguments written as JSON text, with other values."""
    try:
        values = json.loads(arguments)
    except ValueError:
        return _in_blanks(arguments, number)
    if not isinstance(values, dict):
        return _in_blanks(arguments, number)
    changed = {key: _other_value(value, number) for key, value in values.items()}
    return json.dumps(changed, ensure_ascii=False)


def _other_value(value: Any, number: int) -> Any:
    """A word for a value that says something."""
    if isinstance(value, str):
        return _in_blanks(value, number) if value.strip() else value
    return WORDS[number]


def _thought(said: str, number: int) -> str:
    return _in_blanks(said, number) if said.strip() else said
