"""A prompt with several answers and their scores (UltraFeedback): the best one, or a pair.

    {"prompt": ..., "responses": [text, ...], "scores": [number, ...]}
    {"instruction": ..., "completions": [{"response": text, "overall_score": number, ...}, ...]}

By itself such a row is its prompt with the best answer; asked for as ``preference``, the best and
the worst.
"""

from __future__ import annotations

import math
from typing import Any

from spanset.data.conversation import Conversation, Turn
from spanset.data.formats.exchanges import prompt_turns
from spanset.data.formats.texts import Row, RowError, kind_of, list_of, text_of

PROMPTS = ("prompt", "instruction", "question", "query", "input")
TEXTS = ("responses", "answers")  # beside a list of scores
SCORES = "scores"
OBJECTS = "completions"  # each with a response and a score
RESPONSE = "response"
OWN_SCORES = ("overall_score", "score", "rating")

WAYS = (
    *((prompt, texts, SCORES) for prompt in PROMPTS for texts in TEXTS),
    *((prompt, OBJECTS) for prompt in PROMPTS),
)
REMARK = (
    "rows with ranked answers, of which the best is taken (--format preference takes the best and "
    "the worst as a pair)"
)


def is_ranked(row: Row) -> bool:
    """Whether a row has one prompt, and answers with scores."""
    if sum(row.get(name) is not None for name in PROMPTS) != 1:
        return False
    if isinstance(row.get(SCORES), (list, str)):
        return sum(row.get(name) is not None for name in TEXTS) == 1
    value = row.get(OBJECTS)
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(one, dict) and RESPONSE in one and _score_in(one) for one in value)


def from_ranked(row: Row) -> Conversation:
    """The prompt and the best answer, the first of equals."""
    best, _ = _best_and_worst(row)
    return Conversation((*_prompt(row), Turn("assistant", best)))


def ranked_pair(row: Row) -> Conversation:
    """The best answer and the worst; an empty one where no answer is worse."""
    best, worst = _best_and_worst(row)
    prompt = _prompt(row)
    chosen, rejected = ((Turn("assistant", text),) for text in (best, worst))
    return Conversation((*prompt, *chosen), rejected, shared=len(prompt))


def _prompt(row: Row) -> list[Turn]:
    field = next(name for name in PROMPTS if row.get(name) is not None)
    return prompt_turns(row, (field,))


def _best_and_worst(row: Row) -> tuple[str, str]:
    """The first of the best answers and the last of the worst, or nothing for it."""
    ranked = _answers(row)
    if not ranked:
        return "", ""
    scores = [score for _, score in ranked]
    best, worst = scores.index(max(scores)), len(scores) - 1 - scores[::-1].index(min(scores))
    return ranked[best][0], ranked[worst][0] if scores[worst] < scores[best] else ""


def _answers(row: Row) -> list[tuple[str, float]]:
    """Answers that have a score, with it."""
    if row.get(SCORES) is None:
        pairs = [(one.get(RESPONSE), one.get(_score_in(one))) for one in row[OBJECTS]]
        field = OBJECTS
    else:
        field = next(name for name in TEXTS if row.get(name) is not None)
        texts, scores = (list_of(row[name], f"field {name!r}") for name in (field, SCORES))
        if len(texts) != len(scores):
            raise RowError(
                f"field {field!r} has {len(texts)} answers, field {SCORES!r} {len(scores)} scores"
            )
        pairs = list(zip(texts, scores, strict=True))
    return [
        (text_of(text, f"{field}[{number}]"), _number(score, f"the score of {field}[{number}]"))
        for number, (text, score) in enumerate(pairs)
        if text is not None and score is not None
    ]


def _score_in(answer: dict[str, Any]) -> str:
    """The field of an answer's own score; nothing where there is none."""
    return next((name for name in OWN_SCORES if name in answer), "")


def _number(value: Any, place: str) -> float:
    """A score, which may be written as text."""
    try:
        score = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        score = math.nan
    if not math.isfinite(score):
        raise RowError(
            f"{place} is {kind_of(value)}, expected a number",
            "give the answer a number for its score, or null to leave it out of the ranking",
        )
    return score
