"""Greedy maximum a posteriori inference of a determinantal point process."""

from spanset.greedy.blocked import Progress, blocked_greedy
from spanset.greedy.budget import TokenBudget
from spanset.greedy.conditioning import Conditioning
from spanset.greedy.reference import reference_greedy
from spanset.greedy.replay import replay
from spanset.greedy.residuals import residuals

__all__ = [
    "Conditioning",
    "Progress",
    "TokenBudget",
    "blocked_greedy",
    "reference_greedy",
    "replay",
    "residuals",
]
