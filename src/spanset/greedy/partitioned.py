"""Two rounds of greedy where one is out of reach: in parts of the rows, then among their picks.

Rows are dealt into parts at random. In each the greedy picks `FOUND` times the part's share of k
(or k, of few parts), and what it picks among all of these is the choice: partitioned greedy
(Mirzasoleiman et al. 2013), with random parts (Barbosa et al. 2015; Mirrokni and Zadimoghaddam
2015). Time O(N (FOUND k / parts)^2 + FOUND k^3) instead of O(N k^2), memory that of one part.

Approximate. Where the objective is monotone and submodular and every part picks k, the better of
the choice and the parts' own has at least (1 - 1/e) / 2 of the best value, on average over how rows
are dealt. A log determinant is submodular, but falls with every pick whose gain is below 1: the
bound is no promise here. What was lost was measured: docs/scale.md. Symbols: see rules.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.lazy_rows import AnyRows, some_of
from spanset.greedy.blocked import blocked_greedy, conditioned
from spanset.greedy.budget import TokenBudget
from spanset.greedy.conditioning import Conditioning
from spanset.greedy.factor import NO_ROWS
from spanset.greedy.progress import Progress
from spanset.greedy.selection import Selection, StopReason
from spanset.kernels.kernel import Kernel

PARTS = 16
FOUND = 4  # rows that the second round chooses from, a pick

_HAS_ENDED = (StopReason.INTERRUPTED, StopReason.TOKEN_BUDGET)


def parts_in(rounds: int, parts: int | None) -> int:
    """Parts of a choice in one round, or two: as asked, or the usual number."""
    return 1 if rounds == 1 else parts or PARTS


def rounds_of(n: int, k: int, parts: int) -> list[tuple[int, int, int]]:
    """Runs of the greedy for k picks of n rows: how many, of how many rows, with how many picks."""
    if parts == 1:
        return [(1, n, k)]
    rows, share = -(-n // parts), _share(k, parts)
    return [(parts, rows, min(share, rows)), (1, min(n, parts * share), k)]


def two_rounds(
    X: AnyRows,
    k: int,
    kernel: Kernel,
    *,
    parts: int = PARTS,
    seed: int = 0,
    log_quality: FloatArray | None = None,
    given: npt.NDArray[np.floating[Any]] | Conditioning | None = None,
    budget: TokenBudget | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
    **engine: Any,
) -> Selection:
    """Greedy MAP in two rounds.

    Parameters
    ----------
    X, k, kernel, log_quality, given, budget, on_progress
        As for `blocked_greedy`.
    parts : int
        How many the rows are dealt into, from 2.
    seed : int
        Of the dealing.
    **engine
        Further options of `blocked_greedy`, but for `quotas` and `enough`: how many rows of a group
        a part has to find, and how many there are to find at all, is known of the whole only.

    Returns
    -------
    Selection
        Picks with the gains and scores of the second round.
    """
    given = conditioned(given, kernel, **engine)
    dealt = np.array_split(np.random.default_rng(seed).permutation(len(X)), parts)
    likely = k if budget is None else min(k, budget.likely_rows)

    def chosen(rows: IntArray, k: int, told: Callable[[Progress], None], **more: Any) -> Selection:
        quality = None if log_quality is None else log_quality[rows]
        options = {"log_quality": quality, "given": given, "on_progress": told, **more, **engine}
        picks = blocked_greedy(some_of(X, rows), min(k, len(rows)), kernel, **options)
        return replace(picks, order=rows[picks.order], candidates=len(X))

    share = _share(likely, parts)
    while True:
        work = _Work(len(X), parts, share, likely, on_progress)
        found, has_more = [], False
        for number, part in enumerate(dealt):
            picks = chosen(np.sort(part), share, work.of_part(number))
            if picks.stop_reason is StopReason.INTERRUPTED:
                return replace(picks, order=NO_ROWS, gains=np.zeros(0), scores=np.zeros(0))
            has_more |= len(picks) == share < len(part)
            found.append(picks)
        rows = np.sort(np.concatenate([picks.order for picks in found]))
        own = None if budget is None else TokenBudget(budget.counts[rows], budget.limit)
        last = chosen(rows, k, work.of_last, budget=own)
        # Parts may have found the same rows, over and over, and passed others by.
        if len(last) < k and has_more and last.stop_reason not in _HAS_ENDED:
            share *= 2
            continue
        margins = [picks.smallest_margin for picks in (*found, last)]
        return replace(last, smallest_margin=min(margins))


def _share(k: int, parts: int) -> int:
    """Picks of a part."""
    return min(k, -(-FOUND * k // parts))


class _Work:
    """How much of both rounds is done."""

    def __init__(
        self, n: int, parts: int, share: int, k: int, on_progress: Callable[[Progress], None]
    ) -> None:
        self._parts, self._on_progress = parts, on_progress
        first, last = n * share**2, min(n, parts * share) * k**2
        self._first = first / (first + last)

    def of_part(self, number: int) -> Callable[[Progress], None]:
        """For the progress of a part."""
        where = f"part {number + 1} of {self._parts}"
        return lambda progress: self._tell(
            progress, where, self._first * (number + progress.work_done) / self._parts
        )

    def of_last(self, progress: Progress) -> None:
        """For the progress of the second round."""
        done = self._first + (1.0 - self._first) * progress.work_done
        self._tell(progress, "second round", done)

    def _tell(self, progress: Progress, where: str, done: float) -> None:
        self._on_progress(replace(progress, where=where, work_done=done))
