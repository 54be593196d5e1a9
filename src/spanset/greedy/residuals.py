"""What is left of rows after projecting out others: how new they are, row by row."""

from __future__ import annotations

from spanset.base.array_types import FloatArray
from spanset.base.workers import available_workers
from spanset.greedy.conditioning import Conditioning
from spanset.greedy.factor import BLOCK
from spanset.greedy.pace import CANDIDATES
from spanset.greedy.places import Places
from spanset.greedy.rules import make_rules
from spanset.kernels.kernel import Kernel, Matrix


def residuals(
    X: Matrix, given: Conditioning, kernel: Kernel, *, workers: int = 0, device: str = "cpu"
) -> FloatArray:
    """Residual variance of each row of X (N, d) given the others; (N,) float64, at least 0.

    k(x, x) is left of a row unlike all that is given, 0 of a copy. Time O(N g (g + d)) for g given
    rows, memory N g numbers of X's dtype. The rows of X do not explain each other here.
    """
    rules = make_rules(kernel, X, None, 0.0)
    candidates = int(CANDIDATES[1] * BLOCK)
    place = Places(device, workers or available_workers(), candidates).in_full()
    with place(X, kernel, rules, max(1, len(given))) as factor:
        given.apply(factor, block=BLOCK)
        return factor.residual.clip(min=0.0)
