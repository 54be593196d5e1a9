"""The gamma that is found for a number of picks."""

import numpy as np
import pytest
from tests.places import SHARED

from spanset.base.errors import UsageError
from spanset.base.stages import SILENT
from spanset.base.unit_rows import unit_rows
from spanset.greedy import kernel_choice as similarity
from spanset.greedy.gamma_search import LEAST_GAIN, TOLERANCE, GammaSearch
from spanset.greedy.kernel_choice import choose_kernel
from spanset.greedy.textbook import reference_greedy
from spanset.kernels.gamma import AutoGamma, parse_gamma
from spanset.kernels.inner import Linear
from spanset.kernels.rbf import RBF

ALPACA = SHARED / "data" / "alpaca_minilm_384.npy"


class Notes:
    """A watcher that keeps what it is told."""

    stage, progress = SILENT.stage, SILENT.progress

    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)

    def cancelled(self):
        return False


def found(X, picks, **settings):
    watcher = Notes()
    kernel = choose_kernel("rbf", f"auto:{picks}", [(X, None)], watcher=watcher, **settings)
    return kernel.gamma, watcher.notes


def counted(X, gamma, unit=True):
    """Picks of the textbook loop with a gain of at least e^-7."""
    return int((reference_greedy(X, len(X), RBF(gamma, unit=unit)).gains >= LEAST_GAIN).sum())


@pytest.mark.parametrize("picks", [1, 7, 60, 250, 300])
@pytest.mark.parametrize("normalize", [True, False])
def test_as_many_picks_as_asked_have_the_gain_within_five_percent(picks, normalize):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 12)) * np.exp(rng.normal(size=(300, 1)))
    X = unit_rows(X, float) if normalize else X
    gamma, notes = found(X, picks, normalize=normalize)
    assert abs(counted(X, gamma, normalize) - picks) <= TOLERANCE * picks
    assert len(notes) == 1
    assert f"{picks:,} are asked for" in notes[0]
    assert f"gamma {gamma:.6g}" in notes[0]


def test_half_of_that_gamma_gives_fewer_and_twice_gives_more():
    """Negative control: the count does follow gamma."""
    X = unit_rows(np.random.default_rng(1).normal(size=(300, 30)), float)
    gamma, _ = found(X, 100)
    assert counted(X, gamma / 2) < 80
    assert counted(X, 2 * gamma) > 125


def test_more_picks_than_distinct_rows_are_out_of_reach():
    X = np.concatenate([np.random.default_rng(2).normal(size=(50, 8))] * 3)
    for picks, why in ((60, "only 50 are told apart"), (151, "50 of them distinct")):
        with pytest.raises(UsageError, match=rf"no gamma gives {picks}(.|\n)*{why}(.|\n)*auto:50 "):
            found(X, picks)
    gamma, _ = found(X, 52)  # 50 are within five per cent
    assert counted(unit_rows(X, float), gamma) == 50


def test_where_the_number_jumps_the_smallest_gamma_that_reaches_it_is_told():
    """Five clusters of twelve rows, all alike: every cluster gains its next row at once."""
    X = np.concatenate([np.kron(np.eye(5), np.ones((12, 1))), 1e-2 * np.eye(60)], axis=1)
    gamma, notes = found(X, 27)
    assert counted(unit_rows(X, float), gamma) == 30
    assert counted(unit_rows(X, float), gamma * 0.997) == 25
    assert "just below it only 25 have: the number jumps" in notes[0]


def test_rows_next_to_each_other_are_told_apart_by_a_large_gamma():
    rng = np.random.default_rng(3)
    X = np.repeat(np.eye(5), 40, axis=0) + 1e-4 * rng.normal(size=(200, 5))
    gamma, _ = found(X, 150)
    assert abs(counted(unit_rows(X, float), gamma) - 150) <= 7
    assert gamma > 1e5


def test_the_bounds_hold():
    """One pick counts at the lower one, however far apart rows are; at the upper one all do."""
    for unit, scale in ((True, 1.0), (False, 1e-3), (False, 1e4)):
        X = scale * np.concatenate([np.eye(6), -np.eye(6)])
        search = GammaSearch(X, unit)
        low, high = search._bounds()
        assert search.count(low, 12) == 1
        assert search.count(1.1 * low, 12) > 1
        assert search.count(high, 12) == 12


def test_of_many_rows_a_seeded_part_is_looked_at(monkeypatch):
    monkeypatch.setattr("spanset.greedy.kernel_choice.LOOKED_AT", 200)
    X = np.random.default_rng(4).normal(size=(900, 10))
    first, again, other = (similarity._drawn([(X, None)], True, seed) for seed in (0, 0, 1))
    assert first.shape == other.shape == (200, 10)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    gamma, notes = found(X, 100)
    assert "of 200 rows" in notes[0]
    assert abs(counted(first, gamma) - 100) <= 5


def test_several_parts_are_looked_at_together():
    X = np.random.default_rng(5).normal(size=(300, 10))
    whole = choose_kernel("rbf", "auto:80", [(X, None)])
    parts = choose_kernel("rbf", "auto:80", [(X[:10], None), (X[10:], None)])
    assert parts == whole
    assert choose_kernel("rbf", "auto:10", [(X[:50], None)]) != whole


def test_an_interrupt_ends_the_search():
    watcher = Notes()
    watcher.cancelled = lambda: True
    with pytest.raises(KeyboardInterrupt):
        choose_kernel("rbf", "auto:9", [(np.eye(20), None)], watcher=watcher)


def test_what_is_given_is_a_number_a_search_or_nothing():
    assert parse_gamma("rbf", None) is None
    assert parse_gamma("rbf", "0.5") == parse_gamma("rbf", 0.5) == 0.5
    assert parse_gamma("rbf", "auto:12") == AutoGamma(12)
    assert parse_gamma("rbf", "auto:10k") == AutoGamma(10_000)
    assert choose_kernel("rbf", None, []) == RBF(0.25)
    assert choose_kernel("linear", None, [], normalize=False) == Linear(unit=False)


@pytest.mark.parametrize("gamma", ["auto", "auto:", "auto:0", "auto:x", "auto:-1", "x", "nan", []])
def test_anything_else_is_refused(gamma):
    with pytest.raises(UsageError, match="gamma"):
        parse_gamma("rbf", gamma)


@pytest.mark.skipif(not ALPACA.exists(), reason="the public data are not here")
def test_on_sentence_embeddings_the_count_is_right():
    X = unit_rows(np.load(ALPACA, mmap_mode="r")[:1_500], float)
    gamma, _ = found(X, 400)
    assert abs(counted(X, gamma) - 400) <= 20
