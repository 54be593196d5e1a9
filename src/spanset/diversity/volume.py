"""Volumes of samples and of what they are compared with: one greedy run a pool serves every n."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray
from spanset.base.unit_rows import kernel_rows
from spanset.greedy.blocked import blocked_greedy
from spanset.greedy.conditioning import Conditioning
from spanset.greedy.exhaustion import room_left
from spanset.greedy.footprint import Footprint
from spanset.greedy.selection import Selection, StopReason
from spanset.kernels.kernel import Kernel


class Reference(Protocol):
    """A source of points to compare with."""

    @property
    def name(self) -> str:
        """In words, for tables."""
        ...

    def gains(self, volume: Volume, m: int, d: int, seed: int) -> FloatArray:
        """Gains of the greedy order of m points in d dimensions; (min(n, m),) float64."""
        ...


@dataclass(frozen=True)
class Volume:
    """How log determinants are computed.

    Attributes
    ----------
    n : int
        Picks.
    kernel : Kernel
        Similarity of rows.
    against : Reference
        What a sample is compared with.
    dtype : {"float32", "float64"}
        Of the factor. In float32 a log determinant agrees with float64 to about 1e-5 of its value,
        far below what one draw of rows differs from another.
    workers : int
        Threads, 0 for all processors; changes nothing but speed.
    device : str
        Where the factor lives (see `blocked_greedy`).
    """

    n: int
    kernel: Kernel
    against: Reference
    dtype: str = "float32"
    workers: int = 0
    device: str = "cpu"
    on_note: Callable[[str], None] = lambda _: None
    cancelled: Callable[[], bool] = lambda: False

    def gains(
        self, X: npt.NDArray[np.floating[Any]], lengths: FloatArray | None = None
    ) -> FloatArray:
        """Gains of the greedy order of X (m, d) with equal qualities; (min(n, m),) float64.

        Zeros stand for the picks that were not possible: all rows left were copies, or spanned.
        X are unit rows; `lengths` (m,) theirs, where these count.

        Raises
        ------
        SpansetError
            Too little memory.
        KeyboardInterrupt
            The user stopped it: a volume of fewer rows is another number.
        """
        wanted = min(self.n, len(X))
        if self.device == "cpu":  # a GPU looks at its own memory
            possible = min(wanted, room_left(self.kernel, X, 0))
            Footprint.of(len(X), possible, X.shape[1], self.dtype).require_memory(where="-n")
        picks = self.picks(kernel_rows(X, lengths, self.dtype))
        gains = np.zeros(wanted)
        gains[: len(picks)] = picks.gains
        return gains

    def picks(
        self, X: npt.NDArray[np.floating[Any]], given: Conditioning | None = None
    ) -> Selection:
        """Greedy picks of X (m, d), rows for the kernel in `dtype`: at most n, after those given.

        Memory is the caller's to check.

        Raises
        ------
        KeyboardInterrupt
            The user stopped it.
        """
        picks = blocked_greedy(
            X,
            min(self.n, len(X)),
            self.kernel,
            given=given,
            workers=self.workers,
            device=self.device,
            cancelled=self.cancelled,
        )
        if picks.stop_reason is StopReason.INTERRUPTED:
            raise KeyboardInterrupt
        return picks

    def reference_gains(self, m: int, d: int, seed: int) -> FloatArray:
        """Gains of a reference of m points in d dimensions; (min(n, m),) float64."""
        return self.against.gains(self, m, d, seed)
