"""Rows that are made when they are asked for: those that are made at once, to the last bit."""

import pickle

import numpy as np
import pytest

from spanset.base.errors import DataError
from spanset.base.lazy_rows import LazyRows, by_steps, some_of
from spanset.base.unit_rows import kernel_rows, rows_as_given, unit_rows

N, D = 20_000, 7
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, D)).astype(np.float32) * np.float32(10.0) ** RNG.integers(-9, 9, (N, 1))
LENGTHS = RNG.uniform(0.5, 30.0, N)


@pytest.fixture(params=["in memory", "mapped"])
def kept(request, tmp_path):
    if request.param == "in memory":
        return X
    np.save(tmp_path / "x.npy", X)
    return np.load(tmp_path / "x.npy", mmap_mode="r")


def ways(kept, dtype):
    ordinary = X * 1e-3
    return [
        (LazyRows.unit(kept, dtype), unit_rows(X, dtype)),
        (LazyRows.unit(kept, dtype, LENGTHS), kernel_rows(X, LENGTHS, dtype)),
        (LazyRows.as_given(ordinary, dtype), rows_as_given(ordinary, dtype)),
    ]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_they_are_the_rows_made_at_once(kept, dtype):
    rows = np.array([19_999, 3, 3, 8_192])
    for lazy, whole in ways(kept, dtype):
        assert (len(lazy), lazy.shape, lazy.dtype) == (N, (N, D), whole.dtype)
        assert lazy.held().tobytes() == whole.tobytes()
        assert lazy[8_000:9_000].tobytes() == whole[8_000:9_000].tobytes()
        assert lazy[rows].tobytes() == whole[rows].tobytes()
        assert lazy[:0].shape == (0, D)
        assert lazy.astype("float32").held().tobytes() == whole.astype(np.float32).tobytes()


def test_some_of_them_are_the_same_rows_and_travel(kept):
    rows = np.array([5, 4, 19_000])
    for lazy, whole in ways(kept, "float64"):
        for some in (rows, slice(100, 200)):
            part = some_of(lazy, some)
            assert isinstance(part, LazyRows)
            sent = pickle.dumps(part)
            assert len(sent) < 10_000
            assert pickle.loads(sent).held().tobytes() == whole[some].tobytes()
    assert some_of(X, rows).tobytes() == X[rows].tobytes()


def test_a_function_of_rows_looks_at_them_in_steps():
    lazy, whole = ways(X, "float64")[1]
    looked = []

    def lengths(rows):
        looked.append(len(rows))
        return np.einsum("ij,ij->i", rows, rows)

    assert by_steps(lazy, lengths).tobytes() == lengths(whole).tobytes()
    assert max(looked[:-1]) < N
    assert len(by_steps(lazy.only(slice(0, 0)), lengths)) == 0


def test_rows_without_a_direction_are_refused_at_once():
    broken = X.copy()
    broken[12_345] = 0.0
    for make in (LazyRows.unit, LazyRows.as_given):
        with pytest.raises(DataError, match="row 12345 is all zeros"):
            make(broken, "float64")
    with pytest.raises(DataError, match="has the length"):
        LazyRows.as_given(X * 1e25, "float32")
    with pytest.raises(DataError, match="has the length"):
        LazyRows.unit(X, "float32", LENGTHS * 1e30)


@pytest.mark.parametrize("source", [np.float16, np.float32, np.float64])
def test_rows_made_from_float64_or_less_leave_what_is_kept_as_it_is(source):
    kept = np.random.default_rng(3).normal(size=(50, 7)).astype(source)
    before = kept.copy()
    lazy = LazyRows.unit(kept, np.float64)
    assert np.linalg.norm(lazy[:20], axis=1) == pytest.approx(np.ones(20))
    lazy[np.array([3, 1])]
    assert kept.tobytes() == before.tobytes()
