"""What a method is asked, and what a method is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.lazy_rows import AnyRows, LazyRows, Matrix
from spanset.greedy.budget import TokenBudget
from spanset.greedy.crew import Cluster
from spanset.greedy.enough import Enough
from spanset.greedy.progress import Progress
from spanset.greedy.quotas import Quotas
from spanset.greedy.selection import Selection
from spanset.kernels.kernel import Kernel
from spanset.kernels.rbf import RBF


@dataclass(frozen=True)
class Request:
    """What to choose from and how much; a method uses the parts it needs.

    Attributes
    ----------
    features : (N, d)
        Unit rows in the dtype to compute in; for methods that hold a factor, what makes them.
    k : int
        Picks wanted, from 1 to N.
    log_quality : (N,) float64 or None
        Higher is better.
    quality_weight : float
        Lambda in [0, 1].
    given : (g, d) or None
        Rows in the set already.
    budget : TokenBudget or None
        Tokens the picks may hold in all.
    quotas : Quotas or None
        How many of the picks may and must be of each group.
    target : (t, d) or None
        Rows like those that the model shall be good at, as the features are.
    beside : (N, e) or None
        Features of another part of the rows, for methods that compare by two.
    precedence : (N,) int64 or None
        Rows with lower numbers are kept rather than others, for methods that drop some.
    threshold : float or None
        Cosine from which two rows are the same, for methods that have one; None for their own.
    clusters : int or None
        Clusters, for methods that make some; None for their own number.
    seed : int
        For methods that draw.
    device : str
        Where to compute: ``cpu``, or ``cuda``, ``cuda:1`` and so on for methods that can.
    enough : Enough or None
        Where to stop before k, for methods whose picks have gains.
    scratch : Path or None
        Folder for what memory does not hold, for methods that can compute from there.
    cluster : Cluster or None
        Workers that hold the factor, for methods that have one.
    parts : int
        That the rows are dealt into for two rounds, for methods that can; 1 for one round of all.
    """

    features: AnyRows
    k: int
    log_quality: FloatArray | None = None
    quality_weight: float = 0.0
    given: npt.NDArray[np.floating[Any]] | None = None
    budget: TokenBudget | None = None
    quotas: Quotas | None = None
    target: npt.NDArray[np.floating[Any]] | None = None
    beside: npt.NDArray[np.floating[Any]] | None = None
    precedence: IntArray | None = None
    threshold: float | None = None
    clusters: int | None = None
    kernel: Kernel = field(default_factory=RBF)
    seed: int = 0
    workers: int = 0
    device: str = "cpu"
    enough: Enough | None = None
    scratch: Path | None = None
    parts: int = 1
    cluster: Cluster | None = None
    on_progress: Callable[[Progress], None] = lambda _: None
    on_note: Callable[[str], None] = lambda _: None
    cancelled: Callable[[], bool] = lambda: False

    @property
    def matrix(self) -> Matrix:
        """The features themselves, for methods that look at all of them again and again."""
        return self.features.held() if isinstance(self.features, LazyRows) else self.features


class Selector(Protocol):
    """A method: chooses rows on request."""

    def __call__(self, request: Request, /) -> Selection:
        """Ordered picks; where the method is nested, a prefix is the choice for a smaller k."""
        ...
