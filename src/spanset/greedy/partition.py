"""Some of the candidates, with their part of the factor: what one worker holds.

Rows keep the numbers that they have among all candidates. Symbols: see rules.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.lazy_rows import AnyRows
from spanset.greedy.factor import NO_ROWS
from spanset.greedy.footprint import Footprint
from spanset.greedy.places import Places
from spanset.greedy.quotas import Groups
from spanset.greedy.rules import Rules, make_rules
from spanset.greedy.verification import Judgement, Proposal
from spanset.kernels.kernel import Kernel, Matrix


@dataclass(frozen=True)
class Share:
    """What a partition is made of, but for its features.

    Attributes
    ----------
    start, stop : int
        Numbers of its first row and of the one after its last.
    log_quality : (n,) float64 or None
        Of its rows.
    quality_weight : float
        Lambda.
    groups : (n,) int64 or None
        Of its rows, where picks of groups are bounded.
    room : int
        Rows of the factor to make room for.
    candidates : int
        Most rows whose coordinates are asked for at once.
    is_mixed : bool
        Whether the factor is in float32 for float64's picks.
    """

    kernel: Kernel
    start: int
    stop: int
    log_quality: FloatArray | None
    quality_weight: float
    groups: IntArray | None
    room: int
    candidates: int
    is_mixed: bool


@dataclass(frozen=True)
class PartBest:
    """The best rows of a partition.

    Attributes
    ----------
    rows : (m,) int64
        Ascending, numbered among all candidates.
    residual : (m,) float64
        Theirs, exact.
    rules : Rules
        Of these rows.
    is_any_left : bool
        Whether any row of the partition is left, may it be picked or not.
    """

    rows: IntArray
    residual: FloatArray
    rules: Rules
    is_any_left: bool


class Partition:
    """Rows `share.start` and on, and their columns of the factor.

    Parameters
    ----------
    X : (n, d)
        Their features, in the dtype to compute in.
    workers : int
        Threads, at least one.
    device : str
        See `blocked_greedy`.
    scratch : Path, optional
        Folder for a factor that memory does not hold.
    neighbours : int
        Partitions that share this machine's memory, this one included.
    """

    def __init__(
        self,
        X: AnyRows,
        share: Share,
        *,
        workers: int = 1,
        device: str = "cpu",
        scratch: Path | None = None,
        neighbours: int = 1,
    ) -> None:
        rules = make_rules(share.kernel, X, share.log_quality, share.quality_weight, share.groups)
        taken = Footprint.of(
            len(X),
            share.room,
            X.shape[1],
            X.dtype.name,
            is_mixed=share.is_mixed,
            workers=workers,
        )
        if isinstance(X, np.ndarray) and not share.is_mixed:
            taken = taken.with_features_there()
        places = Places(device, workers, share.candidates, scratch, neighbours)
        make = places.mixed(taken) if share.is_mixed else places.in_full(taken)
        self._start, self._stop = share.start, share.stop
        self._factor = make(X, share.kernel, rules, share.room).__enter__()

    def close(self) -> None:
        """Give back what the factor took."""
        self._factor.__exit__(None, None, None)

    def candidates(self, m: int, open_groups: Groups | None) -> PartBest:
        """The m best rows; see `Factor`."""
        factor = self._factor
        best = factor.candidates(m, open_groups)
        residual, rules = factor.residual[best.rows], factor.rules.of(best.rows)
        return PartBest(best.rows + self._start, residual, rules, best.is_any_left)

    def coordinates(self, rows: IntArray) -> Matrix:
        """Columns of C of those of `rows` that are here; (t, a)."""
        found = self._factor.coordinates(self._own(rows))
        return found if isinstance(found, np.ndarray) else found.cpu().numpy()

    def extend(
        self, points: Matrix, coordinates: Matrix, lower: Matrix, proposal: Proposal | None
    ) -> Judgement | None:
        """Compute b new rows of C, and judge the rows near enough to intrude; see `Factor`."""
        factor = self._factor
        if factor.capacity - factor.t < len(points):
            factor.grow(max(factor.capacity * 3 // 2, factor.t + len(points)))
        if proposal is not None:
            # Picks of other partitions are numbered before the first row here, or after the last.
            picks, candidates = proposal.picks - self._start, self._own(proposal.candidates)
            proposal = replace(proposal, picks=picks, candidates=candidates)
        return factor.extend(points, coordinates, lower, proposal)

    def accept(self, count: int, spent: IntArray = NO_ROWS) -> int | None:
        """Keep the first `count` of the rows computed last; rows settled, see `Selection`."""
        self._factor.accept(count, self._own(spent))
        return self._factor.settled

    def catch_up(
        self, told: Iterable[tuple[str, tuple[Any, ...]]], asked: tuple[Any, ...] | None
    ) -> None:
        """Come to where a partition of the same rows was.

        Parameters
        ----------
        told : iterable of (method, arguments)
            What changed it, in order.
        asked : tuple or None
            Arguments of the last `candidates`: what is extended next is judged beside them.
        """
        for method, args in told:
            if method == "extend":
                points, coordinates, lower, _ = args
                self.extend(points, coordinates, lower, None)  # was judged
            else:
                self.accept(*args)
        if asked is not None:
            self.candidates(*asked)

    def _own(self, rows: IntArray) -> IntArray:
        """Those of `rows` that are here, numbered from the first row here."""
        return rows[(rows >= self._start) & (rows < self._stop)] - self._start
