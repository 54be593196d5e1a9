"""Columns of spent rows are let go of: the picks stay, and what is computed is less."""

import numpy as np
import pytest
from tests.greedy.cases import assert_same, random_case, random_unit

from spanset.base.unit_rows import unit_rows
from spanset.greedy import kept_columns, mixed
from spanset.greedy.blocked import blocked_greedy
from spanset.greedy.conditioning import Conditioning
from spanset.greedy.residuals import residuals
from spanset.greedy.textbook import reference_greedy
from spanset.kernels.rbf import RBF

ENGINES = {"float64": {}, "mixed": {"mixed": True}, "torch": {"device": "torch:cpu"}}


@pytest.fixture(params=ENGINES)
def engine(request):
    """Options of each of the engines, where it is installed."""
    if request.param == "torch":
        pytest.importorskip("torch", reason="torch is not installed")
    return ENGINES[request.param]


@pytest.mark.parametrize("seed", range(40))
def test_picks_equal_the_loop_when_every_block_moves_columns(monkeypatch, seed, engine):
    monkeypatch.setattr(kept_columns, "SPENT_SHARE", 1e-9)
    monkeypatch.setattr(mixed, "WITNESSES", 4)
    case = random_case(seed, largest=200)
    expected = reference_greedy(case.X, case.k, case.kernel, **case.arguments)
    for block in (3, 16):
        found = blocked_greedy(case.X, case.k, case.kernel, **case.arguments, block=block, **engine)
        assert_same(found, expected)


def test_copies_over_several_chunks_have_equal_bits_wherever_their_columns_are(monkeypatch):
    monkeypatch.setattr(kept_columns, "SPENT_SHARE", 0.01)
    rng = np.random.default_rng(4)
    X = np.repeat(random_unit(rng, 2_500, 12), 4, axis=0)
    X = X[rng.permutation(len(X))]
    expected = reference_greedy(X, 400, RBF())
    assert_same(blocked_greedy(X, 400, RBF(), block=64), expected)


@pytest.mark.parametrize("device", ["cpu", "torch:cpu"])
def test_the_full_order_reads_fewer_and_fewer_columns(monkeypatch, device):
    if device != "cpu":
        pytest.importorskip("torch", reason="torch is not installed")
    widths = []
    block = RBF.block

    def counted(self, rows, cols, out=None):
        widths.append(len(cols))
        return block(self, rows, cols, out)

    rng = np.random.default_rng(5)
    X = unit_rows(rng.normal(size=(3_000, 24)), float)
    monkeypatch.setattr(RBF, "block", counted)
    found = blocked_greedy(X, 3_000, RBF(), workers=1, device=device)
    first = found.order
    assert len(first) == 3_000
    assert max(widths[-4:]) < 1_000
    monkeypatch.setattr(kept_columns, "SPENT_SHARE", 2.0)
    assert (blocked_greedy(X, 3_000, RBF(), workers=1, device=device).order == first).all()


def test_what_is_left_of_rows_beside_given_ones_is_the_same(monkeypatch):
    rng = np.random.default_rng(6)
    given = random_unit(rng, 300, 16)
    X = np.concatenate([given[:200], random_unit(rng, 100, 16)])
    conditioning = Conditioning.on(given, RBF())
    expected = residuals(X, conditioning, RBF())
    monkeypatch.setattr(kept_columns, "SPENT_SHARE", 1e-9)
    np.testing.assert_allclose(residuals(X, conditioning, RBF()), expected, atol=1e-10)
