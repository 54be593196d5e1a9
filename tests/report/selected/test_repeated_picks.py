"""The most repeated picks, beside a plain count."""

from __future__ import annotations

import numpy as np
import pytest

from spanset.base.unit_rows import unit_rows
from spanset.report.parts.mapped_rows import MappedRows
from spanset.report.selected import repeated_picks as module
from spanset.report.selected.repeated_picks import repeated_picks


def groups_of_rows(seed):
    """Rows in groups of repeats, the first of each picked, some groups not picked at all."""
    rng = np.random.default_rng(seed)
    middles = rng.normal(size=(12, 40))
    group = rng.integers(0, 12, 90)
    X = unit_rows(middles[group] + rng.normal(size=(90, 40)) * 0.05, np.float32)
    picked = [int(np.flatnonzero(group == one)[0]) for one in range(9) if (group == one).any()]
    return X, np.array(picked), group


@pytest.mark.parametrize("seed", range(5))
def test_counts_are_those_of_a_plain_search(seed):
    X, order, group = groups_of_rows(seed)
    shown = MappedRows.of(X, order, seed=0)
    found = list(repeated_picks(shown))
    expected = sorted(
        ((int((group == group[row]).sum()) - 1, -rank) for rank, row in enumerate(order)),
        reverse=True,
    )
    told = [(one.rows, -one.place) for one in found]
    assert told == [(rows, place) for rows, place in expected if rows]
    for one in found:
        pick = shown.rows[one.place]
        cosines = X[shown.rows[one.nearest]] @ X[pick]
        assert (np.diff(cosines) <= 1e-6).all()
        own = np.setdiff1d(np.flatnonzero(group == group[pick]), order)
        assert len(one.nearest) == min(module.FIRST, one.rows)
        best = np.sort(X[own] @ X[pick])[::-1][: len(one.nearest)]
        np.testing.assert_allclose(cosines, best, atol=1e-6)


def test_few_are_shown_and_none_where_nothing_repeats(monkeypatch):
    X, order, _ = groups_of_rows(0)
    monkeypatch.setattr(module, "GROUPS", 2)
    shown = MappedRows.of(X, order, seed=0)
    assert len(list(repeated_picks(shown))) == 2
    alone = MappedRows.of(X[order], np.arange(3), seed=0)
    assert list(repeated_picks(alone)) == []
