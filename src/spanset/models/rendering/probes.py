"""Where a turn's text stands in what a chat template writes, found by changing the text.

A turn's texts (content, reasoning, the values of its tool calls' arguments) are replaced by words
of our own and the whole conversation is written again: where the two differ is the turn's text as
the template writes it. So a template that writes an earlier turn in another way once more turns
follow, as those of Qwen 3, gpt-oss and GLM do, is no obstacle.

Two probes, a short word and some words about as long as the text, have to agree, on the place and
on all that the template writes around them. A template that computes with the text, a count of its
characters say, is told by that. A function's name is not changed: some templates repeat it in the
tool's answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from itertools import count
from typing import Any

from spanset.data.conversation import REASONING, content_texts
from spanset.data.formats.texts import parsed_json
from spanset.models.rendering.template_messages import Message
from spanset.models.rendering.token_spans import Span

# Words of different lengths, first and last letters, so that for any text two of them share
# neither end with it. None is a word that a template knows, and none ends as the escape of a
# character does (\n, \u001b): what is written of a text may end otherwise than the text.
WORDS = ("Zqvxk", "Jkwqybz", "Xwjqzh", "Qxzjvkdw", "Vjzqwxqfg", "Wzxjqvpktm")

_ONE_WORD = f"(?:{'|'.join(WORDS)})"
_WORDS = re.compile(f"{_ONE_WORD}(?: ?{_ONE_WORD})*")
_TAG = re.compile(r"<[^<>\s'\"{}()+=]{1,40}>|\[[A-Z_/]{2,20}\]")  # in a template's source
_THOUGHT = re.compile(r"(?<=<think>).*?(?=</think>)", re.DOTALL)


# A message with other words than its own, the first or the second time; None if it has none.
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
    DisagreementError
        The template computes with the text.
    """
    places = {_changed(text, write(probe)) for probe in probes}
    if len(places) > 1:
        raise DisagreementError
    return places.pop()[0] if places else None


def _changed(text: str, written: str) -> tuple[Span | None, str]:
    """Where two texts differ, and what stands there in the second around the words put in."""
    if written == text:
        return None, ""
    start = shared_start(text, written)
    longest = min(len(text), len(written)) - start
    back = shared_start(text[::-1][:longest], written[::-1][:longest])
    stop, end = len(text) - back, len(written) - back
    # What is put in may begin as what follows on it: then the place lies further to the left.
    for shift in range(min(start, len(WORDS[-1])) + 1):
        if text[stop - shift : stop] != written[end - shift : end]:
            break
        around = _WORDS.sub("\0", written[start - shift : end - shift])
        if "\0" in around:
            return (start - shift, stop - shift), around
    raise DisagreementError


def of_turn(message: Message, source: str, number: int) -> Message:
    """The message with other words in the place of its own, the same kind of message.

    Parameters
    ----------
    source : str
        The template's: tags that it looks for in a text are left as they stand.
    number : {0, 1}
        Which probe: no two words in the same place are equal.
    """
    changed = message
    for probe in (of_fields, of_content, of_calls):
        changed = probe(changed, source, number) or changed
    return changed if changed != message else of_added(message, source, number)


def of_added(message: Message, _source: str, number: int) -> Message:
    """The message with a word more: an argument of its calls, or a content."""
    if "tool_calls" in message:
        return {**message, "tool_calls": [_added(call, number) for call in message["tool_calls"]]}
    word = WORDS[number]
    is_text = isinstance(message["content"], str)
    return {**message, "content": word if is_text else [{"type": "text", "text": word}]}


def of_content(message: Message, source: str, number: int) -> Message | None:
    """The message with another content."""
    content = _replaced(message["content"], _tags(source), number)
    return {**message, "content": content} if content != message["content"] else None


def of_fields(message: Message, source: str, number: int) -> Message | None:
    """The message with another reasoning in its fields."""
    tags = _tags(source)
    changed = {
        field: _replaced(message[field], tags, number)
        for field in REASONING
        if isinstance(message.get(field), str) and message[field].strip()
    }
    return {**message, **changed} if changed else None


def of_calls(message: Message, _source: str, number: int) -> Message | None:
    """The message with other values of its tool calls' arguments."""
    if "tool_calls" not in message:
        return None
    changed = [_called(call, number) for call in message["tool_calls"]]
    return {**message, "tool_calls": changed} if changed != message["tool_calls"] else None


def reasonings(message: Message) -> Iterator[Probe]:
    """A probe for the reasoning in fields, and one for each that stands between tags."""
    yield of_fields
    texts = content_texts(message["content"])
    for place in range(sum(len(_THOUGHT.findall(text)) for text in texts)):
        yield partial(_of_thought, place)


def _of_thought(place: int, message: Message, _source: str, number: int) -> Message | None:
    """The message with other words in one of the texts between tags."""
    counted = count()

    def changed(text: str) -> str:
        return _THOUGHT.sub(
            lambda found: (
                _in_blanks(found[0], number)
                if next(counted) == place and found[0].strip()
                else found[0]
            ),
            text,
        )

    content = message["content"]
    if isinstance(content, str):
        content = changed(content)
    else:
        content = [{**part, "text": changed(part["text"])} for part in content]
    return {**message, "content": content} if content != message["content"] else None


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
    """A word that shares neither end with what is said; the second time some, about as long."""
    words = [word for word in WORDS if word[0] != said[0] and word[-1] != said[-1]]
    word = words[number]
    return word if number == 0 else " ".join([word] * (2 + len(said) // len(word)))


def _called(call: dict[str, Any], number: int) -> dict[str, Any]:
    """A tool call with other values of its arguments."""
    function = call["function"]
    arguments = function.get("arguments")
    if isinstance(arguments, dict):
        arguments = _other_value(arguments, number)
    elif isinstance(arguments, str) and arguments.strip():
        arguments = _in_quotes(arguments, number)
    return {**call, "function": {**function, "arguments": arguments}}


def _added(call: dict[str, Any], number: int) -> dict[str, Any]:
    """A tool call with an argument more."""
    function, word = call["function"], WORDS[number]
    arguments = function.get("arguments")
    more = {**arguments, word: word} if isinstance(arguments, dict) else word
    return {**call, "function": {**function, "arguments": more}}


def _in_quotes(arguments: str, number: int) -> str:
    """Arguments written as JSON text, with other values."""
    values = parsed_json(arguments)
    if not isinstance(values, dict):
        return _in_blanks(arguments, number)
    return json.dumps(_other_value(values, number), ensure_ascii=False)


def _other_value(value: Any, number: int) -> Any:
    """Words for all that a value says: templates may go through objects and lists."""
    if isinstance(value, dict):
        return {key: _other_value(inner, number) for key, inner in value.items()}
    if isinstance(value, list):
        return [_other_value(inner, number) for inner in value]
    if isinstance(value, str):
        return _in_blanks(value, number) if value.strip() else value
    return value if value is None else _other(str(value), number)
