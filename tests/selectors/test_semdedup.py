"""SemDeDup against a loop over the rows of every cluster, as its paper has it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.greedy.cases import random_unit
from tests.selectors.exact_rows import exact_rows

from spanset.base.unit_rows import unit_rows
from spanset.greedy.selection import StopReason
from spanset.selectors import semdedup
from spanset.selectors.request import Request
from spanset.selectors.row_clusters import cluster_rows
from spanset.selectors.semdedup import select_semdedup


def repetition_by_loop(X, found):
    """Highest cosine with a row that is farther from the centre, of one cluster; -1 of none."""
    repetition = np.full(len(X), -1.0)
    for cluster in range(found.number):
        rows = np.flatnonzero(found.of == cluster)
        farness = np.round(found.cosine[rows] * 2.0**18)  # the lowest cosine is the farthest
        rows = rows[np.argsort(farness, kind="stable")]
        for place in range(1, len(rows)):
            cosines = X[rows[:place]].astype(np.float64) @ X[rows[place]]
            repetition[rows[place]] = max(-1.0, cosines.max())
    return repetition


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 80), st.booleans())
def test_rows_are_in_the_order_of_their_repetition(seed, n, copies):
    rng = np.random.default_rng(seed)
    X = exact_rows(rng, n, copies=copies)
    count = int(rng.integers(1, min(n, 9) + 1))
    found = select_semdedup(Request(X, n, clusters=count, seed=seed))
    expected = repetition_by_loop(X, cluster_rows(X, count, seed))
    assert found.order.tolist() == np.argsort(expected, kind="stable").tolist()
    assert found.scores.tolist() == (-expected[found.order]).tolist()


@pytest.mark.parametrize("threshold", [0.3, 0.6, 0.9])
def test_a_threshold_and_as_many_picks_agree(threshold):
    X = random_unit(np.random.default_rng(1), 300, 5)
    below = select_semdedup(Request(X, 300, threshold=threshold))
    assert 0 < len(below) < 300
    assert below.stop_reason is StopReason.THRESHOLD
    expected = repetition_by_loop(X, cluster_rows(X.astype(np.float32), 17, 0))  # sqrt(300)
    assert set(below.order.tolist()) == set(np.flatnonzero(expected < threshold).tolist())
    wanted = select_semdedup(Request(X, len(below)))
    assert wanted.order.tolist() == below.order.tolist()
    assert wanted.stop_reason is StopReason.REACHED_K


def test_blocks_of_a_cluster_change_nothing(monkeypatch):
    X = exact_rows(np.random.default_rng(2), 200)
    whole = select_semdedup(Request(X, 200, clusters=3)).scores
    monkeypatch.setattr(semdedup, "BLOCK", 7)
    assert select_semdedup(Request(X, 200, clusters=3)).scores.tolist() == whole.tolist()


def test_of_near_copies_one_stays():
    rng = np.random.default_rng(3)
    some = random_unit(rng, 40, 16)
    X = unit_rows(np.repeat(some, 3, axis=0) + 1e-3 * rng.normal(size=(120, 16)), np.float32)
    found = select_semdedup(Request(X, 120, threshold=0.99, clusters=6))
    assert sorted((found.order // 3).tolist()) == list(range(40))
