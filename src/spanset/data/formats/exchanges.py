"""Formats that hold a prompt and its answer in fields of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spanset.data.conversation import Conversation, Turn
from spanset.data.formats.marks import mark_of
from spanset.data.formats.messages import SYSTEM, messages_in, system_turns, turns_of
from spanset.data.formats.texts import (
    Row,
    RowError,
    field_text,
    list_of,
    parsed_json,
    text_of,
    written,
)

# What may stand in the place of an input that is missing.
ALPACA_CONTEXT = ("context", "prompt")

PROMPT = "by their place in the prompt"  # the mark of turns that only stand in a prompt

# Fields that belong to a question and are no text.
CHOICES = ("choices", "options")


def from_alpaca(row: Row) -> Conversation:
    """Alpaca: instruction, input, output (or response), with optional history and system.

    Without an input, a context or a prompt stands in its place (Dolly).
    """
    prompt = field_text(row, "instruction")
    if more := field_text(row, "input") or _beside(row, prompt, ALPACA_CONTEXT):
        prompt = f"{prompt}\n{more}" if prompt else more
    answer = field_text(row, _filled(row, "output", "response"))
    exchange = (Turn("user", prompt), Turn("assistant", answer))
    before = earlier_turns(row)
    return Conversation((*before, *exchange) if before else exchange)


def from_prompt_completion(row: Row) -> Conversation:
    """Prompt and completion (or response): texts, or lists of messages."""
    answer = _filled(row, "completion", "response")
    return Conversation((*in_context(row, "prompt"), *answer_turns(row, answer, "prompt")))


def from_question_answer(row: Row) -> Conversation:
    """Question and answer (or response), with an optional context."""
    answer = _filled(row, "answer", "response")
    return Conversation((*in_context(row, "question"), *answer_turns(row, answer, "question")))


def is_whole_question(row: Row) -> bool:
    """Whether the question says all: the choices of a quiz in a field of their own are lost."""
    return all(row.get(name) is None for name in CHOICES)


def in_context(row: Row, field: str, system: Sequence[str] = SYSTEM) -> list[Turn]:
    """Turns before the answer; a prompt that is a text has the row's context below it."""
    turns = [*earlier_turns(row, system), *as_context(asked_turns(row, (field,)))]
    if "context" in row and turns[-1].text == row.get(field):
        more = _beside(row, turns[-1].text, ("context",))
        text = "\n".join(text for text in (turns[-1].text, more) if text)
        turns[-1] = turns[-1]._replace(text=text)
    return turns


def as_context(turns: list[Turn]) -> list[Turn]:
    """The turns of a prompt, none of which is trained on: TRL's loss is that of the completion."""
    return [
        turn._replace(untrained=turn.untrained or PROMPT) if turn.role == "assistant" else turn
        for turn in turns
    ]


def _beside(row: Row, prompt: str, names: Sequence[str]) -> str:
    """What the first of these fields adds to a prompt that does not hold it already.

    Some rows have the prompt once more with all around it that a model was shown.
    """
    for name in names:
        value = row.get(name)
        if value is None:
            continue
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            value = "\n".join(value)
        text = written(value)
        is_again = text in prompt or (name == "prompt" and prompt in text)
        if text.strip() and not (is_again and prompt.strip()):
            return text
    return ""


def exchange(
    row: Row,
    prompts: Sequence[str],
    answer: str,
    system: Sequence[str] = SYSTEM,
    history: str | None = "history",
) -> Conversation:
    """One exchange from the fields named, each a text or a list of messages."""
    before = earlier_turns(row, system, history)
    asked = as_context(asked_turns(row, prompts))
    return Conversation((*before, *asked, *answer_turns(row, answer, prompts[0])))


def prompt_turns(
    row: Row,
    prompts: Sequence[str],
    system: Sequence[str] = SYSTEM,
    history: str | None = "history",
) -> list[Turn]:
    """What comes before an answer: the turns of `earlier_turns`, then those of the prompt."""
    return earlier_turns(row, system, history) + asked_turns(row, prompts)


def asked_turns(row: Row, prompts: Sequence[str]) -> list[Turn]:
    """The prompt's fields joined; one alone may be a list of messages."""
    if len(prompts) == 1 and (messages := messages_in(row.get(prompts[0]))) is not None:
        return turns_of(messages, prompts[0])
    texts = (field_text(row, field) for field in prompts)
    return [Turn("user", "\n".join(text for text in texts if text))]


def answer_turns(row: Row, field: str, prompt: str) -> list[Turn]:
    """An answer; JSON text is messages only beside a prompt of messages.

    After a prompt that is a text, JSON is what the assistant was asked to write.
    """
    if isinstance(row.get(field), str) and messages_in(row.get(prompt)) is None:
        return [Turn("assistant", field_text(row, field))]
    return side_turns(row, field)


def side_turns(row: Row, field: str) -> list[Turn]:
    """An answer: a text, one message, or a list of messages."""
    messages = messages_in(row.get(field))
    if messages is None:
        return [Turn("assistant", field_text(row, field))]
    return turns_of(messages, field)


def earlier_turns(
    row: Row, system: Sequence[str] = SYSTEM, history: str | None = "history"
) -> list[Turn]:
    """System text and earlier exchanges, where a row has such fields."""
    turns = system_turns(row, system)
    if history is not None and history in row:
        turns += _history(row, history)
    return turns


def _history(row: Row, field: str) -> Iterator[Turn]:
    """Earlier exchanges: a list of pairs of prompt and answer."""
    value = row[field]
    parsed = parsed_json(value)
    pairs = (value or []) if parsed is None else parsed
    if not isinstance(pairs, list):
        raise RowError(f"field {field!r} is not a list of [prompt, answer] pairs")
    for number, pair in enumerate(pairs):
        if not (isinstance(pair, list) and len(pair) == 2):
            raise RowError(f"{field}[{number}] is not a [prompt, answer] pair")
        yield Turn("user", text_of(pair[0], f"{field}[{number}][0]"))
        yield Turn("assistant", text_of(pair[1], f"{field}[{number}][1]"))


def from_instances(row: Row) -> Conversation:
    """Self-instruct: an instruction and its instances, one exchange for each."""
    instruction = field_text(row, "instruction")
    turns: list[Turn] = []
    for number, instance in enumerate(list_of(row["instances"], "field 'instances'")):
        place = f"instances[{number}]"
        if not isinstance(instance, dict):
            raise RowError(f"{place} is not an object with input and output")
        prompt = text_of(instance.get("instruction_with_input"), f"{place}.instruction_with_input")
        if not prompt:
            more = text_of(instance.get("input"), f"{place}.input")
            prompt = "\n".join(part for part in (instruction, more) if part)
        turns.append(Turn("user", prompt))
        turns.append(Turn("assistant", text_of(instance.get("output"), f"{place}.output")))
    return Conversation(tuple(turns or [Turn("user", instruction)]))


def are_exchanges(row: Row) -> bool:
    """Whether the conversation is a list of objects with input and output."""
    exchanges = row.get(_exchanges_in(row))
    exchanges = parsed_json(exchanges) if isinstance(exchanges, str) else exchanges
    first = exchanges[0] if isinstance(exchanges, list) and exchanges else None
    return isinstance(first, dict) and "input" in first and "output" in first


def from_exchanges(row: Row) -> Conversation:
    """Exchanges: a list of objects with input and output, with an optional system field."""
    field = _exchanges_in(row)
    turns = system_turns(row)
    for number, said in enumerate(list_of(row.get(field), f"field {field!r}")):
        place = f"{field}[{number}]"
        if not isinstance(said, dict):
            raise RowError(f"{place} is not an object with input and output")
        turns.append(Turn("user", text_of(said.get("input"), f"{place}.input")))
        answer = text_of(said.get("output"), f"{place}.output")
        turns.append(Turn("assistant", answer, untrained=mark_of(said, place)))
    if not turns:
        raise RowError(f"{field}: no exchanges")
    return Conversation(tuple(turns))


def _exchanges_in(row: Row) -> str:
    return "conversation" if row.get("conversation") is not None else "conversations"


def from_text(row: Row, field: str = "text") -> Conversation:
    """Text alone: all of it is what a model learns to write."""
    return Conversation((Turn("assistant", field_text(row, field)),))


def _filled(row: Row, name: str, other: str) -> str:
    """The first of two names that a row has, or the second where the first is null."""
    return other if row.get(name) is None and other in row else name
