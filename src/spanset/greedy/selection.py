"""What a selection hands on: the picks in order, their gains, and why there are no more."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.data_frames import as_pandas
from spanset.base.errors import UsageError
from spanset.base.views import Shown, figure_of
from spanset.data.row_places import places_of

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.axes import Axes

    from spanset.data.rows import Rows


class StopReason(Enum):
    """Why a selection ended; a numerical outcome is data, never padding."""

    REACHED_K = "reached k"
    TOKEN_BUDGET = "token budget used"  # noqa: S105 (tokens of text, not a secret)
    EXHAUSTED = "no row is left that is not a copy of one picked or given"
    RANK_EXHAUSTED = "the kernel's rank is used up: the rows picked or given span every row left"
    THRESHOLD = "every row left is too near to another, by the threshold"
    NOTHING_ADDED = "no row left adds anything to what the picks span of the target or good rows"
    SHARES = "the shares allow no further row"
    LITTLE_GAIN = "further rows add little"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, repr=False)
class Selection(Shown):
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
    settled : int or None
        Rows that float32 could not rule out when a pick was decided, and float64 did, where the
        factor was computed in float32 for float64's picks; None where it was not.
    """

    order: IntArray
    gains: FloatArray
    scores: FloatArray
    stop_reason: StopReason
    candidates: int
    smallest_margin: float = float("inf")
    ties: int = 0
    settled: int | None = None

    def __len__(self) -> int:
        return len(self.order)

    def __repr__(self) -> str:
        """How many rows of how many, what the last added, and why it ended; on one line."""
        gain = self.gains[-1] if len(self) else np.nan
        last = "" if np.isnan(gain) else f", last gain {gain:.3g}"
        name, ended = type(self).__name__, self.stop_reason.value
        return f"<{name} of {len(self):,} of {self.candidates:,} rows{last}: {ended}>"

    @property
    def log_det(self) -> float:
        """Log determinant of the picked rows' kernel matrix, in nats: the sum of log gains."""
        with np.errstate(divide="ignore"):
            return float(np.log(self.gains).sum())

    def to_arrow(self, data: Rows | None = None) -> pa.Table:
        """The picks as an Arrow table, a line a pick, best first.

        Columns ``rank`` (from 1), ``position``, ``gain`` and ``score``; with `data`, what was
        chosen from, ``row``, ``source`` and ``line`` as well: what ``selection.parquet`` of a run
        folder holds, but for tokens and quality, which a selection does not know.

        Raises
        ------
        UsageError
            Data that have fewer rows than were chosen from.
        """
        import pyarrow as pa

        if data is not None and len(data) <= self.order.max(initial=-1):
            raise UsageError(
                f"there is no row {self.order.max()} among {len(data):,}",
                where="data",
                fix="give the data that were chosen from",
            )
        places = {} if data is None else places_of(data, self.order)
        ranks = np.arange(1, len(self) + 1)
        columns = {"rank": ranks, "position": self.order, **places}
        return pa.table({**columns, "gain": self.gains, "score": self.scores})

    def to_pandas(self, data: Rows | None = None) -> Any:
        """The same as a `pandas.DataFrame`."""
        return as_pandas(self.to_arrow(data))

    def plot(self, ax: Axes | None = None, *, label: str | None = None) -> Axes:
        """Draw what each pick adds (its gain, logarithmic) over the picks (extra ``plot``).

        Parameters
        ----------
        ax : matplotlib Axes, optional
            What to draw on; by default those of a new figure.
        label : str, optional
            Name of the line, for a legend.

        Returns
        -------
        Axes
            With the line.

        Raises
        ------
        UsageError
            The method computes no gains.
        MissingExtraError
            matplotlib is not installed.
        """
        return figure_of(self, ax, label)
