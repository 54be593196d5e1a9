"""Predict and judge where the features are, in torch: what prediction.py and verification.py do.

The loop has no step that the host must see: the best candidate stays on the device as a tensor of
one number, and what has been predicted is fetched once, at the end. Its steps are small and always
the same, so that they are launched as one. Quotas, which open and close groups with every pick, are
the host's. Symbols: see rules.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spanset.base.array_types import IntArray
from spanset.base.extras import require
from spanset.base.replayed_work import ReplayedWork
from spanset.base.transfers import sent
from spanset.greedy.prediction import Prediction
from spanset.greedy.rules import Rules
from spanset.greedy.verification import Judgement, Outsiders

if TYPE_CHECKING:
    import torch
else:
    torch = require("torch", extra="models")


@dataclass(frozen=True)
class DeviceRules:
    """How residuals of some rows become scores, on a device; all float64 tensors (m,).

    Attributes
    ----------
    grid, spent_below : (m,)
        See `Rules`.
    quality : (m,) or None
        Lambda times log quality.
    """

    grid: torch.Tensor
    spent_below: torch.Tensor
    quality: torch.Tensor | None
    gain_weight: float

    @classmethod
    def of(cls, rules: Rules, rows: IntArray, device: torch.device) -> DeviceRules:
        """Those of these rows."""
        weight, quality = rules.quality_weight, rules.log_quality
        return cls(
            sent(rules.grid[rows], device),
            sent(rules.spent_below[rows], device),
            None if quality is None else sent(weight * quality[rows], device),
            1.0 if quality is None else 1.0 - weight,
        )

    def scores(self, residual: torch.Tensor) -> torch.Tensor:
        """As `Rules.scores`; the last axis of `residual` runs over the rows."""
        spent = residual < self.spent_below
        gains = torch.round(residual / self.grid) * self.grid
        scores = torch.log(torch.where(spent, 1.0, gains))
        if self.quality is not None:
            scores = self.quality + self.gain_weight * scores
        return scores.masked_fill_(spent, -torch.inf)


class DevicePrediction:
    """Greedy picks among the candidates alone, as `prediction.predict` makes them.

    Parameters
    ----------
    most : int
        Candidates, at most.

    Notes
    -----
    All tensors are as long as `most`, and stay: places without a candidate are spent. For 8, 16,
    32, ... steps there is a loop each.
    """

    def __init__(self, most: int, device: torch.device) -> None:
        self.most, self._device = most, device
        self._S = torch.zeros((most, most), dtype=torch.float64, device=device)
        self._residual = torch.zeros(most, dtype=torch.float64, device=device)
        self._grid = torch.ones_like(self._residual)
        self._spent_below = torch.ones_like(self._residual)
        self._quality = torch.zeros_like(self._residual)
        self._loops: dict[tuple[int, float | None], _Loop] = {}

    def __call__(
        self, S: torch.Tensor, residual: torch.Tensor, rules: DeviceRules, steps: int
    ) -> Prediction:
        """Predict so many picks, or fewer where all candidates are spent.

        Parameters
        ----------
        S : (m, m) tensor
            Residual kernel of the candidates.
        residual : (m,) float64 tensor
            Their residuals.
        """
        m = len(S)
        steps = min(steps, m)
        self._S[:m, :m] = S
        self._S[:m, m:] = 0.0  # what others left there could grow beyond all numbers
        for there, values, rest in (
            (self._residual, residual, 0.0),
            (self._grid, rules.grid, 1.0),
            (self._spent_below, rules.spent_below, 1.0),
            (self._quality, rules.quality, 0.0),
        ):
            if values is not None:
                there[:m] = values
            there[m:] = rest
        loop = self._loop(steps, rules)
        loop.work()
        return loop.told(steps)

    def _loop(self, steps: int, rules: DeviceRules) -> _Loop:
        """That of enough steps; few sizes, since each is recorded."""
        length = 8
        while length < steps:
            length *= 2
        key = length, None if rules.quality is None else rules.gain_weight
        if key not in self._loops:
            quality = None if rules.quality is None else self._quality
            padded = DeviceRules(self._grid, self._spent_below, quality, rules.gain_weight)
            self._loops[key] = _Loop(self._S, self._residual, padded, length)
        return self._loops[key]


class _Loop:
    """So many steps of the loop on the same tensors."""

    def __init__(
        self, S: torch.Tensor, residual: torch.Tensor, rules: DeviceRules, steps: int
    ) -> None:
        self._S, self._first, self._rules = S, residual, rules
        shape = (steps, len(S))
        self._residuals = S.new_empty(shape)  # before each step
        self._scores, self._F = S.new_empty(shape), S.new_empty(shape)
        self._best = S.new_empty(steps)
        self._positions = torch.empty(steps, dtype=torch.int64, device=S.device)
        self.work = ReplayedWork(self._steps, S.device)

    def _steps(self) -> None:
        residuals, F, steps = self._residuals, self._F, len(self._F)
        residuals[0] = self._first
        for s in range(steps):
            residual, j = residuals[s], self._positions[s : s + 1]
            self._scores[s] = score = self._rules.scores(residual)
            torch.max(score, dim=0, keepdim=True, out=(self._best[s : s + 1], j))  # first of equals
            row = self._S.index_select(0, j)[0]
            if s:
                row = row - F[:s].index_select(1, j)[:, 0] @ F[:s]
            torch.div(row, residual.index_select(0, j).sqrt(), out=F[s])
            if s + 1 < steps:
                torch.addcmul(residual, F[s], F[s], value=-1.0, out=residuals[s + 1])
                residuals[s + 1].index_fill_(0, j, 0.0)

    def told(self, steps: int) -> Prediction:
        """The first of them, on the host."""
        positions = self._positions[:steps]
        own = positions[:, None]
        gains = self._residuals[:steps].gather(1, own)[:, 0]
        runners_up = self._scores[:steps].scatter(1, own, -torch.inf).amax(dim=1)
        lower = self._F[:steps].index_select(1, positions).T
        known = torch.stack([positions.double(), gains, self._best[:steps], runners_up])
        fetched = torch.cat([known, lower]).cpu().numpy()  # one wait
        is_pick = fetched[2] > -np.inf
        b = steps if is_pick.all() else int(np.argmin(is_pick))
        gains, scores, runners_up = fetched[1:4, :b]
        triangle = np.tril(fetched[4 : 4 + b, :b])
        triangle[np.arange(b), np.arange(b)] = np.sqrt(gains)
        places = fetched[0, :b].astype(np.int64)
        return Prediction(places, gains, scores, scores - runners_up, triangle)


def judged(watch: Outsiders, rows: IntArray, new: torch.Tensor, rules: DeviceRules) -> Judgement:
    """As `Outsiders.judge`, of rows whose columns `new` (b - 1, a) are on a device."""
    device = new.device
    before = torch.empty((len(new) + 1, len(rows)), dtype=torch.float64, device=device)
    before[0] = sent(watch.residual[rows], device)
    torch.square(new.double(), out=before[1:])
    torch.cumsum(before[1:], dim=0, out=before[1:])
    torch.sub(before[0], before[1:], out=before[1:])
    scores = rules.scores(before)
    target = sent(watch.ahead.scores, device)[:, None]
    wins_ties = sent(rows, device) < sent(watch.picks, device)[:, None]
    beaten = (scores > target) | ((scores == target) & wins_ties)
    told = torch.stack([beaten.any(dim=1).double(), scores.amax(dim=1)]).cpu().numpy()
    return told[0] > 0.0, told[1]
