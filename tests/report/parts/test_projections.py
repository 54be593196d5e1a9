"""Where rows lie on the map."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from spanset.base.errors import MissingExtraError
from spanset.report.parts.projections import check_projection, on_plane


def test_principal_components_are_taken_as_they_are():
    components = np.random.default_rng(0).normal(size=(30, 5))
    assert (on_plane(components, "pca", seed=0) == components[:, :2]).all()


def test_umap_keeps_groups_together_and_repeats_itself():
    pytest.importorskip("umap", reason="umap-learn is not installed")
    rng = np.random.default_rng(0)
    middles = rng.normal(size=(4, 6)) * 20  # their first two components alone would mix some
    middles[:2, :2] = 0.0
    group = np.repeat(np.arange(4), 25)
    rows = middles[group] + rng.normal(size=(100, 6))
    placed = on_plane(rows, "umap", seed=0)
    assert placed.shape == (100, 2)
    far = np.linalg.norm(placed[:, None] - placed[None], axis=2)
    np.fill_diagonal(far, np.inf)
    assert (group[far.argmin(axis=1)] == group).all()
    assert (on_plane(rows, "umap", seed=0) == placed).all()
    for few in (1, 2, 3, 5):
        assert on_plane(rows[:few], "umap", seed=0).shape == (few, 2)


def test_umap_leaves_the_threads_of_others_as_they_were():
    pytest.importorskip("umap", reason="umap-learn is not installed")
    torch = pytest.importorskip("torch", reason="torch is not installed")
    before = torch.get_num_threads()
    on_plane(np.random.default_rng(0).normal(size=(40, 6)), "umap", seed=0)
    assert torch.get_num_threads() == before


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    check_projection("pca")
    with pytest.raises(MissingExtraError, match=r"umap") as refused:
        check_projection("umap")
    assert "spanset[map]" in str(refused.value.fix)
