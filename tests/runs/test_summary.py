"""Numbers of the summary table, by hand."""

import numpy as np
import pytest
from tests.conftest import make_rows

from spanset.base.unit_rows import unit_rows
from spanset.data.reader import read
from spanset.diversity.ldd import LOG_FLOOR, floored_log_det
from spanset.greedy.blocked import blocked_greedy
from spanset.greedy.replay import replay
from spanset.greedy.selection import Selection, StopReason
from spanset.kernels.rbf import RBF
from spanset.runs import compared_gains
from spanset.runs.compared_gains import ComparedGains
from spanset.runs.summary import Middle, summarise


def test_a_copy_costs_the_floor():
    assert floored_log_det(np.array([1.0, 0.5, 0.0, 1e-12])) == pytest.approx(np.log(0.5) - 14.0)
    assert LOG_FLOOR == -7.0


@pytest.fixture
def selection():
    data = read(make_rows(60))
    X = unit_rows(np.random.default_rng(0).normal(size=(60, 8)), np.float32)
    return data, X, blocked_greedy(unit_rows(X, float), 30, RBF())


def test_prefixes_and_random_subsets_are_summed_up(selection):
    data, X, picks = selection
    tokens = np.arange(60)
    compared = ComparedGains.of(X, picks, 30, RBF(), draws=4)
    sets = summarise(data, X, picks, [10, 30], compared, tokens=tokens, by=["topic"])
    assert [(one.name, one.rows) for one in sets] == [
        ("pool", 60),
        ("picked", 10),
        ("random", 10),
        ("picked", 30),
        ("random", 30),
    ]
    assert sets[1].log_det == pytest.approx(floored_log_det(picks.gains[:10]))
    assert sets[3].tokens == tokens[picks.order].sum()
    drawn = [np.random.default_rng([0, draw]).permutation(60)[:30] for draw in range(4)]
    values = [floored_log_det(replay(unit_rows(X[rows], float), RBF())) for rows in drawn]
    assert sets[4].log_det == pytest.approx(np.mean(values), abs=1e-3)
    assert sets[4].log_det_deviation == pytest.approx(np.std(values, ddof=1), abs=1e-3)


def test_methods_without_gains_are_replayed(selection):
    data, X, picks = selection
    without = Selection(picks.order, np.full(30, np.nan), picks.scores, StopReason.REACHED_K, 60)
    compared = ComparedGains.of(X, without, 30, RBF(), draws=0)
    sets = summarise(data, X, without, [30], compared, tokens=np.ones(60, int))
    assert [one.name for one in sets] == ["pool", "picked"]
    assert sets[1].log_det == pytest.approx(picks.log_det, abs=1e-3)


def test_log_determinants_are_conditional_on_given_rows(selection):
    data, X, _ = selection
    given = unit_rows(np.random.default_rng(1).normal(size=(20, 8)), np.float32)
    picks = blocked_greedy(unit_rows(X, float), 10, RBF(), given=unit_rows(given, float))
    compared = ComparedGains.of(X, picks, 10, RBF(), given=given, draws=2)
    sets = summarise(data, X, picks, [10], compared, tokens=np.ones(60, int))
    rows = np.random.default_rng([0, 0]).permutation(60)[:10]
    both = unit_rows(np.concatenate([given, X[rows]]), float)
    first = floored_log_det(replay(both, RBF())[20:])
    rows = np.random.default_rng([0, 1]).permutation(60)[:10]
    both = unit_rows(np.concatenate([given, X[rows]]), float)
    second = floored_log_det(replay(both, RBF())[20:])
    assert sets[2].log_det == pytest.approx((first + second) / 2, abs=1e-3)


def test_scores_are_summed_up_in_their_own_unit(selection):
    data, X, picks = selection
    scores = {"column:x": np.arange(60.0) ** 2, "perplexity": np.full(60, 2.5)}
    compared = ComparedGains.of(X, picks, 10, RBF(), draws=1)
    sets = summarise(data, X, picks, [10], compared, tokens=np.ones(60, int), scores=scores)
    drawn = np.random.default_rng([0, 0]).permutation(60)[:10]
    for one, rows in zip(sets, (np.arange(60), picks.order[:10], drawn), strict=True):
        x = rows.astype(float) ** 2
        assert one.scores["column:x"] == Middle(np.mean(x), np.median(x))
        assert one.scores["perplexity"] == Middle(2.5, 2.5)


def test_scores_whose_sum_is_no_number_have_no_mean_and_warn_nobody(selection):
    data, X, picks = selection
    scores = {"column:x": np.full(60, 1.5e308)}
    compared = ComparedGains.of(X, picks, 0, RBF(), draws=0)
    (pool,) = summarise(data, X, picks, [], compared, tokens=np.ones(60, int), scores=scores)
    assert pool.scores["column:x"].mean == np.inf


def test_fewer_random_subsets_are_drawn_where_they_are_alike(selection, monkeypatch):
    monkeypatch.setattr(compared_gains, "ALIKE_ROWS", 20)
    _, X, picks = selection
    assert len(ComparedGains.of(X, picks, 20, RBF()).random) == 3
    assert len(ComparedGains.of(X, picks, 21, RBF()).random) == 1
    assert len(ComparedGains.of(X, picks, 21, RBF(), draws=2).random) == 2


def test_none_are_drawn_where_none_are_asked_for():
    assert compared_gains.draws_for(20, 0) == 0
    assert compared_gains.draws_for(compared_gains.ALIKE_ROWS, None) == 3
