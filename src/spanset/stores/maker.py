"""What fills a store: one kind of features with all of its settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray
from spanset.base.stages import Watcher
from spanset.data.dataset import Dataset
from spanset.stores.columns import Entry
from spanset.stores.store import FeatureStore
from spanset.stores.survey import Survey


@dataclass(frozen=True)
class Job:
    """Batches to make.

    Attributes
    ----------
    data : Dataset
        Rows.
    batches : mapping of int to (b,) int64
        The rows of each batch by its number in the plan, in the order to make them in.
    sample : (s,) int64
        Rows of middling length, for a check: a batch of the plan, the same however often making was
        interrupted.
    """

    data: Dataset
    batches: Mapping[int, IntArray]
    sample: IntArray


class Sink(Protocol):
    """Where features go: a store that is open for writing, or what brings them to one."""

    @property
    def manifest(self) -> Mapping[str, Any]:
        """The store's: `settings`, `self_check`, `splits`."""
        ...

    @property
    def made(self) -> tuple[str, ...]:
        """Columns that are made with the features."""
        ...

    def column(self, name: str) -> npt.NDArray[Any]:
        """What is known of the job's rows already (N,)."""
        ...

    def put(
        self,
        rows: IntArray,
        features: npt.NDArray[np.float32],
        status: npt.NDArray[np.uint8],
        **values: npt.NDArray[Any],
    ) -> None:
        """Take finished rows: features (b, d), and a value (b, ...) for each of `made`."""
        ...

    def update(self, **changes: Any) -> None:
        """Change entries of the manifest."""
        ...


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

    def recipe(self) -> Recipe:
        """What makes the same in another process."""
        ...

    def prepare(self) -> None:
        """Whatever can fail before there is a store, such as loading weights."""
        ...

    def machine(self) -> dict[str, Any]:
        """What the bytes of a result depend on beside the settings."""
        ...

    def fill(self, job: Job, sink: Sink) -> None:
        """Make the batches."""
        ...


Recipe = Callable[..., Maker]  # called with the `watcher` to be told; crosses to other processes
