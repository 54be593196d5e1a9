"""Exact greedy MAP at matrix-multiply speed: predict and verify.

The textbook loop (reference.py) reads the t x N factor once a pick and waits for memory. Here a
block of picks is *predicted* among the m best candidates, whose residual kernel is small; the new
rows of the factor for all b predicted picks come from one matrix product; and the prediction is
*verified*: step s stands while no outsider's score before s beats the predicted one. Scores never
grow, so an outsider whose stale score lies below the last predicted score cannot intrude and is not
looked at. The verified prefix (at least one pick) is accepted. Exact, not approximate: under the
rounding rule the picks are the loop's.

Cost: N k^2 - 2 k^3 / 3 + 2 N k d floating-point operations as matrix products (columns of picked
rows are let go of), plus about a tenth for prediction, against N k^2 / 2 numbers read from memory
by the loop. Memory: N k numbers.
The array operations on all N candidates are the factor's (factor.py), on the processor or a GPU.
Symbols: see rules.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.lazy_rows import AnyRows
from spanset.base.workers import available_workers
from spanset.greedy.budget import TokenBudget
from spanset.greedy.conditioning import Conditioning
from spanset.greedy.crew import Cluster
from spanset.greedy.distributed import DistributedFactor
from spanset.greedy.enough import Enough
from spanset.greedy.exhaustion import room_left, why_exhausted
from spanset.greedy.factor import BLOCK, CancelledError, Factor
from spanset.greedy.footprint import Footprint
from spanset.greedy.mixed import TooCloseError, is_worth_mixing
from spanset.greedy.pace import Pace
from spanset.greedy.places import Places
from spanset.greedy.progress import Progress
from spanset.greedy.quotas import Quotas
from spanset.greedy.rules import MarginRecord, make_rules
from spanset.greedy.selection import Selection, StopReason
from spanset.greedy.verification import Proposal, prefix_that_holds
from spanset.kernels.kernel import Kernel


def blocked_greedy(
    X: AnyRows,
    k: int,
    kernel: Kernel,
    *,
    log_quality: FloatArray | None = None,
    quality_weight: float = 0.0,
    given: npt.NDArray[np.floating[Any]] | Conditioning | None = None,
    budget: TokenBudget | None = None,
    quotas: Quotas | None = None,
    enough: Enough | None = None,
    block: int = BLOCK,
    workers: int = 0,
    device: str = "cpu",
    mixed: bool | None = False,
    scratch: Path | None = None,
    cluster: Cluster | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_note: Callable[[str], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Selection:
    """Greedy MAP by predict and verify.

    Parameters
    ----------
    X : (N, d) float64 or float32
        Features, or what makes them when they are asked for; the engine computes in their dtype
        (residuals and predictions in float64).
    k : int
        Picks wanted, at most N.
    kernel : Kernel
        Similarity of feature rows.
    log_quality : (N,) float64, optional
        Log quality, weighed by `quality_weight` (lambda in [0, 1]).
    given : (g, d) or Conditioning, optional
        Rows to condition on: in the set already, never picked.
    budget : TokenBudget, optional
        Stop before the pick that would exceed it.
    quotas : Quotas, optional
        Pick greedily among the rows whose group is still open.
    enough : Enough, optional
        Stop where further rows add little.
    block : int
        Picks predicted at once, at most; changes speed, not picks.
    workers : int
        Threads, 0 for all processors; changes nothing but speed.
    device : str
        Where the factor lives: ``cpu`` (numpy), ``cuda`` or ``cuda:1`` (torch on that GPU), or
        ``torch:cpu`` (torch without a GPU: slower than ``cpu``, to try that path). The picks are
        the same but for decisions closer than the rounding (in float32: near ties).
    mixed : bool or None
        Compute the factor in float32 and decide in float64: the picks of float64 X in less time
        and memory (mixed.py), on ``cpu`` alone. None: where it is worth it.
    scratch : Path, optional
        Folder for a factor that memory does not hold, on ``cpu`` alone; changes nothing but speed.
    cluster : Cluster, optional
        Workers that hold the factor, a part each: where one machine is too small.
    on_progress : callable
        Told after each block.
    on_note : callable
        Told where the factor is in a file, and where float32 could not tell rows apart so that all
        was computed in float64.
    cancelled : callable
        Asked between chunks; when true, the picks made so far are returned as interrupted.

    Returns
    -------
    Selection
        Picks in order with gains and scores.

    Raises
    ------
    UsageError
        A device that is not there.
    MissingExtraError
        A device other than ``cpu`` without torch.
    SpansetError
        A device with too little memory; with `scratch`, memory and a disk with too little.
    """
    groups = None if quotas is None else quotas.groups
    rules = make_rules(kernel, X, log_quality, quality_weight, groups)
    workers = workers or available_workers()
    given = conditioned(
        given, kernel, block=block, workers=workers, device=device, cancelled=cancelled
    )
    g = len(given or ())
    possible = min(k, room_left(kernel, X, g))
    room = g + (possible if budget is None else min(possible, budget.likely_rows))

    def picked(place: Callable[..., Factor]) -> Selection:
        pace = Pace.of(block, len(X), device)
        with place(X, kernel, rules, room, cancelled=cancelled) as factor:
            run = _Run(factor, possible, budget, quotas, enough, pace, on_progress)
            try:
                if given is not None:
                    given.apply(factor, block=block)
                picks = run.until_done()
            except CancelledError:
                picks = run.selection(StopReason.INTERRUPTED)
        return replace(picks, settled=factor.settled)

    if mixed is None:
        mixed = is_worth_mixing(len(X), room - g, kernel, X.dtype.name, device)
    candidates = Pace.of(block, len(X), device).most
    places = Places(device, workers, candidates, scratch, on_note=on_note)

    def place(*, is_mixed: bool, is_sure: bool) -> Callable[..., Factor]:
        if cluster is not None:  # the workers look at their own memory
            options = {"candidates": candidates, "is_mixed": is_mixed}
            return partial(DistributedFactor, cluster=cluster, **options)
        make = places.mixed if is_mixed else places.in_full
        if is_sure:
            return make()
        taken = Footprint.of(
            len(X), room - g, X.shape[1], X.dtype.name, g, is_mixed=is_mixed, workers=workers
        )
        is_there = isinstance(X, np.ndarray) and not is_mixed
        return make(taken.with_features_there() if is_there else taken)

    try:
        # Without a folder to turn to, the caller has looked whether memory holds it.
        picks = picked(place(is_mixed=mixed, is_sure=scratch is None))
    except TooCloseError as error:
        on_note(f"{error}: selecting in float64 throughout")
        picks = picked(place(is_mixed=False, is_sure=False))
    if picks.stop_reason is not StopReason.EXHAUSTED and (
        picks.stop_reason is not StopReason.REACHED_K or len(picks) == k
    ):
        return picks
    points = X[:0] if given is None else given.points
    return replace(picks, stop_reason=why_exhausted(X, picks.order, points, kernel, rules))


def conditioned(
    given: npt.NDArray[np.floating[Any]] | Conditioning | None,
    kernel: Kernel,
    *,
    block: int = BLOCK,
    workers: int = 0,
    device: str = "cpu",
    cancelled: Callable[[], bool] = lambda: False,
    **_: object,
) -> Conditioning | None:
    """Given rows, less their copies, as they are conditioned on; None where there are none."""
    if given is None or not len(given):
        return None
    if isinstance(given, Conditioning):
        return given
    chosen = blocked_greedy(
        given, len(given), kernel, block=block, workers=workers, device=device, cancelled=cancelled
    )
    return Conditioning.on(given[chosen.order], kernel)


class _Run:
    """One selection in progress: the factor and the picks so far."""

    def __init__(
        self,
        factor: Factor,
        k: int,
        budget: TokenBudget | None,
        quotas: Quotas | None,
        enough: Enough | None,
        pace: Pace,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self.factor, self.k, self.budget = factor, k, budget
        self.ledger = None if quotas is None else quotas.ledger()
        self.enough = enough
        self.pace, self.on_progress = pace, on_progress
        self.order: list[int] = []
        self.gains: list[float] = []
        self.scores: list[float] = []
        self.tokens = 0
        self.margins = MarginRecord()

    def until_done(self) -> Selection:
        """Blocks until k picks, an empty budget, or nothing left to pick."""
        while len(self.order) < self.k:
            open_groups = None if self.ledger is None else self.ledger.open()
            best = self.factor.candidates(self.pace.candidates, open_groups)
            if not len(best.rows):
                is_shut = open_groups is not None and best.is_any_left
                return self.selection(StopReason.SHARES if is_shut else StopReason.EXHAUSTED)
            if not self._block(best.rows):
                return self.selection(StopReason.TOKEN_BUDGET)
            self.on_progress(self._progress())
            if self.enough is not None and (kept := self.enough.kept(self.gains)) is not None:
                self._drop(kept)
                return self.selection(StopReason.LITTLE_GAIN)
        return self.selection(StopReason.REACHED_K)

    def _block(self, candidates: IntArray) -> bool:
        """Predict, extend, verify, accept; false when the token budget ends the run."""
        factor = self.factor
        steps = min(self.pace.b, self.k - len(self.order))
        if factor.capacity - factor.t < steps:
            larger = max(factor.capacity * 3 // 2, factor.t + steps)
            factor.grow(min(larger, factor.t + self.k - len(self.order)))
        coordinates = factor.coordinates(candidates)
        ahead = factor.predicted(candidates, coordinates, steps, self.ledger)
        picks = candidates[ahead.positions]
        proposal = Proposal(candidates, picks, ahead, self.margins.smallest)
        judgement = factor.extend(
            factor.points(picks), coordinates[:, ahead.positions], ahead.lower, proposal
        )
        assert judgement is not None  # noqa: S101 (there was a proposal)
        beaten, runner_up = judgement
        holds = prefix_that_holds(beaten)
        accepted = holds
        if self.budget is not None:
            accepted = self.budget.allows(picks[:holds], self.tokens)
        # The picks become exactly spent, whatever the last bits. This may be cancelled: what
        # follows tells of accepted picks only.
        factor.accept(accepted, picks[:accepted])
        if self.budget is not None:
            self.tokens += int(self.budget.counts[picks[:accepted]].sum())
        if self.ledger is not None:
            self.ledger.take(picks[:accepted])
        self.margins.add(np.minimum(ahead.gaps, ahead.scores - runner_up)[:accepted])
        self.order.extend(picks[:accepted].tolist())
        self.gains.extend(ahead.gains[:accepted].tolist())
        self.scores.extend(ahead.scores[:accepted].tolist())
        self.pace.adapt(len(picks), holds)
        return accepted == holds

    def _drop(self, kept: int) -> None:
        """Forget the picks beyond so many."""
        for values in (self.order, self.gains, self.scores):
            del values[kept:]

    def _progress(self) -> Progress:
        d, t, k = self.factor.X.shape[1], len(self.order), self.k
        work_done = t * (t + 2 * d) / (k * (k + 2 * d))
        if self.budget is not None:
            work_done = max(work_done, (self.tokens / self.budget.limit) ** 2)
        return Progress(t, k, self.gains[-1], work_done)

    def selection(self, reason: StopReason) -> Selection:
        """The picks so far."""
        return Selection(
            np.array(self.order, dtype=np.int64),
            np.array(self.gains),
            np.array(self.scores),
            reason,
            self.factor.N,
            self.margins.smallest,
            self.margins.ties,
        )
