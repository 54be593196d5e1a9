"""A prompt with several answers and their scores (UltraFeedback): the best one, or a pair.

    {"prompt": ..., "responses": [text, ...], "scores": [number, ...]}
    {"instruction": ..., "completions": [{"response": text, "overall_score": number, ...}, ...]}

By itself such a row is its prompt with the best answer; asked for as ``preference``, the best and
the worst. There is one list of answers and one of scores, or else it is not sure which are meant.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from spanset.data.conversation import Conversation, Turn
from spanset.data.formats.exchanges import as_context, earlier_turns, in_context
from spanset.data.formats.field_names import ANSWERS, ASKING, PROMPTS, SYSTEM
from spanset.data.formats.named_fields import fields_named, prompt_field
from spanset.data.formats.pairs import pair, prompt_of
from spanset.data.formats.texts import Row, RowError, kind_of, parsed_json, text_of

UNSCORED = "completions"  # UltraFeedback's, which may be none
LISTS = ("responses", UNSCORED, "answers", "generations", "outputs")
SCORES = ("scores", "ratings", "rewards")
RANKS = ("ranks",)  # the best has the lowest
# The same of answers that are objects.
TEXT = ("response", "answer", "completion", "output", "text")
SCORE = ("overall_score", "score", "rating", "reward")
RANK = ("rank",)

_OWN, _BESIDE = frozenset(ANSWERS), frozenset((*SCORES, *RANKS))
_TEXT, _SCORE = frozenset(TEXT), frozenset((*SCORE, *RANK))

WAYS = tuple((prompt, answers) for prompt in PROMPTS for answers in LISTS)
REMARK = (
    "rows with ranked answers, of which the best is taken (--format preference takes the best and "
    "the worst as a pair)"
)


class _Answers(NamedTuple):
    """A row's answers and what ranks them, with the names of both."""

    name: str
    texts: list[Any]
    ranked_by: str
    scores: list[Any]


def is_ranked(row: Row) -> bool:
    """Whether a row has one prompt, and one list of answers with scores."""
    if all(row.get(name) is None for name in LISTS) or _prompt(row) is None:
        return False
    return _answers(row) is not None


def has_own_answer(row: Row) -> bool:
    """Whether a row also has an answer apart from the list: which is meant is not clear."""
    return any(row[name] is not None for name in fields_named(row, _OWN))


def from_ranked(row: Row) -> Conversation:
    """The prompt and the best answer, the first of equals."""
    prompt, (best, _) = _read(row)
    before, asked = earlier_turns(row, SYSTEM), as_context(_asked(row, prompt))
    return Conversation((*before, *asked, Turn("assistant", best)))


def ranked_pair(row: Row) -> Conversation:
    """The best answer and the worst; an empty one where no answer is worse."""
    prompt, sides = _read(row)
    chosen, rejected = ([Turn("assistant", text)] for text in sides)
    return pair(earlier_turns(row, SYSTEM), _asked(row, prompt), chosen, rejected)


def _read(row: Row) -> tuple[str, tuple[str, str]]:
    """The prompt's field, the best answer and the worst."""
    prompt, answers = _prompt(row), _answers(row)
    if prompt is None or answers is None:
        raise RowError("it has no prompt with one list of answers and their scores")
    return prompt, _best_and_worst(answers)


def _prompt(row: Row) -> str | None:
    prompt = prompt_field(row)
    return None if prompt in ASKING else prompt


def _asked(row: Row, prompt: str) -> list[Turn]:
    """Turns of the prompt, which may be a dialogue; one text has the row's context below it."""
    asked = prompt_of(row, (prompt,))
    is_text = [turn.text for turn in asked] == [row[prompt]]
    return in_context(row, prompt)[-1:] if is_text else asked


def _answers(row: Row) -> _Answers | None:
    """The answers and their scores; None where there are none, or several of either."""
    lists = {name: _list_in(row.get(name)) for name in LISTS if row.get(name) is not None}
    if len(lists) != 1:
        return None
    ((name, values),) = lists.items()
    first = next((value for value in values or () if value is not None), "")
    if values is None or not isinstance(first, (str, dict)):
        return None
    beside = fields_named(row, _BESIDE)
    if isinstance(first, dict):
        return None if beside else _of_objects(name, [value or {} for value in values])
    if not values and name == UNSCORED and not beside:
        return _Answers(name, [], name, [])
    scores = _list_in(row[beside[0]]) if len(beside) == 1 else None
    return None if scores is None else _Answers(name, values, beside[0], scores)


def _of_objects(name: str, answers: list[Any]) -> _Answers | None:
    """Answers that are objects, each with its text and its score."""
    if not all(isinstance(one, dict) for one in answers):
        return None
    texts, scores = (
        {field for one in answers for field in fields_named(one, names)}
        for names in (_TEXT, _SCORE)
    )
    if len(texts) != 1 or len(scores) != 1:
        return None
    (text,), (score,) = texts, scores
    return _Answers(
        name, [one.get(text) for one in answers], score, [one.get(score) for one in answers]
    )


def _best_and_worst(answers: _Answers) -> tuple[str, str]:
    """The first of the best answers and the last of the worst, or nothing for it."""
    scored = _scored(answers)
    if not scored:
        return "", ""
    scores = [score for _, score in scored]
    best, worst = scores.index(max(scores)), len(scores) - 1 - scores[::-1].index(min(scores))
    return scored[best][0], scored[worst][0] if scores[worst] < scores[best] else ""


def _scored(answers: _Answers) -> list[tuple[str, float]]:
    """Answers that have a score, with it: the higher the better."""
    name, texts, ranked_by, scores = answers
    if len(texts) != len(scores):
        raise RowError(
            f"field {name!r} has {len(texts)} answers, field {ranked_by!r} {len(scores)} scores"
        )
    sign = -1 if ranked_by.lower() in (*RANKS, *RANK) else 1
    rated = enumerate(zip(texts, scores, strict=True))
    return [
        (text_of(text, place), sign * _number(score, f"the score of {place}"))
        for place, text, score in ((f"{name}[{number}]", *one) for number, one in rated)
        if text is not None and score is not None
    ]


def _list_in(value: Any) -> list[Any] | None:
    """The list that a value is, or spells out in JSON."""
    value = parsed_json(value) if isinstance(value, str) else value
    return value if isinstance(value, list) else None


def _number(value: Any, place: str) -> float:
    """A score, which may be written as text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value  # however large
    try:
        score = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        score = math.nan
    if not math.isfinite(score):
        raise RowError(f"{place} is {kind_of(value)}, expected a number")
    return score
