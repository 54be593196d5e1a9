"""What was measured of a data set: small frozen records with their units."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.data_frames import as_pandas
from spanset.base.views import Shown, figure_of

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.axes import Axes


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


@dataclass(frozen=True, repr=False)
class Measurement(Shown):
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

    def __repr__(self) -> str:
        """Value, deviation over draws and unit, on one line."""
        spread = f" ± {self.deviation:.2g}" if self.deviation else ""
        value = f"{self.value:.4g}{spread} {self.unit}"
        return f"<{self.metric} {value}, {self.better} is more diverse>"

    @property
    def value(self) -> float:
        """Mean over the draws."""
        return float(self.draws.mean())

    @property
    def deviation(self) -> float:
        """Standard deviation over the draws; 0 for one draw."""
        return float(self.draws.std(ddof=1)) if len(self.draws) > 1 else 0.0

    def to_arrow(self) -> pa.Table:
        """The curve as an Arrow table: ``n``, ``mean`` and ``deviation``, in the measure's unit.

        A measure without a curve has one line, of the rows that it was taken of.
        """
        import pyarrow as pa

        curve = self.curve or Curve(
            np.array([self.pool if self.n is None else self.n]),
            np.array([self.value]),
            np.array([self.deviation]),
        )
        return pa.table({"n": curve.n, "mean": curve.mean, "deviation": curve.deviation})

    def to_pandas(self) -> Any:
        """The same as a `pandas.DataFrame`."""
        return as_pandas(self.to_arrow())

    def plot(self, ax: Axes | None = None, *, label: str | None = None) -> Axes:
        """Draw the curve over n, with a band of one deviation over the draws (extra ``plot``).

        Parameters
        ----------
        ax : matplotlib Axes, optional
            What to draw on; by default those of a new figure.
        label : str, optional
            Name of the line, for a legend.

        Raises
        ------
        UsageError
            The measure has no curve.
        MissingExtraError
            matplotlib is not installed.
        """
        return figure_of(self, ax, label)


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
    headroom: Headroom | None = field(default=None, repr=False)
