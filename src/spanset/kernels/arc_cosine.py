"""Arc-cosine kernels: what infinitely many random neurons of one layer see in common.

With w standard normal in d dimensions and theta the angle between x and y,

    order 0   2 E[step(w.x) step(w.y)]  = 1 - theta / pi
    order 1   2 E[relu(w.x) relu(w.y)]  = |x| |y| (sin theta + (pi - theta) cos theta) / pi

Cho and Saul (2009) [cho2009kernel], equations 1, 3 and 6; n = 0 and 1. Neither has a finite rank.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from spanset.kernels.kernel import SPENT, Matrix, array_module, inner_diagonal, row_lengths

# Cosines this close to 1 or -1 count as these. The angle near 0 is sqrt(2 (1 - cos)): products of
# rows and their copies are off by a few 1e-16, which would leave copies at angles of 1e-8.
SNAPPED = 2.0**-46

# Rows of a block worked on at once: what is kept beside the block stays in a processor's cache, and
# is small beside a GPU's scratch memory.
PANEL = 16


def _cosines(rows: Any, cols: Any, out: Any, unit: bool, widened: float = 1.0) -> Any:
    """Cosines of rows (a, d) against cols (b, d), times `widened`, clipped to [-1, 1]; (a, b)."""
    module = array_module(rows)
    scaled = rows * widened if unit else rows * (widened / row_lengths(rows))[:, None]
    cosines = module.matmul(scaled, cols.T, out=out)
    if not unit:
        cosines /= row_lengths(cols)
    return module.clip(cosines, -1.0, 1.0, out=cosines)


@dataclass(frozen=True)
class ArcCosine0:
    """Arc-cosine kernel of order 0: 1 - theta / pi; lengths do not count.

    It falls linearly in the angle where others fall with its square: near copies keep more of
    themselves. That is also why it needs float64 and a wider tolerance: an error of 1e-16 in a
    cosine near 1 is one of 1e-8 in the angle. `unit` says whether rows have length one.
    """

    name: str = "arccos0"
    unit: bool = True

    spent: ClassVar[Mapping[str, float]] = {"float64": 1e-6}

    def rank(self, columns: int) -> None:  # noqa: ARG002
        """No bound."""
        return

    def steepness(self, rows: Matrix) -> float:  # noqa: ARG002
        """1: errors next to a copy are in its own tolerance, wider than those of others."""
        return 1.0

    def diagonal(self, rows: Matrix) -> npt.NDArray[np.float64]:
        """Ones: a row is at angle zero from itself."""
        return np.ones(len(rows))

    def block(self, rows: Any, cols: Any, out: Any = None) -> Any:
        """1 - arccos(x.y / (|x| |y|)) / pi, with cosines snapped to 1 and -1 (see `SNAPPED`)."""
        angles = _cosines(rows, cols, out, self.unit, 1.0 + SNAPPED)
        array_module(rows).arccos(angles, out=angles)
        angles *= -1.0 / math.pi
        angles += 1.0
        return angles


@dataclass(frozen=True)
class ArcCosine1:
    """Arc-cosine kernel of order 1: |x| |y| (sin theta + (pi - theta) cos theta) / pi.

    The gradient of a wide network with rectifiers is built from it. `unit` says whether rows have
    length one.
    """

    name: str = "arccos1"
    unit: bool = True

    spent: ClassVar[Mapping[str, float]] = SPENT

    def rank(self, columns: int) -> None:  # noqa: ARG002
        """No bound."""
        return

    def steepness(self, rows: Matrix) -> float:  # noqa: ARG002
        """1, relative to k(x, x): the angle's steep sine and cosine terms cancel."""
        return 1.0

    def diagonal(self, rows: Matrix) -> npt.NDArray[np.float64]:
        """x.x."""
        return inner_diagonal(rows, unit=self.unit)

    def block(self, rows: Any, cols: Any, out: Any = None) -> Any:
        """|x| |y| (sin theta + (pi - theta) cos theta) / pi."""
        module = array_module(rows)
        values = _cosines(rows, cols, out, self.unit)
        for start in range(0, len(values), PANEL):
            cosine = values[start : start + PANEL]
            # (1 - cos)(1 + cos), not 1 - cos^2: exact where cos is near 1, so that the sine and the
            # angle, both steep there, cancel to the last bits.
            sine = 1.0 - cosine
            sine *= cosine + 1.0
            module.sqrt(sine, out=sine)
            angle = module.arccos(cosine)
            angle -= math.pi
            cosine *= angle
            module.subtract(sine, cosine, out=cosine)
        if self.unit:
            values *= 1.0 / math.pi
        else:
            values *= (row_lengths(rows) / math.pi)[:, None]
            values *= row_lengths(cols)
        return values
