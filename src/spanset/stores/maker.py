"""What fills a store: one kind of features with all of its settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy.typing as npt

from spanset.base.array_types import IntArray
from spanset.base.stages import Watcher
from spanset.data.dataset import Dataset
from spanset.stores.columns import Entry
from spanset.stores.digests import Copies
from spanset.stores.store import FeatureStore
from spanset.stores.survey import Survey


@dataclass(frozen=True)
class Job:
    """Batches to make.

    Attributes
    ----------
    data : Dataset
        Rows of the store.
    batches : list of (b,) int64
        The whole plan; `pending` are the numbers of those to make.
    copies : Copies
        Rows with the same conversation, which get the same features.
    """

    data: Dataset
    batches: list[IntArray]
    pending: list[int]
    copies: Copies


@dataclass(frozen=True)
class MadeProgress:
    """Rows done and wanted, rows or tokens a second, share of this run's work done."""

    rows: int
    wanted: int
    speed: float
    work_done: float
    unit: str = "rows"

    @property
    def line(self) -> str:
        """For a progress bar."""
        return f"{self.rows:,} of {self.wanted:,} rows, {self.speed:,.0f} {self.unit}/s"


class Maker(Protocol):
    """One kind of features with all of its settings: what a store is filled by."""

    @property
    def watcher(self) -> Watcher:
        """Told of what is done."""
        ...

    @property
    def dimension(self) -> int:
        """Columns of the features."""
        ...

    @property
    def columns(self) -> dict[str, Entry]:
        """Optional columns that its stores have."""
        ...

    @property
    def batch(self) -> tuple[str, int]:
        """What a batch is measured in (``tokens`` or ``rows``), and how many it holds at most."""
        ...

    def settings(self) -> dict[str, Any]:
        """All that the features depend on beside the rows; `kind` among it."""
        ...

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Arrays that the features of further rows depend on."""
        ...

    def view(self, store: FeatureStore) -> FeatureStore | None:
        """What a store of another kind holds of these features, if anything."""
        ...

    def survey(self, data: Dataset) -> Survey:
        """A look at all rows: what can be represented, and what it takes."""
        ...

    def seconds(self, data: Dataset, seen: Survey) -> float:
        """About how long making these features takes on this machine."""
        ...

    def prepare(self) -> None:
        """Whatever can fail before there is a store, such as loading weights."""
        ...

    def machine(self) -> dict[str, Any]:
        """What the bytes of a result depend on beside the settings."""
        ...

    def fill(self, job: Job, store: FeatureStore) -> None:
        """Make the pending batches; the store is open for writing."""
        ...
