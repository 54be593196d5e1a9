"""Formats that hold a prompt and its answer in fields of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spanset.data.conversation import Conversation, Turn
from spanset.data.formats.messages import messages_in, system_turns, turns_of
from spanset.data.formats.texts import Row, RowError, field_text, list_of, parsed_json, text_of


def from_alpaca(row: Row) -> Conversation:
    """Alpaca: instruction, input, output (or response), with optional history and system."""
    prompt = field_text(row, "instruction")
    if more := field_text(row, "input"):
        prompt = f"{prompt}\n{more}" if prompt else more
    answer = field_text(row, _filled(row, "output", "response"))
    exchange = (Turn("user", prompt), Turn("assistant", answer))
    before = earlier_turns(row)
    return Conversation((*before, *exchange) if before else exchange)


def from_prompt_completion(row: Row) -> Conversation:
    """Prompt and completion (or response): texts, or lists of messages."""
    return exchange(row, ("prompt",), _filled(row, "completion", "response"))


def from_question_answer(row: Row) -> Conversation:
    """Question and answer."""
    return exchange(row, ("question",), "answer")


def exchange(
    row: Row,
    prompts: Sequence[str],
    answer: str,
    system: str | None = "system",
    history: str | None = "history",
) -> Conversation:
    """One exchange from the fields named, each a text or a list of messages."""
    turns = prompt_turns(row, prompts, system, history)
    turns += side_turns(row, answer)
    return Conversation(tuple(turns))


def prompt_turns(
    row: Row,
    prompts: Sequence[str],
    system: str | None = "system",
    history: str | None = "history",
) -> list[Turn]:
    """What comes before an answer: the turns of `earlier_turns`, then the prompt's fields joined.

    One field alone may be a list of messages.
    """
    before = earlier_turns(row, system, history)
    if len(prompts) == 1 and (messages := messages_in(row.get(prompts[0]))) is not None:
        return before + turns_of(messages, prompts[0])
    texts = (field_text(row, field) for field in prompts)
    return [*before, Turn("user", "\n".join(text for text in texts if text))]


def side_turns(row: Row, field: str) -> list[Turn]:
    """An answer: a text, one message, or a list of messages."""
    messages = messages_in(row.get(field))
    if messages is None:
        return [Turn("assistant", field_text(row, field))]
    return turns_of(messages, field)


def earlier_turns(
    row: Row, system: str | None = "system", history: str | None = "history"
) -> list[Turn]:
    """System text and earlier exchanges, where a row has such fields."""
    turns = system_turns(row, system) if system is not None and system in row else []
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


def from_text(row: Row, field: str = "text") -> Conversation:
    """Text alone: all of it is what a model learns to write."""
    return Conversation((Turn("assistant", field_text(row, field)),))


def _filled(row: Row, name: str, other: str) -> str:
    """The first of two names that a row has, or the second where the first is null."""
    return other if row.get(name) is None and other in row else name
