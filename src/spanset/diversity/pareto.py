"""Trade-offs of two goals: what no other choice beats in both, and where the curve bends most."""

from __future__ import annotations

import numpy as np

from spanset.base.array_types import FloatArray, IntArray


def pareto_front(gains: FloatArray, losses: FloatArray) -> IntArray:
    """Positions of the points that no other beats, by rising gain; the first of equals.

    Parameters
    ----------
    gains, losses : (n,) float64
        More of the first is better, less of the second. Points that are no numbers are left out.
    """
    known = np.flatnonzero(np.isfinite(gains) & np.isfinite(losses))
    order = known[np.lexsort((losses[known], -gains[known]))]
    front, lowest = [], np.inf
    for place in order.tolist():
        if losses[place] < lowest:
            front.append(place)
            lowest = losses[place]
    return np.array(front[::-1], np.int64)


def knee(gains: FloatArray, losses: FloatArray, front: IntArray) -> int | None:
    """Position of the front's point farthest below the line between its ends; None of a line.

    Both goals are scaled to [0, 1] between the ends, so that units do not count; Satopaa et al.
    (2011) [satopaa2011finding].
    """
    if len(front) < 3:
        return None
    x, y = gains[front], losses[front]
    x = (x - x[0]) / (x[-1] - x[0])
    y = (y - y[0]) / (y[-1] - y[0])
    below = x - y  # both rise along the front: far below the chord, much gain for little loss
    best = int(np.argmax(below))
    return int(front[best]) if below[best] > 0.05 else None
