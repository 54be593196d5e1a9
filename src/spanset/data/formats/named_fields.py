"""One prompt and one answer under any of their plain names (ms-swift, FLAN, NuminaMath and others).

Recognised where one reading is possible: one field of a prompt, one of an answer, both said in text
or in messages, and none that could stand in the place of either, or be part of the prompt.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from spanset.data.conversation import Conversation
from spanset.data.formats.exchanges import answer_turns, in_context
from spanset.data.formats.field_names import (
    ANSWERING,
    ANSWERS,
    ASKING,
    CHOSEN,
    EXAMS,
    GRADED,
    GUESSED_ANSWERS,
    GUESSED_PROMPTS,
    GUESSED_TASKS,
    PROMPTS,
    REJECTED,
    SYSTEM,
    TASKS,
    WHOLE_TEXTS,
    WORKED,
)
from spanset.data.formats.messages import is_message, messages_in
from spanset.data.formats.texts import Row, RowError

WAYS = tuple((prompt, answer) for prompt in PROMPTS for answer in ANSWERS)
CHOICES = ("choice", "option")  # what the names of a quiz's choices begin with

# All that may stand for a prompt, for an answer, and for more than is in the two.
_PROMPTS = frozenset((*PROMPTS, *GUESSED_PROMPTS))
_ANSWERS = frozenset((*ANSWERS, *GUESSED_ANSWERS))
_WHOLE_TEXTS = frozenset(WHOLE_TEXTS)
_TASKS = frozenset((*TASKS, *GUESSED_TASKS))
_SIDES = frozenset(CHOSEN), frozenset(REJECTED)


def is_one_exchange(row: Row) -> bool:
    """Whether the row can be read as one exchange, and in one way only."""
    return exchange_fields(row) is not None


def from_named_fields(row: Row) -> Conversation:
    """One exchange, after system text and history where the row has such fields."""
    fields = exchange_fields(row)
    if fields is None:
        raise RowError("it has no prompt and answer of plain names, or could be read in other ways")
    prompt, answer = fields
    return Conversation((*in_context(row, prompt, SYSTEM), *answer_turns(row, answer, prompt)))


def exchange_fields(row: Row) -> tuple[str, str] | None:
    """The row's prompt and its answer; None where there is no such reading, or another."""
    prompt = prompt_field(row)
    answer = None if prompt is None else _answer_field(row, prompt)
    if prompt is None or answer is None or (prompt in ASKING and answer not in ANSWERING):
        return None
    return None if _is_number(row[prompt]) and _is_number(row[answer]) else (prompt, answer)


def prompt_field(row: Row) -> str | None:
    """The row's one prompt; None where it has none or several, or not all of it is in the field."""
    prompts = fields_named(row, _PROMPTS)
    is_one = len(prompts) == 1 and prompts[0] in PROMPTS
    return prompts[0] if is_one and _is_said(row[prompts[0]]) and _is_all(row) else None


def fields_named(row: Row, names: frozenset[str]) -> list[str]:
    """Fields of these names that have a value; one without, where none has."""
    found = _called(tuple(row), names)
    return [field for field in found if row[field] is not None] or list(found[:1])


@lru_cache(maxsize=4096)
def _called(fields: tuple[str, ...], names: frozenset[str]) -> tuple[str, ...]:
    """The fields of these names: the same few sets of fields come again and again."""
    return tuple(field for field in fields if str(field).lower() in names)


@lru_cache(maxsize=1024)
def _choices(fields: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(field for field in fields if str(field).lower().startswith(CHOICES))


def _answer_field(row: Row, prompt: str) -> str | None:
    """The row's one answer, likewise."""
    answers = fields_named(row, _ANSWERS)
    if prompt in EXAMS and any(name in WORKED for name in answers):
        answers = [name for name in answers if name not in GRADED]
    if len(answers) != 1 or answers[0] not in ANSWERS:
        return None
    value = row[answers[0]]
    is_mark = prompt in EXAMS and isinstance(value, (int, float)) and not isinstance(value, bool)
    return answers[0] if is_mark or _is_said(value) else None


def _is_all(row: Row) -> bool:
    """Whether prompt and answer are all there is.

    No whole text, choices, task, pair or dialogue stands beside them.
    """
    fields = tuple(row)
    rivals = (*_called(fields, _WHOLE_TEXTS), *_choices(fields))
    if any(row[field] is not None for field in rivals):
        return False
    if any(is_told(row[field]) for field in _called(fields, _TASKS)):
        return False
    sides = ([row[field] for field in _called(fields, names)] for names in _SIDES)
    if all(any(value is not None for value in side) for side in sides):
        return False
    read = {*_called(fields, _PROMPTS), *_called(fields, _ANSWERS), "history"}
    return not any(_is_dialogue(value) for field, value in row.items() if field not in read)


def is_told(value: Any) -> bool:
    """Whether a value says more than a label: several words, or what is neither word nor number."""
    if isinstance(value, str):
        return len(value.split()) > 1
    return value is not None and not isinstance(value, (int, float))


def _is_dialogue(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(is_message, value))


def _is_said(value: Any) -> bool:
    """Whether a value is text or messages, or left out of this row."""
    if value is None or isinstance(value, str):
        return True
    messages = messages_in(value)
    return bool(messages) and all(map(is_message, messages))


def _is_number(value: Any) -> bool:
    """Whether a value is a number as CSV holds it: in text."""
    try:
        float(value if isinstance(value, str) else "")
    except ValueError:
        return False
    return True
