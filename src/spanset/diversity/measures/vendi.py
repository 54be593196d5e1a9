"""Vendi score: the effective number of rows, from the eigenvalues of their cosine matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.linalg
from scipy.special import logsumexp
from threadpoolctl import threadpool_limits

from spanset.base.array_types import FloatArray
from spanset.base.errors import UsageError
from spanset.diversity.estimate import Better, Estimate
from spanset.diversity.sample import Sample

STEP = 2048  # rows converted to float64 at once

# Eigenvalues sum to 1. Rounding unit rows to float32 moves one that is zero by (2^-24)^2 = 4e-15
# at most; without a floor orders well below 1 would count thousands of these as rows.
FLOOR = 1e-14


@dataclass(frozen=True)
class Vendi:
    """Exponential of the Rényi entropy of order q of the eigenvalues of X X^T / m.

    With eigenvalues p that sum to 1: exp(-sum p log p) for order 1 (Shannon), 1 / max p for order
    infinity, else (sum p^q)^(1 / (1 - q)). Unit: effective rows, between 1 (all rows equal) and
    min(m, d) (orthogonal rows, or a flat spectrum). Higher is more diverse. Large orders look at
    the most common direction, small ones at rare directions.

    Friedman and Dieng (2023) [friedman2023vendi]; orders other than 1: Pasarkar and Dieng (2024)
    [pasarkar2024cousins].

    Parameters
    ----------
    order : float
        q, above 0; infinity is allowed.

    Raises
    ------
    UsageError
        An order that is not positive.

    Notes
    -----
    Time O(m d min(m, d) + min(m, d)^3) in float64, memory O(min(m, d)^2): X^T X / m has the same
    eigenvalues.
    """

    order: float = 1.0

    unit: str = "effective rows"
    better: Better = "higher"
    needs_rows: bool = False

    def __post_init__(self) -> None:
        if not self.order > 0.0:  # not a number is refused as well
            raise UsageError(
                f"{self.order:g} is no order of the Vendi score",
                where="vendi",
                fix="give a number above 0, or inf",
            )

    @property
    def name(self) -> str:
        """As on the command line: ``vendi``, ``vendi:2``, ``vendi:inf``."""
        return "vendi" if self.order == 1.0 else f"vendi:{self.order:g}"

    def __call__(self, sample: Sample) -> Estimate:
        """Score of the sample's rows: exact."""
        # One thread: how BLAS splits products over threads changes last bits.
        with threadpool_limits(1, user_api="blas"):
            eigenvalues = scipy.linalg.eigvalsh(_gram(sample.X), check_finite=False)
        shares = eigenvalues / eigenvalues.sum()
        return Estimate(float(np.exp(_entropy(shares[shares > FLOOR], self.order))))


def _gram(X: npt.NDArray[np.float32]) -> FloatArray:
    """Products of rows, or of columns where these are fewer: same eigenvalues but for zeros."""
    tall = X if X.shape[0] > X.shape[1] else X.T
    gram = np.zeros((tall.shape[1], tall.shape[1]))
    for start in range(0, len(tall), STEP):
        part = tall[start : start + STEP].astype(np.float64)
        gram += part.T @ part
    return gram


def _entropy(shares: FloatArray, order: float) -> float:
    """Rényi entropy of positive shares that sum to 1; nats."""
    logs = np.log(shares)
    if order == 1.0:
        return float(-(shares * logs).sum())
    if order == np.inf:
        return float(-logs.max())
    # A power of a share underflows at large orders; the logarithm of the sum does not.
    return float(logsumexp(order * logs)) / (1.0 - order)
