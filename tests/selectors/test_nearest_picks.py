"""The nearest pick and the rows that a pick stands for, against all kernel values at once."""

import numpy as np
import pytest
from tests.greedy.cases import random_unit
from tests.selectors.finished_choices import finished_choice

from spanset.kernels.rbf import RBF
from spanset.selectors import nearest_picks
from spanset.selectors.choosing import Candidates, Choosing
from spanset.selectors.finished_choice import FinishedChoice
from spanset.selectors.nearest_picks import nearest_given, nearest_pick, stands_for


def first_largest(values):
    """The first among those that are equal but for rounding."""
    return int(np.flatnonzero(values >= values.max() - 1e-11)[0])


@pytest.mark.parametrize("seed", range(16))
@pytest.mark.parametrize("block", [3, 4096])
def test_nearest_and_standing_agree_with_all_kernel_values(seed, block, monkeypatch):
    monkeypatch.setattr(nearest_picks, "ROWS", block)
    monkeypatch.setattr(nearest_picks, "FIRST_PICKS", 2)
    case, choice = finished_choice(seed)
    picks, left_out = choice.picks, choice.left_out()
    likeness = case.kernel.block(case.X, case.X)
    owner = {int(row): first_largest(likeness[row, picks]) for row in left_out if len(picks)}
    for row, place in owner.items():
        near = nearest_pick(choice, row)
        assert (near.row, near.rank, near.is_given) == (picks[place], place + 1, False)
        assert near.likeness == pytest.approx(likeness[row, picks[place]])
        assert near.cosine == pytest.approx(case.X[row] @ case.X[picks[place]])
    for rank in range(1, len(picks) + 1):
        own = [row for row, place in owner.items() if place == rank - 1]
        found = stands_for(choice, rank)
        assert found.rows == len(own)
        nearest = sorted(own, key=lambda row: (-round(likeness[row, picks[rank - 1]], 10), row))[:5]
        assert [near.row for near in found.nearest] == nearest
        before = nearest_pick(choice, int(picks[rank - 1]), rank - 1)
        if rank == 1:
            assert before is None
        else:
            place = first_largest(likeness[picks[rank - 1], picks[: rank - 1]])
            assert before.rank == place + 1


@pytest.mark.parametrize("seed", range(6))
def test_the_nearest_given_row_is_told(seed):
    case, choice = finished_choice(seed)
    near = nearest_given(choice, 0)
    if case.given is None:
        assert near is None
        return
    place = first_largest(case.kernel.block(case.X[:1], case.given)[0])
    assert (near.row, near.rank, near.is_given) == (place, 0, True)
    assert near.cosine == pytest.approx(case.X[0] @ case.given[place])


def test_lengths_count_for_the_kernel_and_not_for_the_cosine():
    rng = np.random.default_rng(0)
    X, lengths = random_unit(rng, 12, 3), rng.uniform(0.5, 2.0, 12)
    kernel = RBF(0.5, unit=False)
    how = Choosing("random", kernel="rbf", gamma=0.5, normalize=False)
    picks = np.array([3, 7])
    given = X[:2] * 3.0
    candidates = Candidates(X.astype(np.float32), "array", lengths, None, given)
    choice = FinishedChoice(candidates, how, picks, np.full(2, np.nan), kernel, 2)
    long = X * lengths[:, None]
    near = nearest_pick(choice, 5)
    values = np.exp(-0.5 * ((long[picks] - long[5]) ** 2).sum(axis=1))
    assert near.rank == int(values.argmax()) + 1
    assert near.likeness == pytest.approx(values.max(), rel=1e-5)
    assert near.cosine == pytest.approx(X[5] @ X[near.row], abs=1e-6)
    of_given = nearest_given(choice, 5)
    values = np.exp(-0.5 * ((given - long[5]) ** 2).sum(axis=1))
    assert of_given.likeness == pytest.approx(values.max(), rel=1e-5)
    assert of_given.cosine == pytest.approx(X[5] @ X[of_given.row], abs=1e-6)
