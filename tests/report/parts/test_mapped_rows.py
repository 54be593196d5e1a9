"""Rows that are shown: which, where, and their nearest picks, beside the plain way."""

from __future__ import annotations

import numpy as np
import pytest

from spanset.base.unit_rows import unit_rows
from spanset.report.parts import mapped_rows
from spanset.report.parts.mapped_rows import MappedRows, components, nearest_picks, shown_of
from spanset.report.parts.row_groups import RowGroups, group_names


def rows(n, d, seed=0):
    return unit_rows(np.random.default_rng(seed).normal(size=(n, d)), np.float32)


@pytest.mark.parametrize("seed", range(4))
def test_nearest_picks_are_those_of_a_plain_search(seed):
    rng = np.random.default_rng(seed)
    X = rows(150, 6, seed)
    X[20:24] = X[7]
    order = rng.permutation(150)[:40]
    shown, ranks = shown_of(150, order, seed=0)
    nearest, cosine = nearest_picks(X, order, shown, ranks)
    for place, row in enumerate(shown):
        before = order[: ranks[place] - 1] if ranks[place] else order
        if not len(before):
            assert nearest[place] == 0
            continue
        cosines = X[before].astype(float) @ X[row].astype(float)
        assert cosine[place] == pytest.approx(cosines.max(), abs=4e-6)
        assert cosines[nearest[place] - 1] == pytest.approx(cosines.max(), abs=4e-6)
        assert nearest[place] - 1 == np.flatnonzero(cosines > cosines.max() - 1e-6)[0]


def test_a_large_pool_is_drawn_from_and_keeps_the_ends_of_the_picks(monkeypatch):
    monkeypatch.setattr(mapped_rows, "MOST", 60)
    monkeypatch.setattr(mapped_rows, "MOST_PICKS", 20)
    order = np.random.default_rng(0).permutation(500)[:100]
    shown, ranks = shown_of(500, order, seed=3)
    assert len(shown) == len(set(shown.tolist())) == 60
    picked = ranks > 0
    assert (shown[picked] == order[ranks[picked] - 1]).all()
    assert ranks[0] == 1
    assert ranks[picked][-1] == 100
    assert not np.isin(shown[~picked], order).any()
    again, _ = shown_of(500, order, seed=3)
    assert (again == shown).all()
    other, _ = shown_of(500, order, seed=4)
    assert (other != shown).any()


def test_components_are_the_principal_ones():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 5)) * [5, 3, 0.1, 0.1, 0.1] + 2
    places, explained = components(X, seed=0)
    centred = X - X.mean(axis=0)
    _, values, axes = np.linalg.svd(centred, full_matrices=False)
    assert explained == pytest.approx((values[:2] ** 2).sum() / (values**2).sum(), rel=1e-4)
    for axis in range(2):
        own = centred @ axes[axis]
        assert abs(np.corrcoef(own, places[:, axis])[0, 1]) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    "X", [np.ones((1, 3)), np.ones((5, 3)), np.ones((4, 1)) * [[1], [2], [3], [4]]]
)
def test_few_or_equal_rows_have_places(X):
    places, explained = components(np.asarray(X, float), seed=0)
    assert places.shape[0] == len(X)
    assert places.shape[1] >= 2
    assert 0 <= explained <= 1 + 1e-6


def test_all_of_it_together():
    X, order = rows(90, 8), np.arange(30)[::-1].copy()
    shown = MappedRows.of(X, order, seed=0)
    assert shown.picks == 30
    assert (shown.rows[:30] == order).all()
    assert (shown.rows[30:] == np.arange(30, 90)).all()


def test_groups_are_named_by_what_is_theirs():
    texts = ["please write a poem about rivers"] * 30 + ["please solve the equation for x"] * 20
    of_row = np.repeat([0, 1], [30, 20])
    names = group_names(texts, of_row, 2)
    assert "please" not in " ".join(names)
    assert "poem" in names[0] or "rivers" in names[0] or "write" in names[0]
    assert "equation" in names[1] or "solve" in names[1]


def test_groups_find_rows_that_lie_together_the_largest_first():
    places = np.concatenate(
        [np.zeros((120, 2)), np.full((60, 2), 9.0), np.full((60, 2), [9.0, -9.0])]
    )
    places += np.random.default_rng(0).normal(size=places.shape) * 0.1
    groups = RowGroups.of(places, ["a word here"] * 240, seed=0)
    assert (np.diff(np.bincount(groups.of_row)) <= 0).all()
    for start, end in ((0, 120), (120, 180), (180, 240)):
        own = set(groups.of_row[start:end].tolist())
        assert not own & set(np.delete(groups.of_row, np.arange(start, end)).tolist())


def test_without_words_groups_have_numbers():
    names = group_names(["123 456"] * 10, np.repeat([0, 1], 5), 2)
    assert names == ["group 1", "group 2"]
    assert RowGroups.of(np.zeros((3, 2)), ["a"] * 3, seed=0).names == ["all rows"]
