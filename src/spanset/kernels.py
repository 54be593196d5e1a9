"""Kernels between feature rows: a diagonal and rectangular blocks, never N x N unless asked.

A kernel is a small frozen object with two methods; a new one needs nothing else. A block is written
in operations that numpy and torch name alike: one kernel serves the processor and the GPU. Source:
METHOD notes in docs/method.md, section "Kernel".
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from spanset.errors import UsageError

Matrix = npt.NDArray[np.floating[Any]]
Rows = TypeVar("Rows")  # a numpy matrix or a torch one; what goes in comes out


def array_module(array: Any) -> Any:
    """Numpy, or torch for a tensor: whoever made one has imported it."""
    if isinstance(array, np.ndarray):
        return np
    return sys.modules[type(array).__module__.partition(".")[0]]


class Kernel(Protocol):
    """Similarity k(x, y) of feature rows, positive semi-definite."""

    @property
    def name(self) -> str:
        """Name used on the command line and in manifests."""
        ...

    def diagonal(self, rows: Matrix) -> npt.NDArray[np.float64]:
        """k(x, x) for each of the rows (a, d); shape (a,)."""
        ...

    def block(self, rows: Rows, cols: Rows, out: Rows | None = None) -> Rows:
        """k(x, y) for rows (a, d) against cols (b, d); shape (a, b), in the rows' dtype.

        Numpy arrays or torch tensors (see `array_module`).
        """
        ...


@dataclass(frozen=True)
class RBF:
    """Gaussian kernel on unit rows: exp(-gamma |x - y|^2) = exp(-2 gamma (1 - x.y)).

    `gamma` is in inverse squared feature distance; 0.25 is the default of Wang et al. (2024) for
    normalised gradients and sentence embeddings (their g = 4 gamma = 1).
    """

    gamma: float = 0.25
    name: str = "rbf"

    def __post_init__(self) -> None:
        if not (np.isfinite(self.gamma) and self.gamma > 0):
            raise UsageError(
                f"gamma is {self.gamma}",
                where="--gamma",
                why="the rbf kernel needs a positive, finite gamma",
                fix="use 0.25 for unit rows, larger to tell close rows apart",
            )

    def diagonal(self, rows: Matrix) -> npt.NDArray[np.float64]:
        """Ones: a row is at distance zero from itself."""
        return np.ones(len(rows))

    def block(self, rows: Any, cols: Any, out: Any = None) -> Any:
        """exp(2 gamma (x.y - 1)); one matrix product and two passes over the result."""
        module = array_module(rows)
        scale = float(2.0 * self.gamma)  # a plain number: numpy and torch keep the rows' dtype
        # Scaling the rows, which are few, saves a pass over the block.
        products = module.matmul(rows * scale, cols.T, out=out)
        products -= scale
        return module.exp(products, out=products)


def make_kernel(name: str, gamma: float) -> Kernel:
    """Kernel by its command-line name."""
    if name == "rbf":
        return RBF(gamma)
    raise UsageError(f"no kernel {name!r}", where="--kernel", fix="use rbf")
