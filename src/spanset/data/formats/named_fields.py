"""One prompt and one answer under any of their plain names (ms-swift, FLAN, NuminaMath and others).

Recognised where one reading is possible: one field of a prompt, one of an answer, both text or
lists of messages, and none that could stand in the place of either.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spanset.data.conversation import Conversation
from spanset.data.formats.exchanges import answer_turns, in_context, is_whole_question
from spanset.data.formats.field_names import (
    ANSWERS,
    GUESSED_ANSWERS,
    GUESSED_PROMPTS,
    PROMPTS,
    WHOLE_TEXTS,
)
from spanset.data.formats.messages import messages_in
from spanset.data.formats.texts import Row

# A worked solution holds its answer, which stands beside it for graders.
WORKED = {"solution", "generated_solution"}
GRADED = {"answer", "ground_truth"}

WAYS = tuple((prompt, answer) for prompt in PROMPTS for answer in ANSWERS)


def is_one_exchange(row: Row) -> bool:
    """Whether the row can be read as one exchange in one way only."""
    prompts, answers = _own(row, PROMPTS, GUESSED_PROMPTS), _own(row, ANSWERS, GUESSED_ANSWERS)
    if not (len(prompts) == len(answers) == 1 and prompts[0] in PROMPTS and answers[0] in ANSWERS):
        return False
    is_alone = all(row.get(name) is None for name in WHOLE_TEXTS)
    is_said = _is_said(row[prompts[0]]) and _is_said(row[answers[0]])
    return is_alone and is_said and is_whole_question(row)


def from_named_fields(row: Row) -> Conversation:
    """One exchange, after system text and history where the row has such fields."""
    prompt = _own(row, PROMPTS)[0]
    return Conversation(
        (*in_context(row, prompt), *answer_turns(row, _own(row, ANSWERS)[0], prompt))
    )


def _own(row: Row, *names: Sequence[str]) -> list[str]:
    """Names that the row has with a value; those without one, where none has."""
    known = [name for some in names for name in some if name in row]
    found = [name for name in known if row[name] is not None] or known
    return [name for name in found if name not in GRADED] if WORKED & set(found) else found


def _is_said(value: Any) -> bool:
    """Whether a value is text or messages, or left out of this row."""
    return value is None or isinstance(value, str) or messages_in(value) is not None
