"""The verb `select` with methods, targets, shares and rows to keep: on arrays and on data sets."""

from __future__ import annotations

import numpy as np
import pytest
from tests.commands.method_rows import COPY, EGGS, LISBON, ROWS, SHOUTED, SOUP, TARGET, N

import spanset
from spanset.selectors.dedup import Deduplicated
from spanset.selectors.methods import METHODS

X = np.random.default_rng(0).normal(size=(N, 6))
RATINGS = np.log([row["rating"] for row in ROWS])


@pytest.fixture(scope="module")
def data():
    return spanset.read(ROWS)


@pytest.fixture(scope="module")
def target():
    return spanset.read(TARGET)


def needed(method: str) -> dict:
    own = {"quality": RATINGS, "target": X[:2]}
    return {name: own[name] for name in METHODS[method].needs}


@pytest.mark.parametrize("method", METHODS)
def test_every_method_picks_rows_of_an_array(method):
    found = spanset.select(X, k=5, method=method, **needed(method))
    assert len(set(found.order.tolist())) == 5
    again = spanset.select(X, k=5, method=method, workers=2, **needed(method))
    assert again.order.tolist() == found.order.tolist()


@pytest.mark.parametrize("method", [name for name in METHODS if "keep" in METHODS[name].takes])
def test_kept_rows_of_an_array_come_first(method):
    found = spanset.select(X, k=5, method=method, keep=np.array([9, 2]), **needed(method))
    assert found.order[:2].tolist() == [9, 2]
    assert len(set(found.order.tolist())) == 5


def test_a_data_set_is_chosen_from_as_its_features_are(data, target):
    features = spanset.represent(data)
    own = {"method": "target", "k": 4}
    by_rows = spanset.select(data, target=target, **own)
    by_features = spanset.select(features, target=spanset.represent(target), **own)
    assert by_rows.order.tolist() == by_features.order.tolist()
    mixed = spanset.select(data, target=spanset.represent(target), **own)
    assert mixed.order.tolist() == by_rows.order.tolist()


def test_a_quality_by_the_target_takes_rows_or_an_array(data, target):
    for own in (target, spanset.represent(target)):
        found = spanset.select(data, k=2, quality="target:mean", target=own, method="top")
        assert {ROWS[row]["topic"] for row in found.order.tolist()} == {"cooking"}


def test_shares_and_kept_rows_of_a_data_set_hold(data):
    found = spanset.select(data, k=5, shares=["topic:maths=2..2", "topic=..1"], keep=[LISBON])
    topics = [ROWS[row]["topic"] for row in found.order.tolist()]
    assert found.order[0] == LISBON
    assert topics.count("maths") == 2
    assert topics.count("travel") == 1


def test_k_auto_finds_an_end_and_a_prefix_of_the_order():
    rows = np.repeat(np.random.default_rng(1).normal(size=(150, 200)), 3, axis=0)
    rows += np.random.default_rng(2).normal(0, 0.02, rows.shape)
    found = spanset.select(rows, k="auto")
    assert 100 < len(found) <= 150
    assert found.order.tolist() == spanset.select(rows, k=len(found)).order.tolist()
    assert len(spanset.select(rows, k="auto", least_gain=0.9)) < len(found)
    assert len(spanset.select(X, k="auto")) == N, "few rows are all needed"


def test_dedup_needs_no_k_and_gives_the_choice_by_another_threshold(data):
    found = spanset.select(data, method="dedup")
    assert isinstance(found, Deduplicated)
    assert found.dropped.tolist() == [COPY, SHOUTED]
    assert found.stands_for[[COPY, SHOUTED, LISBON]].tolist() == [EGGS, SOUP, LISBON]
    assert found.nearness[LISBON] == 1
    strict = found.at(1.0)
    assert COPY not in strict.order
    for threshold in (0.99, 1.0):
        direct = spanset.select(data, method="dedup", threshold=threshold)
        other = found.at(threshold)
        assert other.order.tolist() == direct.order.tolist()
        assert other.stands_for.tolist() == direct.stands_for.tolist()
    with pytest.raises(ValueError, match=r"known from .* on, not 0\.1"):
        found.at(0.1)


def test_dedup_keeps_the_best_and_none_like_given_rows():
    rows = np.vstack([X, X[:3] * 2])
    quality = np.arange(len(rows), dtype=float)
    found = spanset.select(rows, method="dedup", quality=quality)
    assert {0, 1, 2}.isdisjoint(found.order.tolist())
    given = spanset.select(rows, method="dedup", given=X[1:2])
    assert {1, N + 1}.isdisjoint(given.order.tolist())
    assert given.stands_for[[1, N + 1]].tolist() == [-1, -1]


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"keep": [99]}, "keep"),
        ({"keep": [-1]}, "keep"),
        ({"keep": [1, 1]}, "keep"),
        ({"keep": [1.5]}, "keep"),
        ({"keep": [[1]]}, "keep"),
        ({"keep": [True, False]}, "keep"),
        ({"keep": [1, 2, 3, 4]}, "keep"),
        ({"keep": [1], "method": "dedup"}, "--keep"),
        ({"k": "auto", "least_gain": 3.0}, "--least-gain"),
        ({"k": "auto", "method": "random"}, "-k auto"),
        ({"method": "dedup", "threshold": 3.0}, "--threshold"),
        ({"threshold": 0.5}, "--threshold"),
        ({"method": "kmeans", "clusters": 0}, "--clusters"),
        ({"clusters": 3}, "--clusters"),
        ({"rounds": 3}, "--rounds"),
        ({"parts": 4}, "--parts"),
        ({"rounds": 2, "parts": 1}, "--parts"),
        ({"rounds": 2, "method": "random"}, "--rounds"),
        ({"shares": ["topic=..1"]}, "shares"),
        ({"shares": ["topic=..1"], "k": "auto"}, "shares"),
        ({"method": "target"}, "--method target"),
        ({"method": "target", "target": np.ones((2, 3))}, "target"),
        ({"method": "target", "target": np.ones(6)}, "target"),
        ({"method": "deita"}, "--method deita"),
        ({"target": X[:2]}, "--target"),
        ({"quality": "target", "target": X[:2]}, "quality"),
    ],
    ids=str,
)
def test_arguments_that_do_not_go_together_are_usage_errors(wrong, where):
    with pytest.raises(spanset.UsageError) as error:
        spanset.select(X, **{"k": 3, **wrong})
    assert where in error.value.where


def test_rows_as_a_target_of_features_are_refused(target):
    with pytest.raises(spanset.UsageError, match="features alone"):
        spanset.select(X, k=3, method="target", target=target)


def test_arguments_of_a_data_set_that_cannot_be_met_are_named(data, target):
    with pytest.raises(spanset.UsageError, match="there is no row 14"):
        spanset.select(data, k=3, keep=[N])
    with pytest.raises(spanset.UsageError, match="quality"):
        spanset.select(data, k=3, quality="target")
    with pytest.raises(spanset.UsageError, match="none is given"):
        spanset.select(data, tokens=90, shares=["topic=..1"])
    with pytest.raises(spanset.DataError, match="no row has the topic 'law'"):
        spanset.select(data, k=3, shares=["topic:law=1.."])
    with pytest.raises(spanset.UsageError, match="does not take --target"):
        spanset.select(data, k=3, target=target)


def test_how_many_rows_may_be_said_by_place():
    X = np.random.default_rng(0).normal(size=(30, 4))
    assert (spanset.select(X, 5).order == spanset.select(X, k=5).order).all()
