"""How far choices of a trial are from random rows, as marks on an axis: what its pictures draw.

For the figure of matplotlib and for the page alike; nothing here needs either.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray
from spanset.report.plots.names import COLOURS, MARKERS
from spanset.runs.trial_lines import scale_of
from spanset.trials.differences import Difference
from spanset.trials.trial_results import Judged, Sets

MOST = 40  # choices that are drawn: more make no page that anybody reads

TITLES = {"home": "At home", "away": "Away from home", "questions": "Questions"}
HOME = "rows of the same data, held out"
UNITS = {
    "loss": "difference in loss, nats per token",
    "accuracy": "difference in accuracy, % points",
}
DIRECTIONS = {"loss": "← lower is better", "accuracy": "higher is better →"}


class Kind(NamedTuple):
    """One of the two controls, and how differences to it look.

    A mark stands `shift` rows below the middle of its choice's row.
    """

    said: str
    colour: str
    marker: str
    shift: float


ROWS = Kind("beside as many random rows", COLOURS[0], MARKERS[0], -0.17)
TOKENS = Kind("beside random rows of as many answer tokens", COLOURS[1], MARKERS[1], 0.17)


class Marks(NamedTuple):
    """Differences of all c drawn choices to one control, as they are written on the axis."""

    kind: Kind
    means: FloatArray  # (c,)
    lows: FloatArray  # (c,); -inf where nothing is known of the interval, as are the highs
    highs: FloatArray  # (c,)
    told: npt.NDArray[np.bool_]  # (c,); whether the interval leaves out 0

    @property
    def bounded(self) -> npt.NDArray[np.bool_]:
        """Which have an interval; (c,)."""
        return np.isfinite(self.means) & np.isfinite(self.lows) & np.isfinite(self.highs)


class Panel(NamedTuple):
    """A kind of judge: its sets, and the marks beside both controls."""

    sets: Sets
    marks: tuple[Marks, Marks]

    @classmethod
    def of(cls, sets: Sets, judged: Sequence[Judged]) -> Panel:
        """Of choices by these sets, in their order."""
        scale = scale_of(sets)
        rows = _marks(ROWS, [one.rows for one in judged], scale)
        return cls(sets, (rows, _marks(TOKENS, [one.tokens for one in judged], scale)))

    @property
    def limits(self) -> tuple[float, float]:
        """Ends of the axis: 0 and all that is drawn, with some room."""
        values = np.concatenate(
            [values for one in self.marks for values in (one.means, one.lows, one.highs)]
        )
        finite = values[np.isfinite(values)]
        low, high = float(finite.min(initial=0.0)), float(finite.max(initial=0.0))
        room = 0.06 * (high - low) or 1.0  # of differences that are all 0, any axis will do
        return low - room, high + room


def _marks(kind: Kind, found: Sequence[Difference], scale: float) -> Marks:
    return Marks(
        kind,
        scale * np.array([one.mean for one in found]),
        scale * np.array([one.low for one in found]),
        scale * np.array([one.high for one in found]),
        np.array([one.sign != 0 for one in found]),
    )


def caption_of_marks(panels: Sequence[Panel], choices: int) -> str:
    """What marks and lines are, in a sentence."""
    said = (
        "Lines are 95 % intervals; a mark is filled where its interval leaves out 0, as one in "
        "twenty does by chance"
    )
    if not all(marks.bounded.all() for panel in panels for marks in panel.marks):
        said += ", and has no line where no interval is known"
    if choices > MOST:
        said += f"; the first {MOST} of {choices:,} choices"
    return f"{said}."
