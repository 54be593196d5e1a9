"""Lexical features: hashed word and character n-grams, tf-idf, sparse Johnson-Lindenstrauss.

They see copies and wording, not meaning; nothing is downloaded, no GPU is needed. Words (one and
two in a row) tell topics, characters (four in a row, within words) tell spelling, code and
languages without blanks; each family is scaled to the same weight, weighed by sublinear tf-idf, and
projected to d dimensions by a sparse sign matrix with four entries a term (Kane and Nelson 2014).
The inner products of projected rows are those of the full vectors with a standard deviation of
about (1 - cosine^2) / sqrt(d): 0.03 for unlike rows at d = 1,024, almost none for near copies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from time import monotonic
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.preprocessing import normalize

from spanset.base.array_types import IntArray
from spanset.base.processes import in_processes
from spanset.base.software import software
from spanset.base.stages import SILENT, Watcher
from spanset.base.workers import available_workers
from spanset.data.dataset import Dataset
from spanset.data.encodable import encodable
from spanset.features.made_by_rows import MadeByRows
from spanset.sketches.hashing import hash64
from spanset.stores.digests import digest_of
from spanset.stores.keeping import settings_folder, stores_in
from spanset.stores.maker import Job, Recipe, Sink
from spanset.stores.status import Status
from spanset.stores.store import FeatureStore
from spanset.stores.survey import Survey

DIMENSION = 1024
TERMS = 2**20  # hashed vocabulary a family; 52,000 real rows fill half of it with words
ENTRIES = 4  # nonzeros of the projection per term
VERSION = 1  # of how a row becomes a vector
FIT_ROWS = 100_000  # rows that the idf is fitted on at most, evenly spread; about 2 kB each
BATCH = 2_000  # rows hashed at once
SHARED_ROWS = 10_000  # rows from which starting processes (a second or two) is worth it
TIMED_ROWS = 500  # for an estimate of time

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
Made = tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]  # as `vectors` gives them


@dataclass
class LexicalFeatures(MadeByRows):
    """Lexical features with an idf fitted to some data: a representation, and what fills a store.

    Attributes
    ----------
    fitted_on : str
        Digest of the rows that the idf is fitted to.
    fitted_rows : int
        Their number; of at most `FIT_ROWS` the words are counted.
    dimension : int
        Columns of the features.
    seed : int
        Of the projection.
    data : Dataset or None
        The rows themselves, where the idf may still have to be fitted.
    """

    fitted_on: str
    fitted_rows: int
    dimension: int = DIMENSION
    seed: int = 0
    data: Dataset | None = None
    watcher: Watcher = field(default=SILENT, repr=False)
    _documents: npt.NDArray[np.int64] | None = field(default=None, repr=False)
    _counts: list[Counts] = field(default_factory=list, repr=False)

    @classmethod
    def of_store(cls, store: FeatureStore, watcher: Watcher = SILENT) -> LexicalFeatures:
        """As those of a store."""
        settings = store.manifest["settings"]
        names = ("fitted_on", "fitted_rows", "dimension", "seed")
        made = cls(**{name: settings[name] for name in names}, watcher=watcher)
        made._documents = _dense(np.array(store.column("documents")))
        return made

    @property
    def rows_at_once(self) -> int:
        """Rows hashed at once."""
        return BATCH

    def settings(self) -> dict[str, Any]:
        """The projection, and what the idf was fitted to."""
        return {
            "kind": "lexical",
            "version": VERSION,
            "terms": TERMS,
            "dimension": self.dimension,
            "seed": self.seed,
            "fitted_on": self.fitted_on,
            "fitted_rows": self.fitted_rows,
        }

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Terms that occur, and in how many documents each: all that the idf is made of."""
        documents = self._fitted().ravel()
        terms = np.flatnonzero(documents)
        return {"documents": np.stack([terms, documents[terms]], axis=1).astype("<i4")}

    def seconds(self, data: Dataset, seen: Survey) -> float:  # noqa: ARG002
        """Of a few rows, evenly spread, timed; more than `FIT_ROWS` are hashed twice."""
        some = data[np.linspace(0, len(data) - 1, min(len(data), TIMED_ROWS)).astype(np.int64)]
        self._project(_count(["warm up"]), np.ones((2, TERMS), np.float32))  # makes the matrix
        started = monotonic()
        counts = _count([encodable(talk.text) for talk in some.conversations()])
        hashing = monotonic() - started
        self._project(counts, np.ones((2, TERMS), np.float32))
        all_of_it = monotonic() - started
        again = FIT_ROWS if self._documents is None and self.fitted_rows > FIT_ROWS else 0
        return (len(data) * all_of_it + again * hashing) / len(some)

    def recipe(self) -> Recipe:
        """With the idf, fitted."""
        shape = (self.fitted_on, self.fitted_rows, self.dimension, self.seed)
        return partial(LexicalFeatures, *shape, _documents=self._fitted())

    def prepare(self) -> None:
        """Fit the idf."""
        self._fitted()

    def machine(self) -> dict[str, Any]:
        """Software."""
        return software("scipy", "scikit-learn")

    def fill(self, job: Job, sink: Sink) -> None:
        """Make the batches."""
        super().fill(job, sink)
        self._counts.clear()  # what the fit counted has been used

    def vectors(self, data: Dataset, rows: IntArray) -> Made:
        """Features (b, dimension) of some rows, before they are scaled; all can be made."""
        return self._made(self._counted(data, rows), len(rows))

    def _made(self, counts: Counts, rows: int) -> Made:
        return self._project(counts, self.idf), np.full(rows, Status.OK, np.uint8)

    @cached_property
    def idf(self) -> npt.NDArray[np.float32]:
        """Inverse document frequency of word and character terms, smoothed; (2, TERMS)."""
        n = min(self.fitted_rows, FIT_ROWS)
        # As if one more document held every term: no division by zero, no term without weight.
        return (np.log((1 + n) / (1 + self._fitted())) + 1).astype(np.float32)

    def _fitted(self) -> npt.NDArray[np.int64]:
        """In how many documents each term occurs; (2, TERMS)."""
        if self._documents is None:
            stores, _ = stores_in(settings_folder(self))
            if stores:
                self._documents = _dense(np.array(stores[0].column("documents")))
            else:
                self._documents = self._fit()
        return self._documents

    def _fit(self) -> npt.NDArray[np.int64]:
        """Count the documents of every term; of few rows the counts are kept for their features.

        Hashing the terms takes most of the time.
        """
        assert self.data is not None  # noqa: S101 (of_store has the documents)
        rows, is_whole = self.data, len(self.data) <= FIT_ROWS
        if not is_whole:
            rows = self.data[np.linspace(0, len(self.data) - 1, FIT_ROWS).astype(np.int64)]
        documents = np.zeros((2, TERMS), np.int64)
        for counts in _counts_of(rows):
            for family, counted in enumerate(counts):
                documents[family] += np.bincount(counted.indices, minlength=TERMS)
            if is_whole:
                self._counts.append(counts)
        return documents

    def _each(self, data: Dataset, batches: Sequence[IntArray]) -> Iterator[Made]:
        """Of many rows that are still to be counted, counts by processes, as in the fit."""
        self.prepare()
        if self._has_counts(data) or sum(map(len, batches)) < SHARED_ROWS:
            yield from super()._each(data, batches)
            return
        texts = (_texts(data[rows]) for rows in batches)
        for rows, counts in zip(
            batches, in_processes(_count, texts, available_workers()), strict=True
        ):
            yield self._made(counts, len(rows))

    def _has_counts(self, data: Dataset) -> bool:
        """Whether those of the fit are of these rows."""
        return bool(self._counts) and data is self.data

    def _counted(self, data: Dataset, rows: IntArray) -> Counts:
        """Counts of some rows, ascending; those of the fit where it was of these data."""
        if not self._has_counts(data):
            return _count(_texts(data[rows]))
        places = [
            (number, rows[rows // BATCH == number] % BATCH) for number in np.unique(rows // BATCH)
        ]
        return tuple(
            sparse.vstack([self._counts[number][family][own] for number, own in places], "csr")
            for family in range(2)
        )  # pyright: ignore

    def _project(self, counts: Counts, weights: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        projection = _projection(self.dimension, self.seed)
        return (_weighted(counts, weights) @ projection).toarray()


def lexical_features(
    data: Dataset, *, dimension: int = DIMENSION, seed: int = 0, watcher: Watcher = SILENT
) -> LexicalFeatures:
    """Lexical features whose idf is fitted to `data`, when it is needed.

    Of more than 100,000 rows as many, evenly spread, are counted; of fewer the order is nothing to
    the idf.
    """
    digests = data.digests
    if len(data) <= FIT_ROWS:
        digests = digests[np.lexsort(digests.T)]
    fitted_on = digest_of(digests)
    return LexicalFeatures(fitted_on, len(data), dimension, seed, data, watcher)


def _dense(documents: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Documents of every term from those of the terms that occur; (2, TERMS)."""
    dense = np.zeros(2 * TERMS, np.int64)
    dense[documents[:, 0]] = documents[:, 1]
    return dense.reshape(2, TERMS)


def _texts(data: Dataset) -> list[str]:
    return [encodable(conversation.text) for conversation in data.conversations()]


def _counts_of(data: Dataset) -> Iterator[Counts]:
    """Counts of every batch, in order; of many rows on all processors."""
    texts = (_texts(data[start : start + BATCH]) for start in range(0, len(data), BATCH))
    if len(data) < SHARED_ROWS:
        return map(_count, texts)
    return in_processes(_count, texts, available_workers())


def _count(texts: Iterable[str]) -> Counts:
    """Counts of word and of character terms; each (n, TERMS) with one entry per distinct term."""
    return _WORDS.transform(texts), _CHARACTERS.transform(texts)


def _weighted(families: Counts, idf: npt.NDArray[np.float32]) -> Any:
    """Sublinear tf-idf, each family at unit length, side by side; (n, 2 TERMS)."""
    weighted = []
    for counts, weights in zip(families, idf, strict=True):
        counted = counts.copy()  # those of the fit are used again
        counted.data = (1.0 + np.log(counts.data)) * weights[counts.indices]
        weighted.append(normalize(counted, copy=False))
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
