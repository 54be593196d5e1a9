"""Lexical features: hashed word and character n-grams, tf-idf, sparse Johnson-Lindenstrauss.

No download, no GPU: the default representation when no model is given. Words (one and two in a row)
tell topics, characters (four in a row, within words) tell spelling, code and languages without
blanks; each family is scaled to the same weight, weighed by sublinear tf-idf, and projected to d
dimensions by a sparse sign matrix with four entries a term (Kane and Nelson 2014). The inner
products of projected rows are those of the full vectors with a standard deviation of about
(1 - cosine^2) / sqrt(d): 0.03 for unlike rows at d = 1,024, almost none for near copies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.preprocessing import normalize

from spanset.data.dataset import Dataset
from spanset.features.hashing import hash64
from spanset.features.represented import Represented
from spanset.features.rows import unit_rows

DIMENSION = 1024
TERMS = 2**20  # hashed vocabulary a family; 52,000 real rows fill half of it with words
ENTRIES = 4  # nonzeros of the projection per term
FIT_ROWS = 100_000  # rows that the idf is fitted on at most, evenly spread; about 2 kB each
BATCH = 2_000  # rows hashed at once

_COUNTED: dict[str, Any] = {
    "n_features": TERMS,
    "alternate_sign": False,
    "norm": None,
    "dtype": np.float32,
}
_WORDS = HashingVectorizer(token_pattern=r"\w+", ngram_range=(1, 2), **_COUNTED)  # noqa: S106
_CHARACTERS = HashingVectorizer(analyzer="char_wb", ngram_range=(4, 4), **_COUNTED)

# Word and character counts, (n, TERMS) each; scipy.sparse has no usable types yet.
Counts = tuple[Any, Any]


@dataclass(frozen=True)
class Lexical:
    """Fitted lexical features.

    Attributes
    ----------
    idf : (2, TERMS) float32
        Inverse document frequency of word and character terms, smoothed.
    dimension : int
        Columns of the features.
    seed : int
        Of the projection.
    """

    idf: npt.NDArray[np.float32]
    dimension: int
    seed: int

    def transform(self, data: Dataset) -> Represented:
        """Unit rows (N, dimension); the whole conversation of each row counts."""
        X = self._project((_counts(texts) for texts in _batches(data)), len(data))
        return Represented.whole(X, data)

    def settings(self) -> dict[str, Any]:
        """The projection; the idf is the data's own."""
        return {"kind": "lexical", "dimension": self.dimension, "seed": self.seed}

    def _project(self, batches: Iterable[Counts], n: int) -> npt.NDArray[np.float32]:
        projection = _projection(self.dimension, self.seed)
        X = np.empty((n, self.dimension), np.float32)
        done = 0
        for counts in batches:
            rows = _weighted(counts, self.idf) @ projection
            X[done : done + rows.shape[0]] = rows.toarray()
            done += rows.shape[0]
        return unit_rows(X, np.float32, where="lexical features")


def fit_transform_lexical(
    data: Dataset, *, dimension: int = DIMENSION, seed: int = 0
) -> tuple[Represented, Lexical]:
    """Fit the idf on `data` (on 100,000 rows evenly spread where there are more); its features.

    Hashing the terms takes most of the time, so the counts of the fit serve the features too.
    """
    if len(data) <= FIT_ROWS:
        batches = [_counts(texts) for texts in _batches(data)]
        fitted = Lexical(_fit_idf(batches, len(data)), dimension, seed)
        return Represented.whole(fitted._project(batches, len(data)), data), fitted
    sample = data[np.linspace(0, len(data) - 1, FIT_ROWS).astype(np.int64)]
    idf = _fit_idf((_counts(texts) for texts in _batches(sample)), FIT_ROWS)
    fitted = Lexical(idf, dimension, seed)
    return fitted.transform(data), fitted


def _fit_idf(batches: Iterable[Counts], n: int) -> npt.NDArray[np.float32]:
    documents = np.zeros((2, TERMS), np.int64)
    for families in batches:
        for family, counts in enumerate(families):
            documents[family] += np.bincount(counts.indices, minlength=TERMS)
    # As if one more document held every term: no division by zero, no term without weight.
    return (np.log((1 + n) / (1 + documents)) + 1).astype(np.float32)


def _batches(data: Dataset) -> Iterator[list[str]]:
    texts = (_clean(conversation.text) for conversation in data.conversations())
    while batch := list(islice(texts, BATCH)):
        yield batch


def _clean(text: str) -> str:
    """Text without lone surrogates, which cannot be hashed as UTF-8."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _counts(texts: Iterable[str]) -> Counts:
    """Counts of word and of character terms; each (n, TERMS) with one entry per distinct term."""
    return _WORDS.transform(texts), _CHARACTERS.transform(texts)


def _weighted(families: Counts, idf: npt.NDArray[np.float32]) -> Any:
    """Sublinear tf-idf, each family at unit length, side by side; (n, 2 TERMS)."""
    weighted = []
    for counts, weights in zip(families, idf, strict=True):
        counts.data = (1.0 + np.log(counts.data)) * weights[counts.indices]
        weighted.append(normalize(counts, copy=False))
    return sparse.hstack(weighted, format="csr")


@lru_cache(maxsize=1)  # 64 MiB that given and appended rows need again
def _projection(dimension: int, seed: int) -> Any:
    """Sparse sign matrix (2 TERMS, dimension), ENTRIES nonzeros a row, a function of the seed."""
    terms = 2 * TERMS
    bits = hash64(seed, np.arange(terms * ENTRIES, dtype=np.uint64))
    columns = ((bits >> np.uint64(1)) % np.uint64(dimension)).astype(np.int32)
    signs = np.where(bits & np.uint64(1), 1.0, -1.0).astype(np.float32) / np.sqrt(ENTRIES)
    starts = np.arange(0, terms * ENTRIES + 1, ENTRIES, dtype=np.int32)
    return sparse.csr_matrix((signs.astype(np.float32), columns, starts), (terms, dimension))
