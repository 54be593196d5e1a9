"""Measures by k-means clusters, against scikit-learn and scipy."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.stats import entropy
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from spanset.base.errors import UsageError
from spanset.base.unit_rows import unit_rows
from spanset.diversity.measures import clusters
from spanset.diversity.measures.clusters import Inertia, PartitionEntropy
from spanset.diversity.sample import Sample


def rows(m, d, seed=0):
    return unit_rows(np.random.default_rng(seed).normal(size=(m, d)), np.float32)


def groups(m, of, d=16, seed=0, spread=0.01):
    """m rows round each of `of` centres."""
    centres = rows(of, d, seed)
    noise = np.random.default_rng(seed + 1).normal(size=(m * of, d)) * spread
    return unit_rows(np.repeat(centres, m, axis=0) + noise, np.float32)


def test_inertia_of_three_rows_by_hand():
    """One centre of two copies and a row at a right angle: (2/3, 1/3).

    Squared distances 2/9, 2/9 and 8/9.
    """
    X = np.eye(2, dtype=np.float32)[[0, 0, 1]]
    assert Inertia(1)(Sample(X, X)) == (pytest.approx(12 / 9 / 3), 0.0)


def test_entropy_of_three_rows_by_hand():
    """Two clusters hold two rows and one."""
    X = np.eye(2, dtype=np.float32)[[0, 0, 1]]
    expected = np.log(3) - 2 / 3 * np.log(2)
    assert PartitionEntropy(2)(Sample(X, X)) == (pytest.approx(expected), 0.0)


@pytest.mark.parametrize("seed", range(3))
def test_inertia_is_that_of_scikit_learn(seed):
    X = groups(40, 12, seed=seed, spread=0.3)
    X[100:150] = X[:50]
    model = KMeans(9, n_init="auto", max_iter=50, random_state=seed).fit(X)
    value = Inertia(9)(Sample(X, X, seed=seed)).value
    assert value == pytest.approx(-model.score(X) / len(X), rel=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_entropy_is_that_of_known_groups(seed):
    """Groups far apart are found: the entropy of the sample's rows over them is known."""
    population = groups(30, 5, seed=seed)
    shares = np.array([30, 20, 10, 5, 0])
    X = np.concatenate([population[30 * g : 30 * g + size] for g, size in enumerate(shares)])
    starts = range(5)  # k-means++ may merge two groups: the best of several starts does not
    values = [PartitionEntropy(5)(Sample(X, population, seed=start)).value for start in starts]
    assert max(values) == pytest.approx(entropy(shares))


@pytest.mark.parametrize("seed", range(3))
def test_entropy_is_that_of_scikit_learn_and_scipy(seed):
    population, X = rows(400, 6, seed), rows(150, 6, seed + 10)
    model = KMeans(15, n_init="auto", max_iter=50, random_state=seed).fit(population)
    expected = entropy(np.bincount(model.predict(X)))
    assert PartitionEntropy(15)(Sample(X, population, seed=seed)).value == pytest.approx(expected)


def test_centres_fitted_to_a_part_serve_all_rows(monkeypatch):
    X = groups(200, 8, spread=0.2)
    whole = [measure(Sample(X, X)).value for measure in (Inertia(8), PartitionEntropy(8))]
    monkeypatch.setattr(clusters, "FITTED", 500)
    part = [measure(Sample(X, X)).value for measure in (Inertia(8), PartitionEntropy(8))]
    assert part != whole
    assert part == pytest.approx(whole, rel=0.15)


def test_fewer_places_lower_both():
    population = rows(400, 8)
    for seed in range(3):
        X = rows(400, 8, seed + 10)
        few = np.tile(X[:40], (10, 1))
        for measure in (Inertia(50), PartitionEntropy(50)):
            lower = measure(Sample(few, population)).value
            assert lower < measure(Sample(X, population)).value


def test_half_the_rows_replaced_by_copies_lowers_inertia():
    """Half as many distinct rows lie nearer to as many centres."""
    for seed in range(5):
        X = rows(200, 12, seed)
        copied = np.concatenate([X[:100], X[:100]])
        assert Inertia(30)(Sample(copied, X)).value < Inertia(30)(Sample(X, X)).value


def test_the_same_bytes_whatever_the_threads():
    X = rows(3_000, 24)
    for measure in (Inertia(40), PartitionEntropy(40)):
        values = []
        for threads in (1, 2):
            with threadpool_limits(threads):
                values.append(measure(Sample(X, X)).value)
        assert values[0] == values[1]


def test_few_and_equal_rows_have_values_without_warnings():
    """Rows that differ in last bits too: scikit-learn warns of clusters that they leave empty."""
    one = rows(1, 6)
    nearly = np.repeat(rows(5, 6), 4, axis=0)
    nearly[::2] = np.nextafter(nearly[::2], np.float32(1))
    for X in (one, rows(2, 6), np.repeat(one, 30, axis=0), nearly):
        assert np.isnan(Inertia()(Sample(X, X)).value), "as many clusters as rows say nothing"
        assert np.isfinite(PartitionEntropy()(Sample(X, X)).value)
    X = np.repeat(one, 30, axis=0)
    assert str(PartitionEntropy()(Sample(X, X)).value) == "0.0"


def test_any_seed_of_ours_is_a_seed_of_scikit_learn():
    X = rows(20, 4)
    assert np.isfinite(Inertia(3)(Sample(X, X, seed=2**40)).value)


def test_names_state_another_number_of_clusters():
    names = [measure.name for measure in (Inertia(), Inertia(5), PartitionEntropy(5))]
    assert names == ["inertia", "inertia:5", "partition-entropy:5"]


@pytest.mark.parametrize("measure", [Inertia, PartitionEntropy])
def test_no_clusters_are_refused(measure):
    with pytest.raises(UsageError, match="clusters"):
        measure(0)


def test_scikit_learn_is_not_imported_before_it_is_used():
    code = "import spanset.diversity.measures.clusters, sys; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
