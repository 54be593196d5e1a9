"""Picks much shorter or longer than the pool."""

import numpy as np
import pytest
from tests.runs.finished_cases import case_of, clusters, found, names, without_gains

X = clusters()
PICKS = case_of(X).picks


def tokens_with(picked, others=100, noise=0.0):
    """Tokens of the rows; those that are picked have `picked`."""
    tokens = np.full(len(X), float(others))
    tokens[PICKS.order] = picked
    tokens *= np.exp(noise * np.random.default_rng(0).normal(size=len(X)))
    return tokens.astype(np.int64)


def test_short_picks_are_told_with_the_tokens_of_as_many_random_rows():
    tokens = tokens_with(50)
    sign = found(case_of(X, picks=PICKS, tokens=tokens), "short-picks")
    assert sign.numbers["tokens_ratio"] == pytest.approx(50 / 95)
    assert sign.numbers["random_tokens"] == 200 * 95
    assert "--tokens 19000" in sign.fix
    assert "--quality output_tokens" in sign.fix


def test_long_picks_are_told_with_their_tokens():
    sign = found(case_of(X, picks=PICKS, tokens=tokens_with(250)), "long-picks")
    assert sign.numbers["tokens_ratio"] == pytest.approx(250 / 115)
    assert "--method random --tokens 50000" in sign.fix


@pytest.mark.parametrize("picked", [70, 100, 160])
def test_picks_about_as_long_as_the_pool_are_not_spoken_of(picked):
    assert names(case_of(X, picks=PICKS, tokens=tokens_with(picked))) == []


@pytest.mark.parametrize("picked", [50, 250])
def test_a_token_budget_has_seen_to_it(picked):
    tokens = tokens_with(picked)
    assert names(case_of(X, picks=PICKS, tokens=tokens, is_budgeted=True)) == []


def test_what_chance_may_do_is_not_told():
    tokens = np.ones(len(X), int)
    tokens[[PICKS.order[0], *np.setdiff1d(np.arange(len(X)), PICKS.order)[:2]]] = 100_000
    case = case_of(X, picks=PICKS, tokens=tokens)
    assert tokens[PICKS.order].mean() > 3 * tokens.mean()
    assert names(case) == []


def test_every_method_is_told_of_lengths():
    order = np.arange(200)
    tokens = np.where(np.arange(len(X)) < 200, 300, 100)
    case = case_of(X, picks=without_gains(order, len(X)), tokens=tokens)
    assert names(case) == ["long-picks"]


def test_rows_without_tokens_are_not_divided_by():
    assert names(case_of(X, tokens=np.zeros(len(X), int))) == []
