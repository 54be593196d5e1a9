"""Forms of multiple-choice questions, each read as a context and its continuations.

The contexts and continuations are those of lm-eval's tasks of the same data:

    columns    question, A, B, ..., answer (MMLU's own files, whose first line names nothing)
    choices    question, choices, answer: MMLU on the hub
    arc        question, choices with text and label, answerKey
    hellaswag  ctx, endings, label
    piqa       goal, sol1, sol2, label
    listed     an input that lists its choices, "A. ..." a line, and an output, one of the letters
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spanset.data.formats.texts import RowError, text_of

LETTERS = string.ascii_uppercase
UNLABELLED = (None, "", -1, "-1")  # what stands where a test's answers are not published

_LISTED = re.compile(r"^([A-Z])\. ", re.MULTILINE)
_BRACKETED = re.compile(r"\[.*?\]")


@dataclass(frozen=True)
class Question:
    """A question with one right answer.

    Attributes
    ----------
    context : str
        What stands before the answer.
    continuations : tuple of str
        The answers to choose from, as they follow the context.
    right : int
        Place of the right one.
    """

    context: str
    continuations: tuple[str, ...]
    right: int


@dataclass(frozen=True)
class Form:
    """How rows of some fields are read; the subject is what a file's name tells, or nothing."""

    name: str
    fields: str
    fits: Callable[[Mapping[str, Any]], bool]
    question: Callable[[Mapping[str, Any], str], Question]


def form_of(row: Mapping[str, Any]) -> Form | None:
    """The form of a row, by its fields."""
    return next((form for form in FORMS if form.fits(row)), None)


def about(subject: str) -> str:
    """The line before a question of a subject; nothing, where none is known."""
    if not subject:
        return ""
    subject = subject.replace("_", " ")
    return f"The following are multiple choice questions (with answers) about {subject}.\n\n"


def _lettered(question: str, choices: Sequence[str], right: int, subject: str) -> Question:
    """A question whose choices stand in the context; a letter is the answer."""
    _require_choices(len(choices))
    lines = [f"{letter}. {choice}" for letter, choice in zip(LETTERS, choices, strict=False)]
    context = about(subject) + "\n".join([question.strip(), *lines, "Answer:"])
    return Question(context, _letters(len(choices)), right)


def _letters(count: int) -> tuple[str, ...]:
    return tuple(f" {letter}" for letter in LETTERS[:count])


def _of_columns(row: Mapping[str, Any], subject: str) -> Question:
    letters = [letter for letter in LETTERS if letter in row]
    _require_choices(len(letters))
    if letters != list(LETTERS[: len(letters)]):
        raise RowError(f"the choices are named {', '.join(letters)}: one between is missing")
    choices = [_text(row[letter], letter, may_be_empty=True) for letter in letters]
    subject = _subject(row, subject)
    return _lettered(_text(row["question"], "question"), choices, _right(row, letters), subject)


def _of_choices(row: Mapping[str, Any], subject: str) -> Question:
    choices = [_text(one, "choices", may_be_empty=True) for one in row["choices"]]
    _require_choices(len(choices))
    right = _right(row, LETTERS[: len(choices)])
    return _lettered(_text(row["question"], "question"), choices, right, _subject(row, subject))


def _of_arc(row: Mapping[str, Any], _: str) -> Question:
    texts, labels = row["choices"]["text"], row["choices"]["label"]
    if len(texts) != len(labels):
        raise RowError(f"{len(texts)} choices have {len(labels)} labels")
    right = _right(row, labels, "answerKey", by_number=False)
    context = f"Question: {_text(row['question'], 'question')}\nAnswer:"
    return Question(context, _spelt_out(texts, "choices"), right)


def _of_hellaswag(row: Mapping[str, Any], _: str) -> Question:
    if "ctx_a" in row and "ctx_b" in row:
        start = _text(row["ctx_a"], "ctx_a", may_be_empty=True)
        context = f"{start} {_text(row['ctx_b'], 'ctx_b', may_be_empty=True).capitalize()}"
    else:
        context = _text(row["ctx"], "ctx")
    if row.get("activity_label"):
        context = f"{_text(row['activity_label'], 'activity_label')}: {context}"
    endings = [_without_marks(_text(one, "endings")) for one in row["endings"]]
    right = _right(row, range(len(endings)), "label")
    return Question(_without_marks(context), _spelt_out(endings, "endings"), right)


def _of_piqa(row: Mapping[str, Any], _: str) -> Question:
    context = f"Question: {_text(row['goal'], 'goal')}\nAnswer:"
    continuations = _spelt_out([row["sol1"], row["sol2"]], "sol1 and sol2")
    return Question(context, continuations, _right(row, range(2), "label"))


def _of_listed(row: Mapping[str, Any], _: str) -> Question:
    count = _listed(row["input"])
    _require_choices(count)
    right = _right(row, LETTERS[:count], "output", by_number=False)
    return Question(row["input"], _letters(count), right)


def _listed(text: Any) -> int:
    """Choices of the last list of a text, A on the first line: earlier ones are of examples."""
    if not isinstance(text, str):
        return 0
    found = _LISTED.findall(text)
    if "A" not in found:
        return 0
    last = found[len(found) - 1 - found[::-1].index("A") :]
    pairs = zip(last, LETTERS, strict=False)
    return next((i for i, (one, wanted) in enumerate(pairs) if one != wanted), len(last))


def _without_marks(text: str) -> str:
    """Without WikiHow's marks in brackets, as lm-eval takes them out."""
    return _BRACKETED.sub("", text.strip().replace(" [title]", ". ")).replace("  ", " ")


def _spelt_out(texts: Sequence[Any], field: str) -> tuple[str, ...]:
    """Continuations that are the answers' texts."""
    _require_choices(len(texts))
    return tuple(f" {_text(one, field)}" for one in texts)


def _require_choices(count: int) -> None:
    if not 2 <= count <= len(LETTERS):
        raise RowError(f"a question has 2 to {len(LETTERS)} choices, this one {count}")


def _subject(row: Mapping[str, Any], subject: str) -> str:
    own = row.get("subject")
    return own if isinstance(own, str) and own else subject


def _text(value: Any, field: str, *, may_be_empty: bool = False) -> str:
    """A text, or a number as a text."""
    if value is None:
        raise RowError(f"{field} holds nothing, where text is expected")
    text = text_of(value, field)
    if not may_be_empty and not text.strip():
        raise RowError(f"{field} is empty")
    return text


def _right(
    row: Mapping[str, Any],
    labels: Sequence[Any],
    field: str = "answer",
    *,
    by_number: bool = True,
) -> int:
    """Place of the right choice, which is given by its label, or its number from 0."""
    value = row[field]
    value = value.strip() if isinstance(value, str) else value
    if value in UNLABELLED:
        raise RowError(
            f"the right answer is not given: {field} holds {row[field]!r}",
            "take a split whose answers are published, or leave such questions out",
        )
    labels = list(labels)
    if not isinstance(value, bool) and value in labels:
        return labels.index(value)
    number: Any = int(value) if isinstance(value, str) and value.isdecimal() else value
    is_number = isinstance(number, int) and not isinstance(number, bool)
    if by_number and is_number and 0 <= number < len(labels):
        return number
    known = f"one of {', '.join(map(str, labels))}"
    if by_number:
        known += f", or a number from 0 to {len(labels) - 1}"
    raise RowError(
        f"the right answer is none of the choices: {field} holds {row[field]!r}",
        f"write {known} there",
    )


FORMS = (
    Form(
        "columns",
        "question, A, B, ..., answer; or six columns without names",
        lambda row: {"question", "A", "answer"} <= set(row),
        _of_columns,
    ),
    Form(
        "choices",
        "question, choices (a list), answer (number or letter)",
        lambda row: {"question", "answer"} <= set(row) and isinstance(row.get("choices"), list),
        _of_choices,
    ),
    Form(
        "arc",
        "question, choices (text, label), answerKey",
        lambda row: (
            {"question", "answerKey"} <= set(row)
            and isinstance(row.get("choices"), dict)
            and all(isinstance(row["choices"].get(part), list) for part in ("text", "label"))
        ),
        _of_arc,
    ),
    Form(
        "hellaswag",
        "ctx, endings, label",
        lambda row: {"ctx", "label"} <= set(row) and isinstance(row.get("endings"), list),
        _of_hellaswag,
    ),
    Form("piqa", "goal, sol1, sol2, label", {"goal", "sol1", "sol2", "label"}.issubset, _of_piqa),
    Form(
        "listed",
        'input (with lines "A. ...", "B. ..."), output (a letter)',
        lambda row: "output" in row and _listed(row.get("input")) > 0,
        _of_listed,
    ),
)
