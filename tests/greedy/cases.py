"""Inputs for the greedy engines: random, tied, copied, weighted, conditioned."""

from dataclasses import dataclass

import numpy as np
import pytest

from spanset.base.unit_rows import unit_rows
from spanset.greedy.rules import ROUNDING
from spanset.kernels.rbf import RBF


@dataclass(frozen=True)
class Case:
    X: np.ndarray
    k: int
    kernel: RBF
    log_quality: np.ndarray | None
    quality_weight: float
    given: np.ndarray | None

    @property
    def arguments(self):
        return {
            "log_quality": self.log_quality,
            "quality_weight": self.quality_weight,
            "given": self.given,
        }


def random_unit(rng, n, d):
    return unit_rows(rng.normal(size=(n, d)), np.float64)


def random_case(seed, *, largest=60):
    """A case with, by turns, copies, exact ties, equal qualities and given rows."""
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(1, largest)), int(rng.integers(1, 8))
    X = random_unit(rng, n, d)
    if seed % 3 == 0:
        X = unit_rows(np.sign(X), np.float64)  # corners of a cube: many exact ties
    if seed % 4 == 0:
        X = X[rng.integers(0, n, n)]  # copies
    weight = float(rng.choice([0.0, 0.1, 0.5, 0.9, 1.0]))
    log_quality = None if weight == 0.0 else rng.normal(size=n)
    if log_quality is not None and seed % 5 == 0:
        log_quality = np.round(log_quality)
    given = random_unit(rng, int(rng.integers(1, 9)), d) if seed % 2 else None
    if given is not None and seed % 7 == 0:
        given = np.concatenate([given, given, X[:1]])  # copies of each other and of a candidate
    kernel = RBF(float(rng.choice([0.25, 2.5])))
    return Case(X, int(rng.integers(1, n + 1)), kernel, log_quality, weight, given)


def assert_same(found, expected):
    """The same picks for the same reasons; the gains but for their last bits."""
    assert found.order.tolist() == expected.order.tolist()
    assert found.stop_reason is expected.stop_reason
    np.testing.assert_allclose(found.gains, expected.gains, atol=1e-9)
    # A gain next to the tolerance is a few hundred steps of the grid that it is rounded to: where
    # another processor's last bits lie on the other side of a step, its logarithm is off by that.
    allowed = 1e-6 + 2.0 * ROUNDING / expected.gains
    assert (np.abs(found.scores - expected.scores) <= allowed).all()
    assert found.ties == expected.ties
    if found.settled is None:
        assert found.smallest_margin == pytest.approx(expected.smallest_margin, abs=1e-9)
    else:  # of rows known in float32 alone: at least
        assert found.smallest_margin <= expected.smallest_margin + 1e-9
