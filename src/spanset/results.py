"""What a selection hands on: small frozen records with their units."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


class StopReason(Enum):
    """Why a selection ended; a numerical outcome is data, never padding."""

    REACHED_K = "reached k"
    TOKEN_BUDGET = "token budget used"  # noqa: S105 (tokens of text, not a secret)
    EXHAUSTED = "no row is left that is not a copy of one picked or given"
    RANK_EXHAUSTED = "the kernel's rank is used up: the rows picked or given span every row left"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Selection:
    """An ordered choice of rows; every prefix is the choice for a smaller budget.

    Attributes
    ----------
    order : (k,) int64
        Positions of the picked rows in the candidates, best first.
    gains : (k,) float64
        Residual variance (Schur complement) of each pick given the picks before it, in units of
        the kernel; NaN where the method computes none.
    scores : (k,) float64
        What the method maximised at each pick (for ``dpp``: lambda log q + (1 - lambda) log gain).
    stop_reason : StopReason
        Why there are no more picks.
    candidates : int
        Number of rows that could have been picked.
    smallest_margin : float
        Smallest positive distance between a winner's score and the runner-up's; infinite where no
        decision was made. Below about 1e-12 another machine may pick otherwise.
    ties : int
        Number of picks decided by the lowest index because scores were equal.
    """

    order: IntArray
    gains: FloatArray
    scores: FloatArray
    stop_reason: StopReason
    candidates: int
    smallest_margin: float = float("inf")
    ties: int = 0

    def __len__(self) -> int:
        return len(self.order)

    @property
    def log_det(self) -> float:
        """Log determinant of the picked rows' kernel matrix, in nats: the sum of log gains."""
        with np.errstate(divide="ignore"):
            return float(np.log(self.gains).sum())


@dataclass(frozen=True)
class Curve:
    """A measure at several numbers of rows, over all draws.

    Attributes
    ----------
    n : (c,) int64
        Numbers of rows, ascending.
    mean, deviation : (c,) float64
        Mean and standard deviation over the draws.
    """

    n: IntArray
    mean: FloatArray
    deviation: FloatArray


@dataclass(frozen=True)
class Measurement:
    """One measure of one data set.

    Attributes
    ----------
    metric, unit : str
        Name of the measure, and what it counts.
    better : {"higher", "lower"}
        Which values mean more diverse.
    draws : (r,) float64
        Value for every draw of rows.
    standard_error : float
        Of the estimate within a draw, root mean square over draws: 0 where all rows were looked at.
    pool : int
        Rows of a draw.
    n : int or None
        Rows that a log determinant was taken of.
    curve : Curve or None
        The value over n, where the measure has one.
    overlap : float
        Share of the data set in a draw: so much do draws have in common.
    """

    metric: str
    unit: str
    better: str
    draws: FloatArray
    standard_error: float
    pool: int
    n: int | None = None
    curve: Curve | None = field(default=None, repr=False)
    overlap: float = 0.0

    @property
    def value(self) -> float:
        """Mean over the draws."""
        return float(self.draws.mean())

    @property
    def deviation(self) -> float:
        """Standard deviation over the draws; 0 for one draw."""
        return float(self.draws.std(ddof=1)) if len(self.draws) > 1 else 0.0


@dataclass(frozen=True)
class Headroom:
    """What a selection of k rows could gain over random ones.

    Attributes
    ----------
    k : int
        Rows.
    picked, random, uniform : (r,) float64
        For every draw, the number of picked uniform points that span as much as k greedy picks, as
        k random rows, and as k random uniform points.
    """

    k: int
    picked: FloatArray
    random: FloatArray
    uniform: FloatArray

    @property
    def ratio(self) -> float:
        """How many times more the picks span than random rows, over the same of uniform points.

        Of uniform points themselves it is about 1: there is nothing to choose.
        """
        return float(self.picked.mean() / self.random.mean() * self.uniform.mean() / self.k)


@dataclass(frozen=True)
class MeasuredSet:
    """A data set, the number of its usable rows, and its measurements by metric.

    `headroom` is known where a log determinant was measured.
    """

    name: str
    rows: int
    measurements: dict[str, Measurement]
    headroom: Headroom | None = None
