"""NovelSum, against a slow form with loops and a matrix of all distances."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from spanset.base.errors import UsageError
from spanset.base.unit_rows import unit_rows
from spanset.diversity import sample as sampling
from spanset.diversity.measures.novelsum import NovelSum
from spanset.diversity.sample import Sample


def rows(m, d, seed=0, copies=0):
    X = unit_rows(np.random.default_rng(seed).normal(size=(m, d)), np.float32)
    X[m - copies :] = X[:copies]
    return X


def textbook(X, population, neighbours, density_power, proximity_power):
    """Novelty of every row: one row, one rank at a time, in float64."""
    population = np.unique(population, axis=0).astype(np.float64)
    novelties = []
    for row, to_rows in zip(X.astype(np.float64), cdist(X, X, "cosine"), strict=True):
        top = bottom = 0.0
        for rank, distance in enumerate(sorted(to_rows), start=1):
            top += distance / rank**proximity_power
            bottom += 1 / rank**proximity_power
        squared = sorted(((row - other) ** 2).sum() for other in population)
        if squared[0] < 1e-12:
            squared = squared[1:]
        squared = squared[:neighbours]
        density = 1 / (sum(squared) / len(squared) + 1e-9)
        novelties.append(density**density_power * top / bottom)
    return np.array(novelties)


def test_three_rows_by_hand():
    """Right angles: distances 0, 1, 1; weights 1, 1/2, 1/3; squared distances 2.

    Mean distance (1/2 + 1/3) / (11/6) = 5/11, density 1/2.
    """
    X = np.eye(3, dtype=np.float32)
    estimate = NovelSum()(Sample(X, X))
    assert estimate == (pytest.approx(5 / 11 * 0.5**0.5), 0.0)


@pytest.mark.parametrize("parameters", [(10, 0.5, 1.0), (3, 0.25, 2.0), (5, 0.0, 0.0), (1, 1.0, 0)])
@pytest.mark.parametrize("seed", range(3))
def test_equal_to_the_textbook_form(parameters, seed):
    X = rows(70, 12, seed, copies=5 * seed)
    population = np.concatenate([X[10:50], rows(80, 12, seed + 100, copies=7)])
    value, error = NovelSum(*parameters)(Sample(X, population))
    assert value == pytest.approx(textbook(X, population, *parameters).mean(), rel=1e-5)
    assert error == 0.0


def test_a_row_that_the_population_lacks_keeps_its_nearest():
    """The first row's nearest is at squared distance 2 - sqrt 2, and no row is dropped for it."""
    X = np.array([[1, 0], [0, 1]], np.float32)
    other = np.array([[np.sqrt(0.5), np.sqrt(0.5)]], np.float32)
    value, _ = NovelSum(1, 1.0, 1.0)(Sample(X, other))
    assert value == pytest.approx(1 / 3 / (2 - np.sqrt(2)), rel=1e-5)


def test_copies_in_the_population_do_not_raise_the_density():
    X = rows(40, 8)
    population = rows(60, 8, seed=1)
    once = NovelSum()(Sample(X, population))
    assert NovelSum()(Sample(X, np.repeat(population, 4, axis=0))) == pytest.approx(once)


def test_rows_that_differ_in_last_bits_from_those_of_the_population_are_the_same():
    X = rows(40, 24)
    again = np.nextafter(X, np.float32(1))
    assert (again != X).any()
    expected = NovelSum()(Sample(X, X)).value
    assert NovelSum()(Sample(X, again)).value == pytest.approx(expected, rel=1e-5)


def test_half_the_rows_replaced_by_copies_lowers_it():
    for seed in range(5):
        X = rows(60, 16, seed)
        population = np.concatenate([X, rows(60, 16, seed + 50)])
        copied = np.concatenate([X[:30], X[:30]])
        for measure in (NovelSum(), NovelSum(density_power=0.0)):
            whole = measure(Sample(X, population)).value
            assert measure(Sample(copied, population)).value < whole


def test_a_large_sample_is_estimated_within_its_stated_error(monkeypatch):
    X = rows(900, 10, copies=200)
    exact = textbook(X, X[:100], 10, 0.5, 1.0)
    monkeypatch.setattr(sampling, "EXACT_UP_TO", 500)
    monkeypatch.setattr(sampling, "LOOKED_AT", 300)
    value, error = NovelSum()(Sample(X, X[:100], seed=3))
    assert error == pytest.approx(exact.std() / np.sqrt(300), rel=0.25)
    assert 0.0 < abs(value - exact.mean()) < 4 * error


def test_one_row_has_no_value_and_equal_rows_have_none_of_it():
    one = rows(1, 5)
    assert np.isnan(NovelSum()(Sample(one, one)).value)
    for m in (2, 30):
        X = np.repeat(one, m, axis=0)
        assert NovelSum()(Sample(X, X)) == (0.0, 0.0)


def test_two_rows_in_their_own_population_have_one_neighbour_each():
    X = np.eye(2, dtype=np.float32)
    assert NovelSum()(Sample(X, X)).value == pytest.approx(1 / 3 * 0.5**0.5)


def test_names_state_what_differs_from_the_published_parameters():
    assert NovelSum().name == "novelsum"
    assert NovelSum(5, 0.25, 2).name == "novelsum:5:0.25:2"


@pytest.mark.parametrize("parameters", [(0, 0.5, 1.0), (10, -1.0, 1.0), (10, 0.5, np.nan)])
def test_parameters_without_a_meaning_are_refused(parameters):
    with pytest.raises(UsageError, match="novelsum"):
        NovelSum(*parameters)
