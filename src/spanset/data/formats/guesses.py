"""What to say of rows whose format is not known, or not that of their file."""

from __future__ import annotations

import shlex
from typing import Any

from spanset.data.formats.messages import is_message, messages_in
from spanset.data.formats.registry import FORMATS, Format, recognise
from spanset.data.formats.texts import Row, RowError, list_of
from spanset.data.formats.trees import is_tree_message
from spanset.errors import DataError

# Names that fields go by, the more telling first; compared without case.
NAMES = {
    "prompt": "prompt instruction question query problem input user user_prompt user_input human "
    "request task ask q source context title",
    "answer": "answer response output completion reply assistant gpt solution target result "
    "generation model_answer expected_output ground_truth summary a",
    "chosen": "chosen preferred winner better accepted positive good",
    "rejected": "rejected dispreferred loser worse refused negative bad",
    "text": "text content document body passage story article",
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
    lists = [name for name, value in row.items() if _is_dialogue(value)]
    prompt, answer, chosen, rejected, text = (_own_name(row, target) for target in NAMES)
    texts = [name for name, value in row.items() if isinstance(value, str)]
    targets: dict[str, str | None] = {}
    if chosen and rejected:
        targets = {"prompt": prompt, "chosen": chosen, "rejected": rejected}
    elif lists:
        speaker = "messages" if "role" in list_of(row[lists[0]], "")[0] else "conversations"
        targets = {speaker: lists[0]}
    elif prompt and answer:
        targets = {"prompt": prompt, "answer": answer}
    elif prompt and text:
        targets = {"prompt": prompt, "answer": text}
    elif len(texts) == 1:  # all there is
        targets = {"text": texts[0]}
    else:
        targets = {"text": text or prompt or answer}
    words = ",".join(f"{target}={field}" for target, field in targets.items() if field)
    return f"--map {shlex.quote(words)}" if words else ""


def _own_name(row: Row, target: str) -> str | None:
    """The row's own name of the field that goes by a name of the target."""
    own = {field.lower(): field for field, value in row.items() if _can_be_read(value)}
    return next((own[name] for name in NAMES[target].split() if name in own), None)


def _can_be_read(value: Any) -> bool:
    """Whether a value may stand for a prompt or an answer."""
    is_text = isinstance(value, (str, int, float)) and not isinstance(value, bool)
    return value is None or is_text or messages_in(value) is not None


def _is_dialogue(value: Any) -> bool:
    try:
        messages = list_of(value, "")
    except RowError:
        return False
    return bool(messages) and all(map(is_message, messages))
