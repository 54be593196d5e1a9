"""Kernels of the inner product: of finite rank, so that they tell no more rows apart than that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from spanset.kernels.kernel import SPENT, Matrix, array_module, inner_diagonal, row_lengths

# What is left of every row once the rank is used up is rounding error, larger than of a copy: in
# float32 up to 5e-6 of k(x, x) for linear and 5e-5 for cosine, and 3e-4 where qualities prefer rows
# with little left; in float64 1.1e-12 at most (docs/log.md). 1e-3 is about the floor of LDD, e^-7.
RANK_SPENT: Mapping[str, float] = {**SPENT, "float32": 1e-3}


@dataclass(frozen=True)
class Linear:
    """Inner product x.y: rows are independent as vectors are, at most d of them.

    `unit` says whether rows have length one: then k(x, x) is exactly 1.
    """

    name: str = "linear"
    unit: bool = True

    spent: ClassVar[Mapping[str, float]] = RANK_SPENT

    def rank(self, columns: int) -> int:
        """As many as columns."""
        return columns

    def steepness(self, rows: Matrix) -> float:  # noqa: ARG002
        """1, relative to k(x, x)."""
        return 1.0

    def diagonal(self, rows: Matrix) -> npt.NDArray[np.float64]:
        """x.x."""
        return inner_diagonal(rows, unit=self.unit)

    def block(self, rows: Any, cols: Any, out: Any = None) -> Any:
        """x.y."""
        return array_module(rows).matmul(rows, cols.T, out=out)


@dataclass(frozen=True)
class Cosine:
    """Cosine of the angle, shifted to be positive: (cos(x, y) + 1) / 2; lengths do not count.

    It is the inner product of rows with one more column, a constant: rank d + 1. `unit` says
    whether rows have length one.
    """

    name: str = "cosine"
    unit: bool = True

    spent: ClassVar[Mapping[str, float]] = RANK_SPENT

    def rank(self, columns: int) -> int:
        """One more than the columns."""
        return columns + 1

    def steepness(self, rows: Matrix) -> float:  # noqa: ARG002
        """1 / 2."""
        return 0.5

    def diagonal(self, rows: Matrix) -> npt.NDArray[np.float64]:
        """Ones: a row is at angle zero from itself."""
        return np.ones(len(rows))

    def block(self, rows: Any, cols: Any, out: Any = None) -> Any:
        """(x.y / (|x| |y|) + 1) / 2."""
        scaled = rows * 0.5 if self.unit else rows * (0.5 / row_lengths(rows))[:, None]
        products = array_module(rows).matmul(scaled, cols.T, out=out)
        if not self.unit:
            products /= row_lengths(cols)
        products += 0.5
        return products
