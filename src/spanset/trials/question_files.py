"""Files of multiple-choice questions: CSV, JSON, JSON Lines, Parquet, Arrow, in one form each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from spanset.base.errors import DataError, UsageError
from spanset.data.containers import hub
from spanset.data.containers.csv_text import CsvSource
from spanset.data.containers.inputs import expand
from spanset.data.containers.mistakes import advice_for
from spanset.data.containers.opening import open_source, stem_of
from spanset.data.containers.scanning import RawRow
from spanset.data.containers.sources import Source
from spanset.data.formats.texts import RowError
from spanset.trials.question_forms import FORMS, Form, Question, form_of

MMLU_COLUMNS = ("question", "A", "B", "C", "D", "answer")
SHOWN = 40  # characters of a field's name, which may be a question where a header is missing

_SUBJECT_FILE = re.compile(r"(?P<subject>.+)_(test|val|dev|train)")


@dataclass(frozen=True)
class QuestionFiles:
    """Questions of one file or several.

    Attributes
    ----------
    questions : tuple of Question
        In the order of the files and of their rows.
    places : tuple of str
        File and line of each.
    digests : tuple of str
        SHA-256 of each file.
    """

    questions: tuple[Question, ...]
    places: tuple[str, ...]
    digests: tuple[str, ...]


def read_questions(paths: Iterable[str]) -> QuestionFiles:
    """Read files and globs of questions.

    Raises
    ------
    DataError
        A file that cannot be read, of no form that is known, or with a row that is no question.
    UsageError
        No path, or the same file twice.
    """
    questions: list[Question] = []
    places: list[str] = []
    digests: list[str] = []
    for path in expand(paths):
        source = _opened(path)
        for place, question in _questions(source):
            questions.append(question)
            places.append(place)
        digests.append(source.sha256)
    if not digests:
        raise UsageError("no file of questions given", fix="name at least one file")
    if not questions:
        raise DataError("no question is there", where=", ".join(paths), fix="give other files")
    return QuestionFiles(tuple(questions), tuple(places), tuple(digests))


def subject_of(source: Source) -> str:
    """Subject that the name of one of MMLU's own files tells, such as anatomy_test.csv."""
    if not isinstance(source, CsvSource) or source.header:
        return ""  # other names tell other things
    found = _SUBJECT_FILE.fullmatch(Path(stem_of(source.name)).stem)
    return found["subject"] if found else ""


def _opened(path: str) -> Source:
    """A source; MMLU's own files are known by a letter at the end of their first line."""
    if hub.is_hub(path):
        return hub.hub_source(path)
    if Path(stem_of(path).lower()).suffix not in (".csv", ".tsv"):
        return open_source(path)
    source = open_source(path, MMLU_COLUMNS)
    first = next(source.rows(), None)
    if first is not None and isinstance(first.value, dict):
        letter = first.value.get("answer")
        if isinstance(letter, str) and letter.strip() in MMLU_COLUMNS[1:-1]:
            return source
    return open_source(path)


def _questions(source: Source) -> Iterator[tuple[str, Question]]:
    """Place and question of every row, all of the form of the first."""
    subject, form = subject_of(source), None
    for raw in source.rows():
        place = f"{source.name}:{raw.line}"
        if raw.error or not isinstance(raw.value, dict):
            raise DataError(
                raw.error or "the row is not an object with fields",
                where=place,
                fix=("" if form else advice_for(source, raw)) or "mend the row, or take it out",
            )
        form = form or form_of(raw.value)
        if form is None or not form.fits(raw.value):
            raise _unrecognised(raw, place, form)
        try:
            yield place, form.question(raw.value, subject)
        except RowError as error:
            raise DataError(
                str(error), where=place, fix=error.fix or "mend the question, or take it out"
            ) from error


def _unrecognised(raw: RawRow, place: str, form: Form | None) -> DataError:
    seen = ", ".join(str(name)[:SHOWN] for name in raw.value) or "none"
    known = "; ".join(f"{one.name}: {one.fields}" for one in FORMS)
    return DataError(
        f"not a question like those above it ({form.name}: {form.fields})"
        if form
        else "the form of the questions is not recognised",
        where=place,
        why=f"fields seen: {seen}; forms known: {known}",
        fix="write the questions in one of these forms, one a file",
    )
