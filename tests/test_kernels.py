"""The rbf kernel against its definition."""

import numpy as np
import pytest

from spanset.errors import UsageError
from spanset.features import unit_rows
from spanset.kernels import RBF, make_kernel


@pytest.mark.parametrize("gamma", [0.25, 2.5])
@pytest.mark.parametrize("shape", [(3, 7), (7, 3), (1, 1)])
def test_rbf_is_the_gaussian_of_the_distance(gamma, shape):
    rng = np.random.default_rng(0)
    rows, cols = (unit_rows(rng.normal(size=(n, 5)), float) for n in shape)
    squared = ((rows[:, None] - cols[None]) ** 2).sum(axis=-1)
    np.testing.assert_allclose(RBF(gamma).block(rows, cols), np.exp(-gamma * squared), rtol=1e-13)


def test_rbf_writes_into_the_block_it_is_given():
    rows = unit_rows(np.eye(3), np.float32)
    out = np.empty((3, 3), np.float32)
    assert RBF().block(rows, rows, out=out) is out
    np.testing.assert_allclose(out.diagonal(), 1.0, rtol=1e-6)


def test_the_diagonal_is_one():
    assert RBF().diagonal(np.eye(4)).tolist() == [1.0] * 4


@pytest.mark.parametrize("gamma", [0.0, -1.0, float("nan"), float("inf")])
def test_gamma_must_be_positive_and_finite(gamma):
    with pytest.raises(UsageError, match="gamma"):
        make_kernel("rbf", gamma)
