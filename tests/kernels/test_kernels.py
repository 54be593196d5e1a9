"""Every kernel against its definition by plain loops, and against what it is the expectation of."""

import math

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_similarity, linear_kernel, rbf_kernel

from spanset.base.errors import UsageError
from spanset.base.unit_rows import unit_rows
from spanset.greedy.rules import check_dtype, spent_shares
from spanset.kernels.arc_cosine import ArcCosine0, ArcCosine1
from spanset.kernels.choice import KERNELS, kernel_settings, make_kernel
from spanset.kernels.inner import Cosine, Linear
from spanset.kernels.rbf import RBF

UNIT = pytest.mark.parametrize("unit", [True, False], ids=["unit", "any length"])
EVERY = pytest.mark.parametrize("name", KERNELS)


def rows_of(n, d, *, unit, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) / np.sqrt(d)
    lengths = np.exp(0.5 * rng.normal(size=(n, 1)))
    return unit_rows(X, dtype) if unit else (X * lengths).astype(dtype)


def slow(name, x, y, gamma=0.25):
    """One value of a kernel by its formula, in float64."""
    dot, a, b = (math.fsum(u * v) for u, v in ((x, y), (x, x), (y, y)))
    cosine = max(-1.0, min(1.0, dot / math.sqrt(a * b)))
    angle = math.acos(cosine)
    return {
        "rbf": lambda: math.exp(-gamma * math.fsum((x - y) ** 2)),
        "cosine": lambda: (cosine + 1) / 2,
        "linear": lambda: dot,
        "arccos0": lambda: 1 - angle / math.pi,
        "arccos1": lambda: (
            math.sqrt(a * b) * (math.sin(angle) + (math.pi - angle) * cosine) / math.pi
        ),
    }[name]()


@EVERY
@UNIT
@pytest.mark.parametrize("shape", [(3, 40), (40, 3), (1, 1)])
def test_a_block_is_the_formula_for_every_pair(name, unit, shape):
    rows, cols = (rows_of(n, 5, unit=unit, seed=n) for n in shape)
    expected = [[slow(name, x, y) for y in cols] for x in rows]
    found = make_kernel(name, unit=unit).block(rows, cols)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-13)


@UNIT
def test_kernels_are_those_of_scikit_learn(unit):
    X = rows_of(30, 6, unit=unit)
    pairs = {
        RBF(0.7, unit=unit): rbf_kernel(X, gamma=0.7),
        Linear(unit=unit): linear_kernel(X),
        Cosine(unit=unit): (cosine_similarity(X) + 1) / 2,
    }
    for kernel, expected in pairs.items():
        np.testing.assert_allclose(kernel.block(X, X), expected, rtol=1e-11, atol=1e-12)


def test_arc_cosine_kernels_are_expectations_over_random_neurons():
    """Twice the mean product of steps, and of rectifiers, over normal weights; 4 deviations."""
    X = rows_of(6, 3, unit=False, seed=3)
    inner = X @ np.random.default_rng(0).standard_normal((3, 400_000))
    for kernel, values in (
        (ArcCosine0(unit=False), (inner > 0).astype(float)),
        (ArcCosine1(unit=False), np.maximum(inner, 0)),
    ):
        products = 2 * values[:, None] * values[None]
        error = products.std(axis=-1) / np.sqrt(inner.shape[1])
        assert (abs(products.mean(axis=-1) - kernel.block(X, X)) <= 4 * error + 1e-12).all()


@EVERY
@UNIT
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_diagonal_is_that_of_the_block(name, unit, dtype):
    kernel = make_kernel(name, unit=unit)
    if dtype not in kernel.spent:
        pytest.skip("refused")
    X = rows_of(80, 33, unit=unit, dtype=np.dtype(dtype))
    diagonal = kernel.diagonal(X)
    off = abs(kernel.block(X, X).diagonal() - diagonal) / diagonal
    assert (off <= spent_shares(kernel, X) / 2).all()


@EVERY
@UNIT
def test_kernels_are_positive_semi_definite(name, unit):
    X = rows_of(60, 4, unit=unit)
    values = np.linalg.eigvalsh(make_kernel(name, unit=unit).block(X, X))
    assert values.min() > -1e-13 * values.max()


@EVERY
def test_the_shortcut_of_unit_rows_is_the_general_formula(name):
    X = rows_of(50, 7, unit=True)
    short, general = (make_kernel(name, unit=unit).block(X, X[:9]) for unit in (True, False))
    # Where two rows are equal, arccos0 is steep: see SNAPPED.
    np.testing.assert_allclose(short, general, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("name", ["cosine", "arccos0"])
def test_kernels_of_the_angle_do_not_see_lengths(name):
    X = rows_of(40, 7, unit=False)
    kernel = make_kernel(name, unit=False)
    np.testing.assert_allclose(
        kernel.block(X, X), kernel.block(3 * X, unit_rows(X, float)), rtol=1e-11, atol=1e-13
    )


@EVERY
@UNIT
@pytest.mark.parametrize("d", [8, 384, 4096])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_copies_leave_less_than_a_tenth_of_what_is_spent_in_float64(name, unit, d, dtype):
    """Copies in blocks of several shapes: the residual of one given the other; half in float32."""
    kernel = make_kernel(name, unit=unit)
    if dtype not in kernel.spent:
        pytest.skip("refused")
    X = rows_of(200, d, unit=unit, dtype=np.dtype(dtype))
    diagonal = kernel.diagonal(X)
    share = 0.1 if dtype == "float64" else 0.5
    for m in (1, 17, len(X)):
        copied = kernel.block(X[:m], X).diagonal().astype(float)
        left = 1 - (copied / diagonal[:m]) ** 2
        assert (abs(left) <= share * spent_shares(kernel, X)[:m]).all()


def test_arccos_never_meets_a_cosine_beyond_one():
    """Rows whose product with themselves rounds above 1 or below -1."""
    X = rows_of(3_000, 7, unit=True)
    assert ((X * X).sum(axis=1) > 1).any()
    for kernel in (ArcCosine0(), ArcCosine1()):
        for other in (X, -X):
            assert np.isfinite(kernel.block(X, other).diagonal()).all()


def test_without_snapping_copies_keep_an_angle(monkeypatch):
    """Negative control: 1e-16 of a cosine is 1e-8 of an angle."""
    X = rows_of(500, 100, unit=True)
    assert (ArcCosine0().block(X, X).diagonal() == 1.0).all()
    monkeypatch.setattr("spanset.kernels.arc_cosine.SNAPPED", 0.0)
    assert (1 - ArcCosine0().block(X, X).diagonal()).max() > 1e-9


@EVERY
@UNIT
def test_rows_of_zeros_that_engines_pad_with_warn_of_nothing(name, unit):
    X = np.concatenate([rows_of(4, 3, unit=unit), np.zeros((2, 3))])
    assert np.isfinite(make_kernel(name, unit=unit).block(X[:4], X)).all()


@EVERY
@UNIT
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_block_is_the_same_on_arrays_and_tensors_and_written_where_asked(name, unit, dtype):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    X = rows_of(50, 9, unit=unit, dtype=np.dtype(dtype))
    kernel = make_kernel(name, unit=unit)
    out = np.empty((7, 50), dtype)
    block = kernel.block(X[:7], X, out=out)
    assert block is out
    tensors = [torch.from_numpy(X[:7].copy()), torch.from_numpy(X)]
    other = torch.empty(7, 50, dtype=tensors[0].dtype)
    assert kernel.block(*tensors, out=other) is other
    loose = 1e-3 if (name, dtype) == ("arccos0", "float32") else 50 * np.finfo(dtype).eps
    scale = np.sqrt(np.outer(kernel.diagonal(X[:7]), kernel.diagonal(X)))
    assert (abs(other.numpy() - block) <= 10 * loose * np.maximum(scale, 1)).all()


@pytest.mark.parametrize(
    ("name", "rank"), [("linear", 6), ("cosine", 7), ("rbf", None), ("arccos0", None)]
)
def test_the_rank_bound_is_the_rank_of_many_rows(name, rank):
    X = rows_of(40, 6, unit=True)
    kernel = make_kernel(name)
    assert kernel.rank(6) == rank
    assert np.linalg.matrix_rank(kernel.block(X, X)) == (rank or 40)


@pytest.mark.parametrize("gamma", [0.0, -1.0, float("nan"), float("inf")])
def test_gamma_must_be_positive_and_finite(gamma):
    with pytest.raises(UsageError, match="gamma"):
        make_kernel("rbf", gamma)


def test_what_does_not_go_together_is_refused():
    with pytest.raises(UsageError, match=r"no kernel 'cubic'(.|\n)*rbf, cosine, linear, arccos0"):
        make_kernel("cubic")
    with pytest.raises(UsageError, match="the kernel linear has no gamma"):
        make_kernel("linear", 0.25)
    with pytest.raises(UsageError, match=r"arccos0 cannot be computed in float32(.|\n)*float64"):
        check_dtype(ArcCosine0(), "float32")
    with pytest.raises(UsageError, match="no dtype 'float16'"):
        check_dtype(RBF(), "float16")


def test_a_gamma_beyond_the_precision_is_refused_and_below_it_widens_the_tolerance():
    X = rows_of(5, 400, unit=True)
    assert (spent_shares(RBF(0.25), X) == 1e-10).all()
    assert (spent_shares(RBF(1e6), X) > 1e-9).all()
    with pytest.raises(UsageError, match="gamma is too large for rows this long in float64"):
        spent_shares(RBF(1e13), X)
    with pytest.raises(UsageError, match=r"in float32(.|\n)*or --dtype float64"):
        spent_shares(RBF(1e4), X.astype(np.float32))


def test_settings_name_the_kernel_and_its_gamma():
    assert kernel_settings(RBF(0.5)) == {"name": "rbf", "gamma": 0.5}
    assert kernel_settings(Cosine(unit=False)) == {"name": "cosine"}
