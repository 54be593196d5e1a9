"""Features that are made when they are asked for: the bytes of features that are held."""

import numpy as np
import pytest
from tests.greedy.cases import random_unit
from tests.greedy.local_cluster import LocalCluster

from spanset.base.lazy_rows import LazyRows
from spanset.base.unit_rows import kernel_rows, unit_rows
from spanset.greedy import kept_columns
from spanset.greedy.blocked import blocked_greedy
from spanset.greedy.footprint import Footprint, Way
from spanset.greedy.partitioned import two_rounds
from spanset.kernels.inner import Linear
from spanset.kernels.rbf import RBF

N = 9_001


@pytest.fixture
def kept():
    rng = np.random.default_rng(0)
    X = np.repeat(random_unit(rng, N // 3 + 1, 12), 3, axis=0)[:N] + rng.normal(size=(N, 12)) * 1e-3
    return unit_rows(X, np.float32)


@pytest.fixture(params=[True, False], ids=["held", "made"])
def holds(request, monkeypatch, tmp_path):
    """Whether they are held; the folder that makes the engine look for the way."""
    way = Way(0, 0, holds_features=request.param)
    monkeypatch.setattr(Footprint, "way", lambda *_, **__: way)
    return {"scratch": tmp_path}


def same(found, expected):
    for name in ("order", "gains", "scores"):
        assert getattr(found, name).tobytes() == getattr(expected, name).tobytes(), name


@pytest.mark.parametrize("mixed", [True, False])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_one_process(kept, holds, monkeypatch, dtype, mixed):
    monkeypatch.setattr(kept_columns, "SPENT_SHARE", 0.01)  # columns move
    if mixed and dtype == "float32":
        pytest.skip("float32 decides for itself")
    options = {"given": unit_rows(kept[:30], dtype), "mixed": mixed}
    lazy = LazyRows.unit(kept, dtype)
    same(
        blocked_greedy(lazy, 300, RBF(), **options, **holds),
        blocked_greedy(unit_rows(kept, dtype), 300, RBF(), **options),
    )


def test_rows_at_their_lengths(kept, holds):
    lengths = np.random.default_rng(1).uniform(0.5, 2.0, N)
    X = kernel_rows(kept, lengths, np.float64)
    for kernel in (RBF(unit=False), Linear(unit=False)):
        lazy = LazyRows.unit(kept, np.float64, lengths)
        same(
            blocked_greedy(lazy, 40, kernel, mixed=None, **holds),
            blocked_greedy(X, 40, kernel, mixed=None),
        )


def test_two_rounds_and_workers(kept, holds):
    X, lazy = unit_rows(kept, np.float64), LazyRows.unit(kept, np.float64)
    same(two_rounds(lazy, 60, RBF(), parts=4, **holds), two_rounds(X, 60, RBF(), parts=4))
    for mixed in (True, False):
        found = blocked_greedy(lazy, 200, RBF(), mixed=mixed, cluster=LocalCluster(3, {9, 20}))
        expected = blocked_greedy(X, 200, RBF(), mixed=mixed)
        assert found.order.tolist() == expected.order.tolist()


def test_why_nothing_is_left_is_told(kept, holds):
    lazy = LazyRows.unit(kept[:30], np.float64)
    found = blocked_greedy(lazy, 30, Linear(), **holds)
    assert found.stop_reason is blocked_greedy(lazy.held(), 30, Linear()).stop_reason
