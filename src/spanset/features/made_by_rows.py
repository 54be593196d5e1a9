"""What kinds of features have in common that are made a few thousand rows at once, without a model.

They are kept in the user's cache as all features are; where that cannot be, they are made again
each time: they are cheap, unlike those of a model.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray
from spanset.base.errors import OutputError
from spanset.base.stages import Watcher
from spanset.base.unit_rows import unit_rows
from spanset.data.dataset import Dataset
from spanset.stores.columns import Entry
from spanset.stores.files import StoreBusyError
from spanset.stores.keeping import from_cache
from spanset.stores.maker import Job, MadeProgress, Recipe, Sink
from spanset.stores.making import STORED, put_rows, scaled, status_of
from spanset.stores.parts import without_unmade
from spanset.stores.represented import Represented
from spanset.stores.status import MADE
from spanset.stores.store import FeatureStore
from spanset.stores.survey import Survey, require_representable

AT_A_TIME = min(os.cpu_count() or 1, 8)  # batches; each holds its rows' texts and counts


class MadeByRows(ABC):
    """The part of a `Maker`, and of a representation, that is the same for all of these.

    Attributes
    ----------
    watcher : Watcher
        Told of what is done.
    dimension : int
        Columns of the features.
    """

    watcher: Watcher
    dimension: int

    @property
    @abstractmethod
    def rows_at_once(self) -> int:
        """Rows of a batch."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """All that the features depend on beside the rows; `kind` among it."""

    @abstractmethod
    def vectors(
        self, data: Dataset, rows: IntArray
    ) -> tuple[npt.NDArray[Any], npt.NDArray[np.uint8]]:
        """Features (b, d) of some rows, ascending, before they are scaled; their status (b,)."""

    @abstractmethod
    def seconds(self, data: Dataset, seen: Survey) -> float:
        """About how long making these features takes on this machine."""

    @abstractmethod
    def recipe(self) -> Recipe:
        """What makes the same in another process."""

    @abstractmethod
    def machine(self) -> dict[str, Any]:
        """Software that they are made with."""

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Nothing is fitted."""
        return {}

    def prepare(self) -> None:  # noqa: B027 (few have anything to get)
        """Nothing can fail before there is a store."""

    @property
    def columns(self) -> dict[str, Entry]:
        """None beside status and digest."""
        return {}

    @property
    def batch(self) -> tuple[str, int]:
        """Rows made at once."""
        return "rows", self.rows_at_once

    def view(self, store: FeatureStore) -> None:  # noqa: B027
        """Nothing else holds them."""

    def survey(self, data: Dataset) -> Survey:
        """Rows are looked at when they are made."""
        return Survey.start(data.digests)

    def fill(self, job: Job, sink: Sink) -> None:
        """Make the batches."""
        done, started = 0, monotonic()
        batches = list(job.batches.values())
        wanted = sum(map(len, batches))
        for rows, made in zip(batches, self._each(job.data, batches), strict=True):
            put_rows(sink, rows, *made)
            done += len(rows)
            speed = done / (monotonic() - started)
            self.watcher.progress(MadeProgress(done, wanted, speed, done / wanted))

    def transform(self, data: Dataset) -> Represented:
        """Unit rows (N, dimension); from the cache what is there."""
        try:
            return from_cache(self, data)
        except StoreBusyError:
            pass  # the same command runs beside this one
        except OutputError as error:
            self.watcher.note(f"warning: features are not kept: {error.where}: {error.why}")
        return self._without_store(data)

    def _without_store(self, data: Dataset) -> Represented:
        """The same numbers as from a store."""
        X, status = np.empty((len(data), self.dimension), np.float32), np.empty(len(data), np.uint8)
        starts = range(0, len(data), self.rows_at_once)
        batches = [np.arange(at, min(at + self.rows_at_once, len(data))) for at in starts]
        for rows, (vectors, of_rows) in zip(batches, self._each(data, batches), strict=True):
            X[rows], norms = scaled(vectors)
            status[rows] = status_of(norms, of_rows)
        require_representable(status, data)
        kept = np.flatnonzero(np.isin(status, MADE))
        unit = unit_rows(X[kept].astype(STORED), np.float32, where="features")
        return Represented(unit, without_unmade(data, kept, status), kept)

    def _each(
        self, data: Dataset, batches: Sequence[IntArray]
    ) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[np.uint8]]]:
        """Vectors of every batch in order, a few at a time on all processors.

        A row's numbers do not depend on its batch, so that workers change nothing but the time.
        """
        self.prepare()  # once, not by every worker
        waiting: deque[Future[tuple[npt.NDArray[Any], npt.NDArray[np.uint8]]]] = deque()
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            try:
                for rows in batches:
                    waiting.append(pool.submit(self.vectors, data, rows))
                    if len(waiting) > AT_A_TIME:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for one in waiting:
                    one.cancel()
