"""What a kernel is: a diagonal and rectangular blocks, never N x N unless asked.

A kernel is a small frozen object; a new one needs the members of `Kernel` and a line in
`make_kernel`. A block is written in operations that numpy and torch name alike: one kernel serves
the processor and the GPU. Formulas, ranks and when to use which: docs/method.md, section "Kernel".
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.floating[Any]]
Rows = TypeVar("Rows")  # a numpy matrix or a torch one; what goes in comes out

# A row whose residual is below this share of k(x, x) is spent: it repeats what is picked. Well
# above the rounding errors of each dtype, well below the gain of any row that differs visibly
# (unit rows at cosine 1 - 1e-9 keep 1e-9 under the rbf kernel with gamma = 0.25).
SPENT: Mapping[str, float] = {"float64": 1e-10, "float32": 1e-5}


def array_module(array: Any) -> Any:
    """Numpy, or torch for a tensor: whoever made one has imported it."""
    if isinstance(array, np.ndarray):
        return np
    return sys.modules[type(array).__module__.partition(".")[0]]


def squared_lengths(rows: Any) -> Any:
    """x.x of each row (a, d); (a,), in the rows' dtype, without a second matrix."""
    return array_module(rows).einsum("ij,ij->i", rows, rows)


def inner_diagonal(rows: Matrix, *, unit: bool) -> npt.NDArray[np.float64]:
    """x.x of each row, summed in float64; ones on unit rows, whose last bits would break ties."""
    if unit:
        return np.ones(len(rows))
    return np.einsum("ij,ij->i", rows, rows, dtype=np.float64)


def row_lengths(rows: Any) -> Any:
    """|x| of each row (a, d); (a,), in the rows' dtype; tiny, not 0, for a row of zeros.

    Engines pad their features with rows of zeros, whose values nobody reads: a division by 0 would
    only warn.
    """
    module = array_module(rows)
    return module.sqrt(module.clip(squared_lengths(rows), module.finfo(rows.dtype).tiny, None))


class Kernel(Protocol):
    """Similarity k(x, y) of feature rows, positive semi-definite.

    Attributes
    ----------
    unit : bool
        Whether rows have length one: then k(x, x) and the steepness are the same for all of them,
        and a block takes less.
    spent : mapping of str to float
        Dtypes that it can be computed in, and the share of k(x, x) that counts as nothing left:
        `rules.spent_shares` decides by it.
    """

    spent: ClassVar[Mapping[str, float]]

    @property
    def unit(self) -> bool:
        """See the class."""
        ...

    @property
    def name(self) -> str:
        """Name used on the command line and in manifests."""
        ...

    def rank(self, columns: int) -> int | None:
        """Most rows of so many columns that can be independent; None where there is no bound."""
        ...

    def steepness(self, rows: Matrix) -> float | npt.NDArray[np.float64]:
        """Change of k(x, y) beside a relative change of the product x.y near y = x; (a,) or one.

        By so much rounding errors of the products grow.
        """
        ...

    def diagonal(self, rows: Matrix) -> npt.NDArray[np.float64]:
        """k(x, x) for each of the rows (a, d); shape (a,)."""
        ...

    def block(self, rows: Rows, cols: Rows, out: Rows | None = None) -> Rows:
        """k(x, y) for rows (a, d) against cols (b, d); shape (a, b), in the rows' dtype.

        Numpy arrays or torch tensors (see `array_module`).
        """
        ...
