"""The array operations of the blocked engine, in torch: for GPUs.

`DeviceFactor` is the `Factor` that lives in a device's memory, features and all. Within a block the
host waits for the device three times: for the picks predicted, for what the verification found, and
for what the residuals lose. Everything else is queued. A GPU is kept busy by large products, so
that chunks of columns are as wide as the scratch memory allows, not as wide as a processor's cache.

This module imports torch; blocked.py imports it only when a device is asked for. Symbols: see
rules.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray
from spanset.base.devices import full_precision, resolve_device, room_for
from spanset.base.extras import require
from spanset.base.lazy_rows import AnyRows, LazyRows
from spanset.base.transfers import Stages, sent
from spanset.greedy.factor import ALIGN, NO_ROWS, CancelledError, Held, KnownResiduals, padded
from spanset.greedy.kept_columns import KeptColumns
from spanset.greedy.prediction import Prediction, predict
from spanset.greedy.quotas import Ledger
from spanset.greedy.rules import Rules
from spanset.greedy.torch_prediction import DevicePrediction, DeviceRules, judged
from spanset.greedy.verification import Judgement, Outsiders, Proposal, together
from spanset.kernels.kernel import Kernel, Matrix

if TYPE_CHECKING:
    import torch
else:
    torch = require("torch", extra="models")

# Bytes for what is not kept: half for the kernel rows of one chunk (262,144 columns of 256 rows in
# float64: products that fill any GPU), half for the candidates' features and kernel and for pieces
# of what is copied to and fro. Little beside a factor worth a GPU.
SCRATCH = 2**30
JUDGED = 2**15  # outsiders judged at once: 64 MiB an array at 256 picks


class DeviceFactor(KnownResiduals, Held):
    """Partial Cholesky factor C (t, N) of the kernel of N candidates, on a device.

    Use as a context manager: memory on the device is taken on entry and given back on exit.

    Parameters
    ----------
    X : (N, d)
        Features, on the host, in the dtype to compute in.
    capacity : int
        Rows of C to make room for: N * capacity * itemsize bytes of the device.
    device : str
        See `resolve_device`.
    candidates : int
        Most rows whose coordinates are asked for at once: room for them is reckoned with.
    cancelled : callable
        Asked before each chunk; when true, the running operation raises `CancelledError`.

    Notes
    -----
    Columns are padded to a multiple of `ALIGN` with zero features, so that each takes the same path
    through the products. The residuals are on the host, where all that reads them is: a block
    brings what they lose, summed in float64 on the device.
    """

    def __init__(
        self,
        X: AnyRows,
        kernel: Kernel,
        rules: Rules,
        capacity: int,
        *,
        device: str,
        candidates: int = 0,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self.X, self.kernel, self.rules = X, kernel, rules
        self.N = len(X)
        self.t = 0
        self.residual = rules.diagonal.copy()
        self.settled: int | None = None
        self._device = resolve_device(device)
        self._dtype = torch.float64 if X.dtype == np.float64 else torch.float32
        self._columns = KeptColumns(self.N)
        self._candidates = min(candidates, self.N)
        self._row_bytes = (self._width + self._candidates) * X.itemsize
        self._capacity, self._cancelled = capacity, cancelled
        self._stack = ExitStack()

    def __enter__(self) -> DeviceFactor:
        features = self._width * self.X.shape[1] * self.X.itemsize
        room = self._room(self._capacity, features + SCRATCH)
        with ExitStack() as stack:
            stack.enter_context(full_precision())
            stack.enter_context(room)
            stack.callback(self._release)
            self._C = self._empty(self._capacity, self._width)
            self._drop = self._empty(self._width, dtype=torch.float64)
            self._scratch = self._empty(0)
            self._features = self._uploaded(self.X)
            self._prediction: DevicePrediction | None = None
            self._stack = stack.pop_all()
        return self

    @property
    def _width(self) -> int:
        """Columns that are there, with the padding."""
        return padded(len(self._columns))

    @property
    def capacity(self) -> int:
        """Rows there is room for."""
        return self._capacity

    def grow(self, capacity: int) -> None:
        """Make room for more rows, by a copy."""
        with self._room(capacity):
            larger = self._empty(capacity, self._width)
        larger[: self.t] = self._C[: self.t, : self._width]
        self._C, self._capacity = larger, capacity

    def points(self, rows: IntArray) -> torch.Tensor:
        """Features of `rows`; (len(rows), d)."""
        return self._features.index_select(0, self._places(rows))

    def coordinates(self, rows: IntArray) -> torch.Tensor:
        """Columns `rows` of C; (t, len(rows))."""
        self._check()
        return self._C[: self.t].index_select(1, self._places(rows))

    def predicted(
        self, rows: IntArray, coordinates: torch.Tensor, steps: int, ledger: Ledger | None = None
    ) -> Prediction:
        """Picks predicted among candidates `rows`; on the device, but for quotas."""
        self._check()
        points = self.points(rows)
        S = self.kernel.block(points, points)
        S.addmm_(coordinates.T, coordinates, alpha=-1.0)
        residual = self.residual[rows]
        if ledger is not None:
            S = S.cpu().numpy().astype(np.float64, copy=False)  # waits
            return predict(S, residual, rows, self.rules.of(rows), steps, ledger)
        rules = DeviceRules.of(self.rules, rows, self._device)
        if self._prediction is None or self._prediction.most < len(rows):
            self._prediction = None  # the smaller one goes before the larger one comes
            self._prediction = DevicePrediction(max(self._candidates, len(rows)), self._device)
        return self._prediction(S, sent(residual, self._device), rules, steps)

    def extend(
        self, points: Any, coordinates: Any, lower: Matrix, proposal: Proposal | None = None
    ) -> Judgement | None:
        """Compute b new rows of C for every candidate; `accept` makes them count (see `Factor`).

        Notes
        -----
        New rows = lower^-1 (K(points, X) - coordinates^T C), as two products and a triangular solve
        in the scratch block: N b (2 t + 2 d + b) floating-point operations. A solve, not a product
        with the inverse: beside products this wide it costs nothing, and its rounding errors are
        the smaller. All is sent before the first product, since sending waits for what is queued.
        """
        t, b = self.t, len(points)
        points, coordinates = self._tensor(points), self._tensor(coordinates)
        upper = self._tensor(lower).T
        for columns, new in self._chunks(b):
            self.kernel.block(points, self._features[columns], out=new)
            new.addmm_(coordinates.T, self._C[:t, columns], alpha=-1.0)
            # Transposed, the block stands in memory as the solver wants it: solved in place.
            torch.linalg.solve_triangular(upper, new.T, upper=True, left=False, out=new.T)
            self._C[t : t + b, columns] = new
            self._sum_squares(new, new, columns)
        self._proposed = b
        if proposal is None:
            return None
        return together(self._judge(self.outsiders(proposal), b), b)

    def accept(self, count: int, spent: IntArray = NO_ROWS) -> None:
        """Keep the first `count` of the rows computed last, and update the residuals.

        Those of `spent` become exactly 0.
        """
        if count < self._proposed:
            for columns, rest in self._chunks(count):
                self._sum_squares(self._C[self.t : self.t + count, columns], rest, columns)
        dropped = self._drop[: len(self._columns)].cpu().numpy()  # waits: the scores need them
        self.residual[self._columns.rows] -= dropped
        self.residual[spent] = 0.0
        self.t += count
        self._let_go()

    def _let_go(self) -> None:
        """Move columns together where many are of spent rows, in place and in pieces."""
        left = self._columns.without(self.highest < self.rules.spent_below)
        if left is None:
            return
        index, n, d = sent(left, self._device), len(left), self.X.shape[1]
        step = max(1, SCRATCH // 8 // (n * self.X.itemsize))
        for start in range(0, self.t, step):
            piece = self._C[start : min(start + step, self.t)]
            piece[:, :n] = piece.index_select(1, index)
        # What moves to a place stands there or behind it.
        step = max(1, SCRATCH // 8 // max(1, d * self.X.itemsize))
        for start in range(0, n, step):
            some = index[start : start + step]
            self._features[start : start + len(some)] = self._features.index_select(0, some)
        self._columns.move(left)
        self._features[n : self._width] = 0.0

    def _judge(self, watch: Outsiders, b: int) -> Iterator[Judgement]:
        """Judge the rows near enough to intrude; on the device, but for quotas."""
        near = watch.near(self._columns.rows)  # while the device is at the products
        for start in range(0, len(near), JUDGED):
            self._check()
            rows = near[start : start + JUDGED]
            before = self._C[self.t : self.t + b - 1].index_select(1, self._places(rows))
            if self.rules.groups is None:
                yield judged(watch, rows, before, DeviceRules.of(self.rules, rows, self._device))
            else:
                yield watch.judge(rows, before.cpu().numpy())

    def _sum_squares(self, rows: torch.Tensor, scratch: torch.Tensor, columns: slice) -> None:
        """What `rows` (b, columns) take from the residuals, summed in float64."""
        torch.mul(rows, rows, out=scratch)
        torch.sum(scratch, dim=0, dtype=torch.float64, out=self._drop[columns])

    def _chunks(self, b: int) -> Iterator[tuple[slice, torch.Tensor]]:
        """Slices of columns, as wide as the scratch memory allows, each with a block (b, columns).

        The block is one allocation for all chunks, replaced as blocks grow.
        """
        step = max(1, SCRATCH // 2 // (self.X.itemsize * max(1, b) * ALIGN)) * ALIGN
        numbers = b * min(step, self._width)
        if self._scratch.numel() < numbers:
            self._scratch = self._empty(0)  # the smaller one goes before the larger one comes
            self._scratch = self._empty(numbers)
        for start in range(0, self._width, step):
            self._check()
            width = min(step, self._width - start)
            yield slice(start, start + width), self._scratch[: b * width].view(b, width)

    def _check(self) -> None:
        if self._cancelled():
            raise CancelledError

    def _uploaded(self, X: AnyRows) -> torch.Tensor:
        """Features with zero rows up to the padded width, sent in parts; (width, d).

        Rows that are still to be made go as they are kept, and are made on the device.
        """
        N, d = X.shape
        lazy = X if isinstance(X, LazyRows) else LazyRows.converted(X, X.dtype)
        features = torch.zeros((self._width, d), dtype=self._dtype, device=self._device)
        step = max(1, SCRATCH // 16 // max(1, d * 8))
        stages = Stages(min(step, N), d, lazy.source.dtype, self._device)

        for start in range(0, N, step):
            rows = slice(start, min(start + step, N))
            kept = stages.sent(lazy.kept(rows))
            features[rows] = lazy.made(kept, rows, self._sent_copy, _converted)
        return features

    def _sent_copy(self, array: npt.NDArray[Any]) -> torch.Tensor:
        """By a copy, since torch warns of read-only arrays."""
        return sent(np.array(array, order="C"), self._device)

    def _tensor(self, array: Any) -> torch.Tensor:
        """`array` on the device in X's dtype."""
        if isinstance(array, np.ndarray):
            array = self._sent_copy(array)
        return array.to(self._device, self._dtype)

    def _places(self, rows: IntArray) -> torch.Tensor:
        """Columns of rows."""
        return sent(self._columns.of_row[rows], self._device)

    def _empty(self, *shape: int, dtype: torch.dtype | None = None) -> torch.Tensor:
        return torch.empty(shape, dtype=dtype or self._dtype, device=self._device)

    def _release(self) -> None:
        """Forget what lives on the device, so that a failed run leaves room for another."""
        for name in ("_C", "_features", "_scratch", "_drop", "_prediction"):
            self.__dict__.pop(name, None)

    def _room(self, rows: int, besides: int = 0) -> AbstractContextManager[None]:
        """See `room_for`."""
        return room_for(self._device, self.X.dtype.name, rows, self._row_bytes, besides)


def _converted(array: torch.Tensor, dtype: np.dtype[Any]) -> torch.Tensor:
    return array.to(getattr(torch, dtype.name))
