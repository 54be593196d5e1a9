"""Predict and judge where the features are, in torch: what prediction.py and verification.py do.

The loop has no step that the host must see: the best candidate stays on the device as a tensor of
one number, and what has been predicted is fetched once, at the end. Quotas, which open and close
groups with every pick, are the host's. Symbols: see rules.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spanset.base.array_types import IntArray
from spanset.base.extras import require
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


def predicted(
    S: torch.Tensor, residual: torch.Tensor, rules: DeviceRules, steps: int
) -> Prediction:
    """Greedy picks among the candidates alone, as `prediction.predict` makes them.

    Parameters
    ----------
    S : (m, m) float64 tensor
        Residual kernel of the candidates.
    residual : (m,) float64 tensor
        Their residuals; left as it is.
    """
    m, device = len(S), S.device
    steps = min(steps, m)
    residual = residual.clone()
    F = torch.empty((steps, m), dtype=torch.float64, device=device)
    positions = torch.empty(steps, dtype=torch.int64, device=device)
    found = torch.empty((3, steps), dtype=torch.float64, device=device)  # gains, scores, runner-ups
    for s in range(steps):
        score = rules.scores(residual)
        best, j = score.max(dim=0, keepdim=True)  # the first of equals
        gain = residual.index_select(0, j)
        positions[s : s + 1] = j
        found[0, s : s + 1], found[1, s : s + 1] = gain, best
        score.index_fill_(0, j, -torch.inf)
        found[2, s] = score.max()
        row = S.index_select(0, j)[0]
        if s:
            row = row - F[:s].index_select(1, j)[:, 0] @ F[:s]
        torch.div(row, gain.sqrt(), out=F[s])
        residual.addcmul_(F[s], F[s], value=-1.0)
        residual.index_fill_(0, j, 0.0)
    lower = F.index_select(1, positions).T
    # One wait: all that the host needs of it.
    fetched = torch.cat([positions.double()[None], found, lower]).cpu().numpy()
    best = fetched[2]
    b = int(np.argmin(best > -np.inf)) if not (best > -np.inf).all() else steps
    gains, scores, runners_up = fetched[1:4, :b]
    triangle = np.tril(fetched[4 : 4 + b, :b])
    triangle[np.arange(b), np.arange(b)] = np.sqrt(gains)
    return Prediction(fetched[0, :b].astype(np.int64), gains, scores, scores - runners_up, triangle)


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
