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
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.lazy_rows import AnyRows, some_of
from spanset.greedy.blocked import blocked_greedy, conditioned
from spanset.greedy.budget import TokenBudget
from spanset.greedy.conditioning import Conditioning
from spanset.greedy.crew import Cluster
from spanset.greedy.factor import NO_ROWS, CancelledError
from spanset.greedy.parts import Part, Parts
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
    cluster: Cluster | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_note: Callable[[str], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
    **engine: Any,
) -> Selection:
    """Greedy MAP in two rounds.

    Parameters
    ----------
    X, k, kernel, log_quality, given, budget, on_progress, on_note, cancelled
        As for `blocked_greedy`.
    cluster : Cluster, optional
        Workers that choose from the parts, one each at a time; the second round is here.
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
    given = conditioned(given, kernel, cancelled=cancelled, **engine)
    dealt = np.array_split(np.random.default_rng(seed).permutation(len(X)), parts)
    shared = {"kernel": kernel, "given": given, **engine}
    first = _Parts(X, [np.sort(rows) for rows in dealt], log_quality, shared)
    told = {"on_note": on_note, "cancelled": cancelled}
    likely = k if budget is None else min(k, budget.likely_rows)
    share = _share(likely, parts)
    while True:
        work = _Work(len(X), parts, share, likely, on_progress)
        try:
            if cluster is None:
                found = first.here(share, work, told)
            else:
                found = first.on(cluster, share, work, **told)
        except CancelledError:
            nothing = np.zeros(0)
            return Selection(NO_ROWS, nothing, nothing, StopReason.INTERRUPTED, len(X))
        rows = np.sort(np.concatenate([picks.order for picks in found]))
        own = None if budget is None else TokenBudget(budget.counts[rows], budget.limit)
        quality = None if log_quality is None else log_quality[rows]
        options = {"log_quality": quality, "budget": own, "on_progress": work.of_last, **told}
        last = blocked_greedy(some_of(X, rows), min(k, len(rows)), **options, **shared)
        # Parts may have found the same rows, over and over, and passed others by.
        has_more = any(len(picks) == share < picks.candidates for picks in found)
        if len(last) < k and has_more and last.stop_reason not in _HAS_ENDED:
            share *= 2
            continue
        margin = min(picks.smallest_margin for picks in (*found, last))
        order = rows[last.order]
        return replace(last, order=order, candidates=len(X), smallest_margin=margin)


@dataclass(frozen=True, eq=False)
class _Parts:
    """The first round: parts of the rows, and options for all of them."""

    X: AnyRows
    dealt: list[IntArray]
    log_quality: FloatArray | None
    shared: dict[str, Any]

    def here(self, share: int, work: _Work, told: dict[str, Any]) -> list[Selection]:
        """Picks of every part, one part after the other."""
        found = []
        for number in range(len(self.dealt)):
            part, on_progress = self.part(number, share), work.of_part(number)
            options = {"log_quality": part.log_quality, "on_progress": on_progress, **told}
            picks = blocked_greedy(part.X, part.k, **options, **self.shared)
            if picks.stop_reason is StopReason.INTERRUPTED:
                raise CancelledError
            found.append(self.placed(number, picks))
        return found

    def on(
        self,
        cluster: Cluster,
        share: int,
        work: _Work,
        on_note: Callable[[str], None],
        cancelled: Callable[[], bool],
    ) -> list[Selection]:
        """The same by workers, whoever is free."""
        found: dict[int, Selection] = {}
        parts = Parts(len(self.dealt), partial(self.part, share=share), self.shared)
        for number, picks in cluster.chosen(parts, cancelled, on_note):
            found[number] = self.placed(number, picks)
            work.parts_done(len(found), picks)
        return [found[number] for number in range(len(self.dealt))]

    def part(self, number: int, share: int) -> Part:
        """Rows of a part, ready to be chosen from."""
        rows = self.dealt[number]
        quality = None if self.log_quality is None else self.log_quality[rows]
        return Part(number, some_of(self.X, rows), min(share, len(rows)), quality)

    def placed(self, number: int, picks: Selection) -> Selection:
        """Picks of a part as positions among all rows."""
        return replace(picks, order=self.dealt[number][picks.order])


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

    def parts_done(self, count: int, picks: Selection) -> None:
        """So many parts are done, the last of them with these picks."""
        gain = float(picks.gains[-1]) if len(picks) else 0.0
        where = f"{count} of {self._parts} parts"
        progress = Progress(len(picks), len(picks), gain, 1.0)
        self._tell(progress, where, self._first * count / self._parts)

    def of_last(self, progress: Progress) -> None:
        """For the progress of the second round."""
        done = self._first + (1.0 - self._first) * progress.work_done
        self._tell(progress, "second round", done)

    def _tell(self, progress: Progress, where: str, done: float) -> None:
        self._on_progress(replace(progress, where=where, work_done=done))
