"""The Gaussian kernel: close rows repeat each other, rows far apart are all equally different."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from spanset.base.errors import UsageError
from spanset.kernels.kernel import SPENT, Matrix, array_module, squared_lengths

GAMMA = 0.25  # default of Wang et al. (2024) for unit rows: their g = 4 gamma = 1


@dataclass(frozen=True)
class RBF:
    """Gaussian kernel exp(-gamma |x - y|^2); on unit rows exp(-2 gamma (1 - x.y)).

    Parameters
    ----------
    gamma : float
        In inverse squared feature distance; 0.25 is the default of Wang et al. (2024) for
        normalised gradients and sentence embeddings (their g = 4 gamma = 1).
    unit : bool
        Whether rows have length one: a block then takes one product and two passes over it.
    """

    gamma: float = GAMMA
    name: str = "rbf"
    unit: bool = True

    spent: ClassVar[Mapping[str, float]] = SPENT

    def __post_init__(self) -> None:
        if not (np.isfinite(self.gamma) and self.gamma > 0):
            raise UsageError(
                f"gamma is {self.gamma}",
                where="--gamma",
                why="the rbf kernel needs a positive, finite gamma",
                fix="use 0.25 for unit rows, larger to tell close rows apart",
            )

    def rank(self, columns: int) -> None:  # noqa: ARG002
        """No bound: distinct rows are independent, whatever their number."""
        return

    def steepness(self, rows: Matrix) -> float | npt.NDArray[np.float64]:
        """2 gamma x.x."""
        if self.unit:
            return 2.0 * self.gamma
        return 2.0 * self.gamma * squared_lengths(rows).astype(np.float64)

    def diagonal(self, rows: Matrix) -> npt.NDArray[np.float64]:
        """Ones: a row is at distance zero from itself."""
        return np.ones(len(rows))

    def block(self, rows: Any, cols: Any, out: Any = None) -> Any:
        """exp(-gamma (x.x + y.y - 2 x.y)); on unit rows exp(2 gamma (x.y - 1))."""
        module = array_module(rows)
        scale = float(2.0 * self.gamma)  # a plain number: numpy and torch keep the rows' dtype
        # Scaling the rows, which are few, saves a pass over the block.
        products = module.matmul(rows * scale, cols.T, out=out)
        if self.unit:
            products -= scale
        else:
            products -= (squared_lengths(rows) * (scale / 2.0))[:, None]
            products -= squared_lengths(cols) * (scale / 2.0)
            # By rounding, rows next to each other may seem closer than at distance zero.
            module.clip(products, None, 0.0, out=products)
        return module.exp(products, out=products)
