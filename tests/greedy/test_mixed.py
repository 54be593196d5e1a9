"""Float64's picks from a factor in float32: when it settles, when it gives up, what it says.

That picks equal the textbook loop's is tested with the other factors, by the fixture `greedy`.
"""

import numpy as np
import pytest
from tests.greedy.cases import assert_same, random_case, random_unit

from spanset.base.unit_rows import unit_rows
from spanset.greedy import mixed
from spanset.greedy.blocked import blocked_greedy
from spanset.greedy.mixed import is_worth_mixing
from spanset.greedy.selection import StopReason
from spanset.kernels.arc_cosine import ArcCosine0
from spanset.kernels.rbf import RBF


def clustered(n, seed=1, d=16):
    rng = np.random.default_rng(seed)
    centres = random_unit(rng, 40, d)
    return unit_rows(centres[rng.integers(0, 40, n)] + 0.2 * rng.normal(size=(n, d)), float)


def both(X, k, kernel, **how):
    """The selection in float64, the mixed one, and what that told."""
    notes = []
    found = blocked_greedy(X, k, kernel, **how, mixed=True, on_note=notes.append)
    return blocked_greedy(X, k, kernel, **how), found, notes


def test_many_rows_are_picked_as_in_float64_and_few_are_settled():
    expected, found, notes = both(clustered(6_000, d=64), 900, RBF(2.0))
    assert not notes
    assert_same(found, expected)
    assert expected.settled is None
    assert found.settled is not None
    assert found.settled < 900


def test_most_random_cases_need_no_second_attempt(monkeypatch):
    """Else the equality of picks that the other tests find would say little."""
    monkeypatch.setattr(mixed, "WITNESSES", 4)
    cases = [random_case(seed, largest=200) for seed in range(60)]
    found = [blocked_greedy(c.X, c.k, c.kernel, **c.arguments, block=16, mixed=True) for c in cases]
    assert sum(one.settled is not None for one in found) > 40
    assert sum(one.settled or 0 for one in found) > 100


def test_rows_that_float32_cannot_tell_apart_are_settled_in_float64(monkeypatch):
    """Pairs of rows that differ by 1e-9: float32 cannot say which of a pair is the better one."""
    monkeypatch.setattr(mixed, "WITNESSES", 4)
    rng = np.random.default_rng(3)
    first = random_unit(rng, 1_500, 24)
    X = unit_rows(np.concatenate([first, first + 1e-9 * rng.normal(size=first.shape)]), float)
    X = X[rng.permutation(len(X))]
    expected, found, notes = both(X, 200, RBF(), block=16)
    assert not notes
    assert_same(found, expected)
    assert found.settled is not None
    assert found.settled > 20


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_the_number_of_workers_changes_no_bit(workers):
    X = clustered(3_000)
    alone = blocked_greedy(X, 300, RBF(), mixed=True, workers=1)
    found = blocked_greedy(X, 300, RBF(), mixed=True, workers=workers)
    assert found.order.tobytes() == alone.order.tobytes()
    assert found.gains.tobytes() == alone.gains.tobytes()
    assert found.settled == alone.settled


def test_an_error_beyond_the_bound_is_noticed_and_all_is_selected_in_float64(monkeypatch):
    """Errors a thousand times as large as float32's, which no bound allows for."""
    take_off = mixed.MixedFactor._take_off

    def off(self, count):
        take_off(self, count)
        self._drop *= 1.001
        self.residual[self._columns.rows] -= 0.001 * self._drop[: len(self._columns)]

    monkeypatch.setattr(mixed.MixedFactor, "_take_off", off)
    expected, found, notes = both(clustered(1_000), 200, RBF())
    assert_same(found, expected)
    assert found.settled is None
    (note,) = notes
    assert "float32 is off by" in note
    assert "selecting in float64 throughout" in note


@pytest.mark.parametrize(
    ("X", "kernel", "says"),
    [
        (np.repeat(clustered(400), 5, axis=0), RBF(), "too little for float32"),
        (clustered(2_000), RBF(5_000.0), "too steep for float32"),
    ],
    ids=["near copies", "steep"],
)
def test_what_float32_cannot_do_is_said_and_selected_in_float64(X, kernel, says):
    X = unit_rows(X + 1e-3 * np.random.default_rng(0).normal(size=X.shape), float)
    expected, found, notes = both(X, 900, kernel)
    assert_same(found, expected)
    assert found.settled is None
    assert len(notes) == 1
    assert says in notes[0]


def test_more_rows_within_the_bound_than_can_be_settled_end_the_attempt(monkeypatch):
    monkeypatch.setattr(mixed, "CLOSEST", 10)
    monkeypatch.setattr(mixed, "WITNESSES", 4)
    X = unit_rows(np.sign(random_unit(np.random.default_rng(2), 300, 12)), float)
    expected, found, notes = both(X, 100, RBF(), block=2)
    assert_same(found, expected)
    assert "cannot tell" in notes[0]


def test_float64_that_does_not_fit_after_all_is_refused(monkeypatch):
    monkeypatch.setattr("spanset.base.memory.available_bytes", lambda: 2**20)
    with pytest.raises(Exception, match="of memory") as caught:
        blocked_greedy(clustered(2_000), 900, RBF(5_000.0), mixed=True)
    assert "MiB" in str(caught.value) or "GiB" in str(caught.value)


def test_an_interruption_keeps_the_picks_made():
    X, asked = clustered(3_000), iter(range(10**6))
    found = blocked_greedy(X, 900, RBF(), mixed=True, cancelled=lambda: next(asked) > 150)
    assert found.stop_reason is StopReason.INTERRUPTED
    assert 0 < len(found) < 900
    expected = blocked_greedy(X, len(found), RBF())
    assert found.order.tolist() == expected.order.tolist()


@pytest.mark.parametrize(
    ("n", "k", "kernel", "dtype", "device", "worth"),
    [
        (52_000, 10_000, RBF(), "float64", "cpu", True),
        (52_000, 10_000, RBF(), "float32", "cpu", False),
        (52_000, 10_000, RBF(), "float64", "cuda", False),
        (52_000, 10_000, ArcCosine0(), "float64", "cpu", False),
        (52_000, 30_000, RBF(), "float64", "cpu", False),
        (2_000, 500, RBF(), "float64", "cpu", False),
    ],
)
def test_it_is_used_where_it_is_worth_it(n, k, kernel, dtype, device, worth):
    assert is_worth_mixing(n, k, kernel, dtype, device) is worth
