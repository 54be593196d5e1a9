"""Unit rows."""

import numpy as np
import pytest

from spanset.base.errors import DataError
from spanset.base.unit_rows import STEP, unit_rows


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-15), ("float32", 1e-7)])
def test_rows_have_length_one_to_the_last_bits(dtype, tolerance):
    X = np.random.default_rng(0).normal(size=(STEP + 100, 33)).astype(np.float16)
    lengths = np.linalg.norm(unit_rows(X, dtype).astype(np.float64), axis=1)
    np.testing.assert_allclose(lengths, 1.0, atol=tolerance)


def test_tiny_and_huge_rows_keep_their_direction():
    X = np.array([[3e-300, 4e-300], [3e300, 4e300]])
    np.testing.assert_allclose(unit_rows(X, float), [[0.6, 0.8], [0.6, 0.8]])


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0])
def test_a_row_without_direction_is_named(bad):
    X = np.ones((STEP + 10, 2))
    X[STEP + 3] = bad
    with pytest.raises(DataError, match=f"row {STEP + 3} is (all zeros|not finite)"):
        unit_rows(X, float)
