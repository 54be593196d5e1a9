"""Reasons on the page: the words of `why`, of the first picks and the nearest rows left out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.selectors.finished_choices import finished_choice

from spanset.report.parts.mapped_rows import MappedRows
from spanset.report.selected import row_reasons as module
from spanset.report.selected.row_reasons import row_reasons
from spanset.runs.reason_words import said_of
from spanset.selectors.reasons import explainer_of


def seeds(holds, count):
    """The first so many cases of which something holds."""
    return [seed for seed in range(60) if holds(finished_choice(seed)[1])][:count]


def texts_of(X) -> Any:
    """Rows that say the same where their features are equal."""
    _, same = np.unique(X, axis=0, return_inverse=True)
    return SimpleNamespace(digests=same.reshape(-1, 1))


def shown_of(case, choice):
    norms = np.linalg.norm(case.X, axis=1, keepdims=True)
    X = (case.X / np.where(norms > 0, norms, 1.0)).astype(np.float32)
    return MappedRows.of(X, choice.picks, seed=0)


def plain(choice, row, rank):
    """The same, of one row alone and with nothing left out of the choice."""
    (reason,) = explainer_of(choice).reasons(np.array([row]))
    said = list(said_of(reason, is_picked=rank > 0, picks=len(choice.picks), is_same_text=True))
    return [one.words for one in said]


@pytest.mark.parametrize("seed", seeds(lambda choice: len(choice.picks), 10))
def test_every_row_is_told_what_why_tells_of_it(seed):
    case, choice = finished_choice(seed)
    shown = shown_of(case, choice)
    told = row_reasons(choice, texts_of(case.X), shown)
    assert len(told) == len(shown.rows)
    for text, row, rank in zip(told, shown.rows, shown.ranks, strict=True):
        words = plain(choice, int(row), int(rank))
        assert all(one.removesuffix(", word for word") in text for one in words)
        assert bool(words) == bool(text)


@pytest.mark.parametrize(
    "seed", seeds(lambda choice: len(choice.picks) > 6 and choice.given_count < 5, 5)
)
def test_of_many_picks_the_first_are_told_as_if_all_were(seed, monkeypatch):
    case, choice = finished_choice(seed)
    shown = shown_of(case, choice)
    whole = row_reasons(choice, texts_of(case.X), shown)
    monkeypatch.setattr(module, "MOST_PICKS", 5)
    told = row_reasons(choice, texts_of(case.X), shown)
    for text, of_all, rank in zip(told, whole, shown.ranks, strict=True):
        assert bool(text) == (1 <= rank <= 5)
        if text:
            # The median is that of the picks that are told of.
            assert text.split(";")[0] == of_all.split(";")[0]
            assert text.split(". Picked for")[1:] == of_all.split(". Picked for")[1:]


def test_of_many_rows_left_out_the_nearest_to_a_pick_are_told(monkeypatch):
    (seed,) = seeds(lambda choice: len(choice.picks) > 1 and len(choice.left_out()) > 6, 1)
    case, choice = finished_choice(seed)
    shown = shown_of(case, choice)
    monkeypatch.setattr(module, "MOST_LEFT", 4)
    told = row_reasons(choice, texts_of(case.X), shown)
    left = [place for place in range(shown.picks, len(told)) if told[place]]
    assert len(left) == 4
    others = set(range(shown.picks, len(told))) - set(left)
    assert min(shown.cosine[left]) >= max(shown.cosine[list(others)])


def test_beside_many_given_rows_nothing_is_told(monkeypatch):
    (seed,) = seeds(lambda choice: len(choice.picks) and choice.given_count > 2, 1)
    case, choice = finished_choice(seed)
    monkeypatch.setattr(module, "MOST_PICKS", choice.given_count - 1)
    assert not any(row_reasons(choice, texts_of(case.X), shown_of(case, choice)))
