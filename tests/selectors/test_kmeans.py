"""k-means: of scikit-learn's clusters the nearest rows or the best, in turns."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from tests.greedy.cases import random_unit

from spanset.greedy.selection import StopReason
from spanset.selectors import row_clusters as clusters
from spanset.selectors.kmeans import in_turns, select_kmeans
from spanset.selectors.request import Request
from spanset.selectors.row_clusters import ITERATIONS, TOLERANCE, Clusters, cluster_rows


@pytest.fixture
def groups():
    """Rows of ten groups of 20 to 60, and of which each is."""
    rng = np.random.default_rng(0)
    of = np.repeat(np.arange(10), np.arange(20, 70, 5))
    X = random_unit(rng, 10, 12)[of] + 0.1 * rng.normal(size=(len(of), 12))
    places = rng.permutation(len(of))
    X = X[places] / np.linalg.norm(X[places], axis=1, keepdims=True)
    return X.astype(np.float32), of[places]


def by_scikit_learn(X, count, seed):
    """Clusters of Lloyd's iterations from rows drawn, and the cosines with their centres."""
    how = {"init": "random", "n_init": 1, "max_iter": ITERATIONS, "tol": TOLERANCE}
    model = KMeans(count, random_state=seed, **how).fit(X)
    centres = model.cluster_centers_ / np.linalg.norm(model.cluster_centers_, axis=1)[:, None]
    return model.labels_, X @ centres.T


@pytest.mark.parametrize("k", [1, 10, 40])
def test_picks_are_the_nearest_rows_of_scikit_learns_clusters(k, groups):
    X, _ = groups
    found = select_kmeans(Request(X, k, seed=2))
    of, cosines = by_scikit_learn(X, k, 2)
    assert sorted(of[found.order].tolist()) == list(range(k))
    for row, score in zip(found.order, found.scores, strict=True):
        own = cosines[of == of[row], of[row]]
        assert score == pytest.approx(cosines[row, of[row]], abs=1e-6)
        assert score >= own.max() - 8e-6
    sizes = np.bincount(of)[of[found.order]]
    assert (np.diff(sizes) <= 0).all()  # large ones first


def test_with_a_quality_each_cluster_gives_its_best(groups):
    X, _ = groups
    quality = np.round(np.random.default_rng(1).normal(size=len(X)), 1)
    found = select_kmeans(Request(X, 25, quality, seed=1))
    of, cosines = by_scikit_learn(X, 25, 1)
    for row in found.order:
        best = np.flatnonzero((of == of[row]) & (quality == quality[of == of[row]].max()))
        assert row in best
        assert cosines[row, of[row]] >= cosines[best, of[row]].max() - 8e-6  # of equals the nearest


def test_fewer_clusters_than_picks_give_rows_in_turn(groups):
    X, _ = groups
    found = select_kmeans(Request(X, 35, clusters=7, seed=3))
    of, cosines = by_scikit_learn(X, 7, 3)
    sizes = np.bincount(of)
    assert sizes.min() >= 5
    large_first = np.argsort(-sizes, kind="stable")
    assert of[found.order].tolist() == 5 * large_first.tolist()
    for cluster in range(7):
        own = found.scores[of[found.order] == cluster]
        assert (np.diff(own) <= 0).all()
        left = np.setdiff1d(np.flatnonzero(of == cluster), found.order)
        assert cosines[left, cluster].max() <= own.min() + 8e-6
    assert found.stop_reason is StopReason.REACHED_K


def test_turns_by_hand():
    """Clusters of 3, 1 and 4 rows: the largest first; those that are used up are passed over."""
    of = np.array([0, 2, 2, 0, 1, 2, 0, 2])
    cosine = np.array([0.5, 0.9, 0.8, 0.7, 0.1, 0.9, 0.6, 0.2], np.float32)
    found = Clusters(of, cosine, 4)  # the last is empty
    assert in_turns(found, None).tolist() == [1, 3, 4, 5, 6, 2, 0, 7]
    quality = np.array([3.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 2.0])
    assert in_turns(found, quality).tolist() == [7, 0, 4, 2, 3, 1, 6, 5]


def test_fewer_rows_than_clusters_that_differ_are_told():
    X = np.repeat(np.eye(4), 5, axis=0)
    found = select_kmeans(Request(X, 9))
    assert sorted(found.order.tolist()) == [0, 5, 10, 15]
    assert found.stop_reason is StopReason.EXHAUSTED
    found = select_kmeans(Request(X, 9, clusters=6))  # in turns there are rows left
    assert len(set(found.order.tolist())) == 9
    assert found.stop_reason is StopReason.REACHED_K


def test_every_row_can_be_picked(groups):
    X, _ = groups
    found = select_kmeans(Request(X, len(X), clusters=3))
    assert sorted(found.order.tolist()) == list(range(len(X)))
    found = select_kmeans(Request(X[:5], 5, clusters=50))
    assert sorted(found.order.tolist()) == list(range(5))


@pytest.mark.parametrize("at_once", [None, 1])
def test_the_seed_decides(at_once, groups, monkeypatch):
    if at_once is not None:
        monkeypatch.setattr(clusters, "AT_ONCE", at_once)
    one, same, other = (
        select_kmeans(Request(groups[0], 30, seed=seed)).order for seed in (1, 1, 2)
    )
    assert one.tolist() == same.tolist() != other.tolist()


def test_clusters_of_a_part_at_once_find_the_groups_as_well(groups, monkeypatch):
    X, group = groups
    monkeypatch.setattr(clusters, "AT_ONCE", 1)
    monkeypatch.setattr(clusters, "BATCH", 128)
    found = cluster_rows(X, 30, 0)
    assert found.number == 30
    assert (found.cosine > 0.5).mean() > 0.95
    purity = sum(np.bincount(group[found.of == one]).max() for one in np.unique(found.of))
    assert purity > 0.9 * len(X)


@pytest.mark.parametrize("k", [30, 150, 400])
def test_centres_that_end_without_a_row_take_the_farthest(k, groups, monkeypatch):
    X, _ = groups
    monkeypatch.setattr(clusters, "AT_ONCE", 1)
    monkeypatch.setattr(clusters, "BATCH", 40)
    found = cluster_rows(X, k, 0)
    assert np.bincount(found.of, minlength=k).min() == 1
    picked = select_kmeans(Request(X, k))
    assert (len(set(picked.order.tolist())), picked.stop_reason) == (k, StopReason.REACHED_K)


def test_a_part_at_once_of_copies_makes_no_clusters_of_them(monkeypatch):
    monkeypatch.setattr(clusters, "AT_ONCE", 1)
    X = np.repeat(random_unit(np.random.default_rng(3), 6, 40), 10, axis=0)
    found = select_kmeans(Request(X, 20))
    assert sorted((found.order // 10).tolist()) == list(range(6))
    assert found.stop_reason is StopReason.EXHAUSTED
