"""Log determinant distance: how far a data set is from points spread uniformly on the sphere.

    LDD(n) = (log det R_n - log det L_n) / n        nats per row

log det L_n is the sum of the first n log gains of the data's greedy order, log det R_n that of the
reference: as many points, uniform on the unit sphere of the same dimension, same kernel. 0 is as
spread out as uniform points, larger is less diverse. Wang et al. (2024), section 3.

One greedy run serves every n, since the order is nested. A gain of a copy is zero and its logarithm
minus infinity; the floor e^-7 keeps the value finite:

clamp   a gain below the floor counts as the floor, and so does every pick after the rank is
        exhausted: a copy costs seven nats. The default.
drop    as published: gains below the floor are left out, the reference is cut to as many, and the
        sum is divided by as many. Copies then go unpunished.

Gains are passed as (n,) float64 with zeros for picks that could not be made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.errors import UsageError
from spanset.diversity.estimate import Better, Estimate
from spanset.diversity.sample import Sample

if TYPE_CHECKING:
    from spanset.diversity.volume import Volume

Floor = Literal["clamp", "drop"]

LOG_FLOOR = -7.0  # of a gain's logarithm, nats: Wang et al. (2024) drop gains below e^-7
FLOORS = ("clamp", "drop")


def clamped_logs(gains: FloatArray) -> FloatArray:
    """Log gains, each at least `LOG_FLOOR`; nats."""
    return np.log(np.maximum(gains, np.exp(LOG_FLOOR)))


def floored_log_det(gains: FloatArray) -> float:
    """Sum of log gains, each at least `LOG_FLOOR`; nats."""
    return float(clamped_logs(gains).sum())


def ldd_curve(gains: FloatArray, reference: FloatArray, floor: Floor = "clamp") -> FloatArray:
    """LDD(1), ..., LDD(n); (n,) float64, nats per row.

    Parameters
    ----------
    gains, reference : (n,) float64
        Gains of the data's greedy order and of the reference's.
    floor : {"clamp", "drop"}
        What becomes of gains below e^-7 (see the module).

    Raises
    ------
    UsageError
        No such floor.
    """
    if floor not in FLOORS:
        raise UsageError(f"no floor {floor!r}", where="floor", fix=f"use {' or '.join(FLOORS)}")
    logs, of_reference = clamped_logs(gains), np.cumsum(clamped_logs(reference))
    n = np.arange(1, len(gains) + 1)
    if floor == "clamp":
        return (of_reference - np.cumsum(logs)) / n
    survives = gains >= np.exp(LOG_FLOOR)
    survivors = np.cumsum(survives)  # at least 1: the first gain is k(x, x)
    return (of_reference[survivors - 1] - np.cumsum(logs * survives)) / survivors


def floor_share(gains: FloatArray) -> float:
    """Fraction of picks whose gain is below the floor."""
    return float((gains < np.exp(LOG_FLOOR)).mean())


def equivalent_size(gains: FloatArray, reference: FloatArray) -> int:
    """Uniform points that span as much as the picks: the smallest m whose gains sum to theirs.

    At most the reference's length, where even that is not enough.
    """
    # Sums that are equal but for their last bits are equal.
    enough = np.cumsum(reference) >= gains.sum() * (1.0 - 1e-12)
    return int(np.argmax(enough)) + 1 if enough.any() else len(reference)


class VolumeMeasure:
    """A measure of gains beside those of a reference, n of each."""

    name: str
    unit: str
    better: Better
    needs_rows = False

    def of(self, gains: FloatArray, reference: FloatArray) -> float:
        """Value from the gains (n,) of an order and of the reference's."""
        raise NotImplementedError

    def __call__(self, sample: Sample) -> Estimate:
        """Value for the sample's greedy order."""
        return Estimate(self.of(sample.gains, sample.reference))


@dataclass(frozen=True)
class LDD(VolumeMeasure):
    """Log determinant distance at n; nats per row, lower is more diverse (see the module)."""

    floor: Floor = "clamp"
    unit: str = "nats per row"
    better: Better = "lower"

    @property
    def name(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        """With the floor, where it is not the default."""
        return "ldd" if self.floor == "clamp" else f"ldd:{self.floor}"

    def of(self, gains: FloatArray, reference: FloatArray) -> float:
        """LDD(n)."""
        return float(ldd_curve(gains, reference, self.floor)[-1])


@dataclass(frozen=True)
class Extent(LDD):
    """LDD(n) of the whole data set instead of a matched draw, beside a reference as large.

    Nats per row, lower is more diverse. Not comparable between data sets of different sizes: the
    same n spans more of a larger pool. It tells what a selection of n rows from all of these can
    reach.
    """

    @property
    def name(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        """With the floor, where it is not the default."""
        return "extent" if self.floor == "clamp" else f"extent:{self.floor}"

    def of_seeds(
        self,
        X: npt.NDArray[np.floating[Any]],
        volume: Volume,
        seeds: Sequence[int],
        lengths: FloatArray | None = None,
    ) -> list[Estimate]:
        """The extent of X (N, d) beside the reference of each seed; one greedy run of X."""
        gains = volume.gains(X, lengths)
        references = (volume.reference_gains(len(X), X.shape[1], seed) for seed in seeds)
        return [Estimate(self.of(gains, reference)) for reference in references]


@dataclass(frozen=True)
class EquivalentSize(VolumeMeasure):
    """Number of uniform points that span as much as n picks: the human unit beside nats.

    The smallest m with sum of the first m gains of the reference >= sum of the first n gains of the
    data: gains, not logarithms, so that a copy adds nothing. In rows, at most n; higher is more
    diverse.
    """

    name: str = "equivalent-size"
    unit: str = "rows"
    better: Better = "higher"

    def of(self, gains: FloatArray, reference: FloatArray) -> float:
        """Equivalent size of n picks."""
        return float(equivalent_size(gains, reference))


@dataclass(frozen=True)
class FloorShare(VolumeMeasure):
    """Fraction of the n picks whose gain is below e^-7: nothing new to span; lower is better."""

    name: str = "floor-share"
    unit: str = "fraction of picks"
    better: Better = "lower"

    def of(self, gains: FloatArray, reference: FloatArray) -> float:  # noqa: ARG002
        """Share at n."""
        return floor_share(gains)


def shown_points(n: int, count: int = 80) -> IntArray:
    """Numbers of rows at which a curve is kept, 1 to n: close at first, and evenly to the end."""
    both = np.concatenate([np.geomspace(1, n, min(n, count)), np.linspace(1, n, min(n, count))])
    return np.unique(both.round().astype(np.int64))
