"""What to say of rows whose format is not known, or not that of their file."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import Any

from spanset.base.errors import DataError
from spanset.data.formats.exchanges import is_whole_question
from spanset.data.formats.field_names import (
    ANSWERS,
    CHOSEN,
    GUESSED_ANSWERS,
    GUESSED_PROMPTS,
    PROMPTS,
    REJECTED,
    SYSTEM,
    TASKS,
    WHOLE_TEXTS,
)
from spanset.data.formats.mapping import MAPPED
from spanset.data.formats.messages import is_message, messages_in
from spanset.data.formats.named_fields import is_told
from spanset.data.formats.registry import FORMATS, Format, recognise
from spanset.data.formats.texts import Row, RowError, list_of
from spanset.data.formats.trees import is_tree_message
from spanset.data.formats.turns import ROLE_NAMES

# Names that fields go by, the more telling first; compared without case.
NAMES = {
    "prompt": (*PROMPTS, *GUESSED_PROMPTS),
    "answer": (*ANSWERS, *GUESSED_ANSWERS),
    "chosen": CHOSEN,
    "rejected": REJECTED,
    "text": WHOLE_TEXTS,
}
# What may be a prompt where there is an answer, and names anything else where there is none.
WEAK_PROMPTS = ("task", "source", "title", "context")
# What can stand beside a prompt.
BESIDE_PROMPT = {
    "input": ("input", "context", "passage", "document"),
    "system": SYSTEM,
    "history": ("history",),
}


def unrecognised(row: Row, where: str) -> DataError:
    """Error for a first row of no known format."""
    fields = ", ".join(row) or "none"
    if is_tree_message(row):
        return DataError(
            "each row is one message of an Open Assistant thread, which alone teaches nothing",
            where=where,
            why=f"fields seen: {fields}",
            fix="use the file of trees (its rows hold a prompt with replies): its name has "
            "'trees' where this one has 'messages'",
        )
    if is_message(row):
        return DataError(
            "each row is one message, a conversation in pieces",
            where=where,
            why=f"fields seen: {fields}",
            fix='write one conversation a row: {"messages": [{"role": ..., "content": ...}, ...]}',
        )
    known = "; ".join(f"{known.name}: {known.fields}" for known in FORMATS.values())
    guess = guessed_mapping(row)
    if "question" in row and not is_whole_question(row):
        return DataError(
            "the question's choices are a field of their own, which no format reads",
            where=where,
            why=f"fields seen: {fields}; without them, the question and its answer mean little",
            fix="write the choices into the question, and the answer's text in place of its "
            "letter or number; or do without them: --map prompt=question,answer=FIELD",
        )
    return DataError(
        "the format is not recognised",
        where=where,
        why=f"fields seen: {fields}; known formats: {known}",
        fix=f"perhaps {guess}; see what comes of it with `spanset show`"
        if guess
        else "say which fields hold prompt and answer, for example "
        "--map prompt=question,answer=reply",
    )


def other_format(row: Row, format: Format) -> RowError:
    """Error for a row that is not of its file's format."""
    found = recognise(row)
    looks = f", like {found.name} rows" if found else ""
    fields = ", ".join(row) or "none"
    if format.name == MAPPED:
        lacking = [name for name in format.ways[0] if name not in row]
        what = f"no field {', '.join(map(repr, lacking))}, which --map names; it has {fields}"
        instead = f"; without --map it reads as {found.name}" if found else ""
        return RowError(what, f"name fields that the rows have{instead}")
    what = f"not the fields of {format.name} rows ({format.fields}); it has {fields}{looks}"
    if not found:
        return RowError(what)
    return RowError(
        what,
        "keep rows of different formats in files of their own, or say how to read all of them with "
        "--format or --map; --on-bad-row skip leaves out those that differ",
    )


def guessed_mapping(row: Row) -> str:
    """The --map that the names and values of a row's fields suggest, or nothing."""
    targets = _guessed(row)
    words = ",".join(f"{target}={field}" for target, field in targets.items())
    return f"--map {shlex.quote(words)}" if words else ""


def _guessed(row: Row) -> dict[str, str]:
    """Target to field: of a pair, a whole dialogue, an exchange, or a text, the first there is."""
    prompt, answer, chosen, rejected, text = (_own_name(row, names) for names in NAMES.values())
    dialogues = {name: said for name, value in row.items() if (said := _dialogue_in(value))}
    whole = next((name for name, said in dialogues.items() if _is_answered(said)), None)
    asked = next(iter(dialogues), None)
    if chosen and rejected:
        sides = {"chosen": chosen, "rejected": rejected}
        return _with_beside(row, {"prompt": prompt, **sides} if prompt else sides)
    if whole:
        return _with_beside(row, {_speaker(dialogues[whole]): whole})
    prompt = prompt or asked
    if answer:
        prompt = prompt or text or _own_name(row, WEAK_PROMPTS)
    elif prompt and prompt != asked:
        answer = text
    if prompt and answer:
        task = _own_name(row, TASKS, is_told) if isinstance(row[prompt], str) else None
        asked = {"prompt": prompt} if task in (None, prompt) else {"prompt": task, "input": prompt}
        return _with_beside(row, {**asked, "answer": answer})
    if asked:
        return _with_beside(row, {_speaker(dialogues[asked]): asked})
    texts = [name for name, value in row.items() if isinstance(value, str)]
    text = text or answer or (texts[0] if len(texts) == 1 else None)
    # A prompt alone is not what a model is to learn to write.
    return {"text": text} if text and text != prompt and not _is_weak(text) else {}


def _with_beside(row: Row, targets: dict[str, str]) -> dict[str, str]:
    """The targets, with the fields that belong to the same exchange or dialogue."""
    taken = set(targets.values())
    if "prompt" in targets and isinstance(row[targets["prompt"]], str):
        names = tuple(BESIDE_PROMPT)
    else:
        names = ("system", "history") if "prompt" in targets else ("system",)
    for target in names:
        left = {name: value for name, value in row.items() if name not in taken}
        field = _own_name(
            left, BESIDE_PROMPT[target], _is_history if target == "history" else _is_text
        )
        if field:
            targets = {**targets, target: field}
    return targets


def _own_name(
    row: Row, names: Sequence[str], fits: Callable[[Any], bool] | None = None
) -> str | None:
    """The row's own name of the field that goes by the first of these names."""
    fits = fits or _can_be_read
    own = {field.lower(): field for field, value in row.items() if fits(value)}
    return next((own[name] for name in names if name in own), None)


def _is_weak(field: str) -> bool:
    return field.lower() in WEAK_PROMPTS


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_history(value: Any) -> bool:
    """Whether a value is a list of pairs, which may be empty in one row and not in the next."""
    try:
        pairs = list_of(value, "")
    except RowError:
        return False
    return all(isinstance(pair, list) and len(pair) == 2 for pair in pairs)


def _can_be_read(value: Any) -> bool:
    """Whether a value may stand for a prompt or an answer."""
    is_text = isinstance(value, (str, int, float)) and not isinstance(value, bool)
    return value is None or is_text or messages_in(value) is not None


def _dialogue_in(value: Any) -> list[Any]:
    """The messages that a value holds, if it is a list of them and nothing else."""
    try:
        messages = list_of(value, "")
    except RowError:
        return []
    return messages if all(map(is_message, messages)) else []


def _is_answered(messages: list[Any]) -> bool:
    """Whether an assistant says something among the messages."""
    names = (message.get("role", message.get("from")) for message in messages)
    return any(
        isinstance(name, str) and ROLE_NAMES.get(name.lower()) == "assistant" for name in names
    )


def _speaker(messages: list[Any]) -> str:
    """Target for a list whose messages name their speaker so."""
    return "messages" if "role" in messages[0] else "conversations"
