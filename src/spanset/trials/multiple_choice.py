"""Multiple-choice questions, judged by the likelihood of the answers: plain accuracy ("acc").

The answer of the highest log-likelihood, summed over its tokens, is the model's, the first of equal
ones; nothing is done about the lengths of answers ("acc_norm"). In float32 it is what lm-eval finds
for the same data; in other types lm-eval rounds log-probabilities to them, which is not done here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from spanset.base.array_types import FloatArray
from spanset.base.errors import UsageError
from spanset.data.containers.opening import stem_of
from spanset.models.language_model import BATCH_TOKENS
from spanset.models.libraries import quiet
from spanset.trials.evaluation import SetScores, Unit
from spanset.trials.likelihoods import Reading, context_of, fitted, log_likelihoods, readings_of
from spanset.trials.question_files import QuestionFiles, read_questions
from spanset.trials.question_forms import Question
from spanset.trials.untouched import untouched


@dataclass(frozen=True, eq=False)
class MultipleChoice:
    """Questions, and the tokenizer that they are read with.

    Attributes
    ----------
    name : str
        Short, as tables show it.
    questions, places
        n of each: the questions, and their files and lines.
    digests : tuple of str
        SHA-256 of each file.
    tokenizer : transformers.PreTrainedTokenizerFast
        Of the models that are judged.
    batch_tokens : int, optional
        Tokens of a pass; by default what suits the model's device.
    """

    name: str
    questions: tuple[Question, ...]
    places: tuple[str, ...]
    digests: tuple[str, ...]
    tokenizer: Any
    batch_tokens: int | None = None

    @classmethod
    def read(
        cls,
        paths: str | Sequence[str],
        tokenizer: Any,
        *,
        name: str | None = None,
        most: int | None = None,
        seed: int = 0,
        batch_tokens: int | None = None,
    ) -> MultipleChoice:
        """Read files and globs of questions, each file in one form (question_forms.py).

        Parameters
        ----------
        paths : str or sequence of str
            MMLU's CSV files; CSV with a header, JSON, JSON Lines, Parquet.
        tokenizer : transformers.PreTrainedTokenizerFast
            Of the models that are judged.
        name : str, optional
            By default the first file's.
        most : int, optional
            Questions; where there are more in all, so many are drawn.
        seed : int
            Of the draw.
        batch_tokens : int, optional
            Tokens of a pass; results do not depend on it but for rounding.

        Raises
        ------
        DataError, UsageError
            See `read_questions`.
        """
        if most is not None and most < 1:
            raise UsageError(f"{most} questions are too few", fix="give 1 or more")
        paths = [paths] if isinstance(paths, str) else list(paths)
        read = _drawn(read_questions(paths), most, seed)
        if name is None:
            name = Path(stem_of(paths[0])).stem
        return cls(name, read.questions, read.places, read.digests, tokenizer, batch_tokens)

    @property
    def unit(self) -> Unit:
        """Accuracy."""
        return "accuracy"

    def settings(self) -> Mapping[str, Any]:
        """Digests of the files, and of what models read of them."""
        digest = hashlib.sha256()
        for one in self._readings:
            digest.update(f"{one.question} {one.choices} {one.last} {one.counted} ".encode())
            digest.update(one.ids.tobytes())
        digest.update(bytes(question.right for question in self.questions))
        return {
            "kind": "multiple-choice",
            "files": list(self.digests),
            "questions": len(self),
            "encoded": digest.hexdigest(),
        }

    def __len__(self) -> int:
        """Questions, n."""
        return len(self.questions)

    @property
    def tokens(self) -> int:
        """Tokens that a model reads, one with room for every question."""
        return sum(len(one.ids) for one in self._readings)

    def scored(self, model: Any) -> SetScores:
        """A causal language model on every question."""
        found = self.likelihoods(model)
        rights = [question.right for question in self.questions]
        values = [float(np.argmax(one) == right) for one, right in zip(found, rights, strict=True)]
        return SetScores(np.array(values), np.ones(len(values)))

    def likelihoods(self, model: Any) -> list[FloatArray]:
        """Log-likelihoods (answers,) of every question's answers, nats."""
        readings = fitted(self._readings, self.places, context_of(model, self.tokenizer))
        kind = next(model.parameters()).device.type
        tokens = self.batch_tokens or BATCH_TOKENS.get(kind, BATCH_TOKENS["cuda"])
        counts = [len(question.continuations) for question in self.questions]
        with untouched(model):
            return log_likelihoods(model, readings, counts, tokens)

    @cached_property
    def _readings(self) -> tuple[Reading, ...]:
        with quiet():  # what is longer than a context is no mistake here
            return readings_of(self.questions, self.places, self.tokenizer)


def _drawn(read: QuestionFiles, most: int | None, seed: int) -> QuestionFiles:
    """So many questions at most, in their order."""
    if most is None or len(read.questions) <= most:
        return read
    drawn = np.random.default_rng(seed).choice(len(read.questions), most, replace=False)
    kept = np.sort(drawn).tolist()
    return QuestionFiles(
        tuple(read.questions[i] for i in kept), tuple(read.places[i] for i in kept), read.digests
    )
