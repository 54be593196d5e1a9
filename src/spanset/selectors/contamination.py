"""Rows too near to rows that a model is judged by: by shared words, and by meaning.

By words: at least half of the evaluation prompt's distinct runs of eight words (of shorter prompts,
all its words) stand in the row, wherever they do. That finds questions quoted among other text, the
usual test since Brown et al. (2020) [brown2020language]. By meaning: features at a cosine of
`threshold` or more, which finds questions put in other words, as far as the features see them as
the same: Yang et al. (2023) [yang2023rethinking] show how easily those pass a test of words.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.cosines import as_float32, nearest_of
from spanset.base.sorted_places import places_in
from spanset.data.dataset import Dataset

RUN = 8  # words of a run
FEWEST = 4  # words of a prompt that is looked for: fewer stand in many texts by chance
SHARE = 0.5  # of a prompt's runs, from which a row holds it

# Cosine from which features see two rows as one task, by their kind; docs/methods.md has what was
# measured. Hidden states are all near each other, and of gradients and arrays nothing is known:
# those tell nothing unless the user says from where on.
THRESHOLDS = {"static": 0.8, "lexical": 0.8, "sentence": 0.8}

# Cosine from which features of any kind are the same but for rounding, so that a row is an exact
# copy: cosines are on a grid of 3.8e-6 (base/cosines.py), and rows that were kept in float16, or
# went through a model in another batch, differ by up to about 1e-6 more.
EXACT = 1.0 - 1e-5

# Chinese, Japanese and Korean.
_UNSPACED = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
_BASE = np.uint64(0x9E3779B97F4A7C15)  # of the rolling hash; odd, so that no power of it is 0


class Contact(NamedTuple):
    """A row that is too near.

    Attributes
    ----------
    row, other : int
        Positions of the row, and of the one it is near to.
    cosine : float
        Between them; NaN where words alone tell.
    shared : float
        Share of the other's runs of words that the row holds; 0 where it holds more of a third.
    """

    row: int
    other: int
    cosine: float
    shared: float

    @property
    def how(self) -> str:
        """In words."""
        cosine = [] if np.isnan(self.cosine) else [f"cosine {self.cosine:.2f}"]
        shared = [f"{100 * self.shared:.0f} % of its words in a row"] * (self.shared >= SHARE)
        return ", ".join(cosine + shared)


def contacts(
    data: Dataset,
    X: npt.NDArray[np.floating[Any]],
    others: Dataset,
    features: npt.NDArray[np.floating[Any]],
    threshold: float | None,
    places: IntArray | None = None,
) -> list[Contact]:
    """Rows of the data (N) too near to any of the others (m), in their order; the nearest of each.

    Parameters
    ----------
    X, features : (N, d), (m, d)
        Unit rows of both.
    threshold : float or None
        Cosine; None for words alone.
    places : (m',) int64, optional
        Which of the others the features are of, where some have none: words tell of all.
    """
    cosines, nearest = np.full(len(X), -1.0, np.float32), np.zeros(len(X), np.int64)
    if threshold is not None:
        cosines, nearest = nearest_of(as_float32(X), as_float32(features))
        nearest = nearest if places is None else places[nearest]
    is_near = cosines >= np.float32(2.0 if threshold is None else threshold)
    texts = (one.text for one in data.conversations())
    shares, holders = SharedRuns.of_prompts(others).in_texts(texts)
    found = []
    for row in np.flatnonzero(is_near | (shares >= SHARE)).tolist():
        other = nearest[row] if is_near[row] else holders[row]
        cosine = float(cosines[row]) if is_near[row] else float("nan")
        shared = float(shares[row]) if other == holders[row] else 0.0
        found.append(Contact(row, int(other), cosine, shared))
    return found


def near_features(
    X: npt.NDArray[np.floating[Any]], features: npt.NDArray[np.floating[Any]], threshold: float
) -> list[Contact]:
    """Of unit rows X (N, d) those near to any of the features (m, d), in their order."""
    cosines, nearest = nearest_of(as_float32(X), as_float32(features))
    rows = np.flatnonzero(cosines >= np.float32(threshold)).tolist()
    return [Contact(row, int(nearest[row]), float(cosines[row]), 0.0) for row in rows]


@dataclass(frozen=True, eq=False)
class SharedRuns:
    """Runs of words of some texts, and in which of them each stands.

    Attributes
    ----------
    words : dict
        Number of each word, from 1; words of no text are 0.
    runs : dict
        Length of a run in words, to its hash, to the texts that hold it.
    totals : (m,) int64
        Distinct runs of each text.
    rows : (m,) int64
        Row of each text: a conversation has a text for every turn of the user.
    """

    words: dict[str, int]
    runs: dict[int, dict[int, list[int]]]
    totals: IntArray
    rows: IntArray

    @classmethod
    def of_prompts(cls, data: Dataset) -> SharedRuns:
        """Of every turn of the user; of a row without any, of the whole."""
        texts, rows = [], []
        for row, one in enumerate(data.conversations()):
            asked = [turn.text for turn in one.turns if turn.role == "user"] or [one.text]
            texts += asked
            rows += [row] * len(asked)
        return replace(cls.of(texts), rows=np.array(rows, np.int64))

    @classmethod
    def of(cls, texts: Iterable[str]) -> SharedRuns:
        """Of these texts."""
        words: dict[str, int] = {}
        runs: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        totals = []
        for number, text in enumerate(texts):
            numbers = [words.setdefault(word, len(words) + 1) for word in words_of(text)]
            length = min(RUN, len(numbers))
            own = np.unique(_hashes(numbers, length)) if length >= FEWEST else np.zeros(0)
            for run in own.tolist():
                runs[length][run].append(number)
            totals.append(len(own))
        return cls(words, runs, np.array(totals, np.int64), np.arange(len(totals)))

    def in_texts(self, texts: Iterable[str]) -> tuple[FloatArray, IntArray]:
        """Of each text the highest share of another's runs that it holds, and its row; (n,)."""
        known = {length: np.sort(np.fromiter(own, np.uint64)) for length, own in self.runs.items()}
        shares, holders = [], []
        for text in texts:
            counts: dict[int, int] = defaultdict(int)
            for number in self._held(text, known):
                counts[number] += 1
            best = max(counts, key=lambda one: (counts[one] / self.totals[one], -one), default=0)
            shares.append(counts[best] / self.totals[best] if counts else 0.0)
            holders.append(best)
        rows = np.array(holders, np.int64)
        return np.array(shares, float), self.rows[rows] if len(self.rows) else rows

    def _held(self, text: str, known: dict[int, npt.NDArray[np.uint64]]) -> Iterator[int]:
        """The other texts that a run of this text stands in, once for each run."""
        numbers = [self.words.get(word, 0) for word in words_of(text)]
        for length, hashes in known.items():
            if len(numbers) < length:
                continue
            own = np.unique(_hashes(numbers, length))
            _, is_held = places_in(hashes, own)
            for run in own[is_held].tolist():
                yield from self.runs[length][run]


def words_of(text: str) -> list[str]:
    """Words in lower case; of scripts that may be written without spaces, characters."""
    return _WORD.findall(text.lower())


def _hashes(numbers: list[int], length: int) -> npt.NDArray[np.uint64]:
    """A hash for every run of so many words in a row."""
    values = np.array(numbers, np.uint64)
    count = len(values) - length + 1
    hashes = np.zeros(count, np.uint64)
    with np.errstate(over="ignore"):
        for place in range(length):
            hashes = hashes * _BASE + values[place : place + count] + np.uint64(1)
            hashes ^= hashes >> np.uint64(29)
    return hashes
