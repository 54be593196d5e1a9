"""The factor in partitions, each with a worker: what the engine's loop asks of all together.

Every block of picks moves the candidates' columns to the loop, m t numbers, and features and
columns of the picks to each worker, b (d + t), whatever N is. The picks are those of one machine
under the rounding rule, for any number of workers. Symbols: see rules.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import pairwise
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from spanset.base.array_types import IntArray
from spanset.base.lazy_rows import AnyRows
from spanset.base.workers import available_workers
from spanset.greedy.arrays import residual_kernel
from spanset.greedy.crew import Cluster
from spanset.greedy.factor import NO_ROWS, Best, CancelledError, Held
from spanset.greedy.partition import PartBest, Share
from spanset.greedy.prediction import Prediction, predict
from spanset.greedy.quotas import Groups, Ledger
from spanset.greedy.rules import Rules
from spanset.greedy.verification import Judgement, Proposal, together
from spanset.kernels.kernel import Kernel, Matrix


class DistributedFactor(Held):
    """A `Factor` whose columns are with the workers of a crew.

    Parameters
    ----------
    X : (N, d)
        Features, in the dtype to compute in.
    capacity : int
        Rows of C to make room for.
    cluster : Cluster
        Where the workers are.
    candidates : int
        Most rows whose coordinates are asked for at once.
    is_mixed : bool
        Whether factors are in float32 for float64's picks.
    """

    def __init__(
        self,
        X: AnyRows,
        kernel: Kernel,
        rules: Rules,
        capacity: int,
        *,
        cluster: Cluster,
        candidates: int,
        is_mixed: bool,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self.X, self.kernel, self.rules = X, kernel, rules
        self.N, self.t, self.capacity = len(X), 0, capacity
        self.settled: int | None = 0 if is_mixed else None
        self._shares = [
            Share(
                kernel,
                start,
                stop,
                None if rules.log_quality is None else rules.log_quality[start:stop],
                rules.quality_weight,
                None if rules.groups is None else rules.groups[start:stop],
                capacity,
                candidates,
                is_mixed,
            )
            for start, stop in _ranges(cluster.split(self.N))
        ]
        self._cluster, self._cancelled = cluster, cancelled
        self._best: PartBest | None = None
        self._stack = ExitStack()

    def __enter__(self) -> DistributedFactor:
        with ExitStack() as stack:
            stack.enter_context(threadpool_limits(1, user_api="blas"))
            self._pool = stack.enter_context(ThreadPoolExecutor(available_workers()))
            self._crew = self._cluster.crew(self.X, self._shares, self._cancelled)
            stack.callback(self._crew.close)
            self._stack = stack.pop_all()
        return self

    def grow(self, capacity: int) -> None:
        """Workers make room when they need it."""
        self.capacity = capacity

    def candidates(self, m: int, open_groups: Groups | None = None) -> Best:
        """The m best rows of those that the workers find best."""
        self._check()
        parts: list[PartBest] = self._crew.ask("candidates", m, open_groups)
        is_any_left = any(part.is_any_left for part in parts)
        best = _of_all(parts)
        scores = best.rules.scores(best.residual)
        kept = np.sort(np.lexsort((best.rows, -scores))[:m])
        rules = best.rules.of(kept)
        self._best = PartBest(best.rows[kept], best.residual[kept], rules, is_any_left)
        return Best(self._best.rows, is_any_left)

    def points(self, rows: IntArray) -> Matrix:
        """Features of `rows`; (len(rows), d)."""
        return self.X[rows]

    def coordinates(self, rows: IntArray) -> Matrix:
        """Columns `rows` of C, ascending; (t, len(rows))."""
        self._check()
        return np.concatenate(self._crew.ask("coordinates", rows), axis=1)

    def predicted(
        self, rows: IntArray, coordinates: Matrix, steps: int, ledger: Ledger | None = None
    ) -> Prediction:
        """Picks predicted among the candidates, here."""
        best = self._best
        assert best is not None  # noqa: S101 (the rows are those found best)
        S = residual_kernel(self.points(rows), coordinates, self.kernel, self._run)
        return predict(S, best.residual, rows, best.rules, steps, ledger)

    def extend(
        self, points: Matrix, coordinates: Matrix, lower: Matrix, proposal: Proposal | None = None
    ) -> Judgement | None:
        """Compute b new rows of C, and judge the rows near enough to intrude."""
        self._check()
        found = self._crew.tell("extend", points, coordinates, lower, proposal)
        return None if proposal is None else together(found, len(points))

    def accept(self, count: int, spent: IntArray = NO_ROWS) -> None:
        """Keep the first `count` of the rows computed last."""
        settled = self._crew.tell("accept", count, spent)
        self.t += count
        if self.settled is not None:
            self.settled = sum(settled)

    def _run(self, task: Callable[[int], Any], items: Iterable[int]) -> list[Any]:
        return list(self._pool.map(task, items))

    def _check(self) -> None:
        if self._cancelled():
            raise CancelledError


def _of_all(parts: Sequence[PartBest]) -> PartBest:
    """The best rows of all partitions, in the order of their rows."""

    def joined(values: Sequence[Any]) -> Any:
        return None if values[0] is None else np.concatenate(values)

    rules = [part.rules for part in parts]
    return PartBest(
        joined([part.rows for part in parts]),
        joined([part.residual for part in parts]),
        Rules(
            joined([one.diagonal for one in rules]),
            joined([one.log_quality for one in rules]),
            rules[0].quality_weight,
            joined([one.spent_below for one in rules]),
            joined([one.grid for one in rules]),
            joined([one.groups for one in rules]),
        ),
        any(part.is_any_left for part in parts),
    )


def _ranges(starts: Sequence[int]) -> list[tuple[int, int]]:
    """Of partitions that have a row."""
    return [(start, stop) for start, stop in pairwise(starts) if start < stop]
