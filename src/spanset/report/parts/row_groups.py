"""Groups of rows that lie together, named by words that are theirs rather than everybody's."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spanset.base.array_types import FloatArray, IntArray

FEWEST, MOST = 4, 14  # groups: more are not told apart on a map
ROWS_A_GROUP = 60  # of a small pool
WORDS = 3  # of a name
WORD = re.compile(r"[^\W\d_]{3,}")
DRAWN = 8000  # rows that groups are sought among; the others join the nearest
STREAM = 19  # of the seed: other draws of a run take other numbers
RARE = 0.08  # share of a group's rows that a word of its name is in at least


@dataclass(frozen=True)
class RowGroups:
    """Groups of rows.

    Attributes
    ----------
    names : list of str
        The largest group first.
    of_row : (n,) int64
        Group of each row.
    """

    names: list[str]
    of_row: IntArray

    @classmethod
    def of(cls, places: FloatArray, texts: Sequence[str], *, seed: int) -> RowGroups:
        """Of rows at these places (n, c), with their texts."""
        n = len(places)
        count = int(np.clip(n // ROWS_A_GROUP, FEWEST, MOST))
        if n < 2 * FEWEST or not places.any():
            return cls(["all rows"], np.zeros(n, np.int64))
        from sklearn.cluster import KMeans

        rng = np.random.default_rng([seed, STREAM])
        drawn = np.sort(rng.choice(n, DRAWN, replace=False)) if n > DRAWN else np.arange(n)
        # sklearn's own stub has a text here only.
        sought = KMeans(count, n_init=2, random_state=seed)  # pyright: ignore[reportArgumentType]
        found = sought.fit(places[drawn]).predict(places)
        largest_first = np.argsort(-np.bincount(found, minlength=count), kind="stable")
        of_row = np.argsort(largest_first)[found]
        return cls(group_names(texts, of_row, count), of_row)


def group_names(texts: Sequence[str], of_row: IntArray, count: int) -> list[str]:
    """Words that are more often in rows of a group than in all rows; groups of no words numbered.

    A word scores its share of the group's rows times the logarithm of how many times more frequent
    that is than in all rows.
    """
    rows = np.bincount(of_row, minlength=count)
    within = [Counter[str]() for _ in range(count)]
    for text, group in zip(texts, of_row.tolist(), strict=True):
        within[group].update(set(WORD.findall(text.casefold())))
    everywhere = Counter[str]()
    for words in within:
        everywhere.update(words)
    names: list[str] = []
    for group, words in enumerate(within):
        scored = []
        for word, found in words.items():
            share, overall = found / rows[group], everywhere[word] / len(texts)
            if share >= RARE and share > overall:
                scored.append((-share * np.log(share / overall), word))
        name = ", ".join(word for _, word in sorted(scored)[:WORDS])
        names.append(name if name and name not in names else f"group {group + 1}")
    return names
