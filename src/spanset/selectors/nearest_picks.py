"""Which pick is nearest to a row, and for which rows a pick stands; nearest by the kernel.

Needs nothing but the picks, so that it holds for every method. Kernel values are compared on the
grid of the greedy rules: where copies are equally near, the earliest pick is taken on any machine.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spanset.base.array_types import FloatArray, IntArray
from spanset.greedy.rules import ROUNDING
from spanset.selectors.finished_choice import FinishedChoice

ROWS = 4096  # compared at once
FIRST_PICKS = 64  # compared with at first: most rows are nearer to one of them, and leave


class Near(NamedTuple):
    """Another row beside one.

    Attributes
    ----------
    row : int
        Its position among the candidates, or among the given rows.
    rank : int
        As a pick, from 1; 0 where it is none.
    is_given : bool
        Whether it is a given row.
    likeness : float
        Kernel of the two.
    cosine : float
        Of their features.
    """

    row: int
    rank: int
    is_given: bool
    likeness: float
    cosine: float


class StandsFor(NamedTuple):
    """Rows left out whose nearest pick is one of them: how many, and the nearest."""

    rows: int
    nearest: list[Near]


def nearest_pick(choice: FinishedChoice, row: int, before: int | None = None) -> Near | None:
    """The pick nearest to a row, of the first `before` or all; None where there is none."""
    picks = choice.picks[:before]
    if not len(picks):
        return None
    point = choice.points(np.array([row]))
    values = np.concatenate(
        [
            choice.kernel.block(point, choice.points(picks[start : start + ROWS]))[0]
            for start in range(0, len(picks), ROWS)
        ]
    )
    first = int(np.argmax(_rounded(values)))
    other = picks[first : first + 1]
    cosine = float(choice.cosines(row, other)[0])
    return Near(int(other[0]), first + 1, False, float(values[first]), cosine)


def nearest_given(choice: FinishedChoice, row: int) -> Near | None:
    """The given row nearest to a row; None where none is given."""
    if not choice.given_count:
        return None
    point = choice.points(np.array([row]))
    values = choice.kernel.block(point, choice.given_points())[0]
    first = int(np.argmax(_rounded(values)))
    cosine = float(choice.cosines(row, np.array([first]), given=True)[0])
    return Near(first, 0, True, float(values[first]), cosine)


def stands_for(choice: FinishedChoice, rank: int, shown: int = 5) -> StandsFor:
    """Rows left out that are nearer to the pick of this rank than to any other.

    Time about O(N d log k): a row leaves at the first other pick that is nearer, and half of those
    that are looked at first are.
    """
    own = choice.points(choice.picks[rank - 1 : rank])
    others = np.delete(np.arange(len(choice.picks)), rank - 1)
    left = choice.left_out()
    rows, values = [], []
    for start in range(0, len(left), ROWS):
        some = left[start : start + ROWS]
        points = choice.points(some)
        likeness = choice.kernel.block(own, points)[0]
        kept = _unbeaten(choice, points, likeness, others, rank - 1)
        rows.append(some[kept])
        values.append(likeness[kept])
    found = np.concatenate([np.zeros(0, np.int64), *rows])
    alike = np.concatenate([np.zeros(0), *values])
    first = np.argsort(-_rounded(alike), kind="stable")[:shown]
    cosines = choice.cosines(int(choice.picks[rank - 1]), found[first]) if len(first) else ()
    nearest = [
        Near(int(row), 0, False, float(value), float(cosine))
        for row, value, cosine in zip(found[first], alike[first], cosines, strict=True)
    ]
    return StandsFor(len(found), nearest)


def _unbeaten(
    choice: FinishedChoice, points: FloatArray, likeness: FloatArray, others: IntArray, own: int
) -> IntArray:
    """Which rows (m, d) no other pick is nearer to, nor an earlier one as near."""
    kept = np.arange(len(points))
    bar = _rounded(likeness)
    start, size = 0, FIRST_PICKS
    while start < len(others) and len(kept):
        some = others[start : start + size]
        values = _rounded(choice.kernel.block(points[kept], choice.points(choice.picks[some])))
        reached = bar[kept, None]
        beaten = (values > reached) | ((values == reached) & (some < own))
        kept = kept[~beaten.any(axis=1)]
        start, size = start + size, min(2 * size, ROWS)
    return kept


def _rounded(values: FloatArray) -> FloatArray:
    """Kernel values on a grid relative to their size: the last bits depend on block sizes."""
    scale = np.ldexp(ROUNDING, np.frexp(np.where(values == 0.0, 1.0, np.abs(values)))[1])
    return np.rint(values / scale) * scale
