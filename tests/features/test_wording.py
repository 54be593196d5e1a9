"""How rows are worded: hashed terms, against the slow way and the full vectors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.features.static_by_hand import COLUMNS, ByHand

from spanset.features.wording import wording

WORDS = st.lists(st.integers(0, 8) | st.integers(1 << 40, (1 << 40) + 3), max_size=12)
ROWS = st.lists(st.lists(WORDS, max_size=4), min_size=1, max_size=5)


def made(rows, d=COLUMNS):
    """Wording of rows, each a list of turns, each a list of units."""
    turns = [(row, turn) for row, own in enumerate(rows) for turn in own]
    units = [unit for _, turn in turns for unit in turn]
    pieces = [number for number, (_, turn) in enumerate(turns) for _ in turn]
    numbers = [row for row, turn in turns for _ in turn]
    return wording(*(np.array(one, np.int64) for one in (units, pieces, numbers)), len(rows), d)


def by_hand(row):
    return ByHand.worded(None, row)


def cosine(one, other):
    X = made([[one], [other]])
    return float(X[0] @ X[1])


@given(ROWS)
def test_wording_is_that_of_the_slow_way(rows):
    X = made(rows)
    assert X.dtype == np.float64
    np.testing.assert_allclose(X, [by_hand(row) for row in rows], atol=1e-12)


@given(ROWS)
def test_rows_are_of_unit_length_and_of_zeros_where_nothing_is_said(rows):
    lengths = np.linalg.norm(made(rows), axis=1)
    # Two families can cancel in a row of a few terms, never in all columns of the pairs.
    is_said = [any(row) for row in rows]
    np.testing.assert_allclose(lengths, np.array(is_said, float), atol=1e-12)


@given(ROWS, st.integers(0, 4))
def test_a_row_has_the_same_bytes_alone(rows, place):
    place %= len(rows)
    assert made([rows[place]])[0].tobytes() == made(rows)[place].tobytes()


@pytest.mark.parametrize("rows", [[[]], [[[]]], [[], [[], []], []]])
def test_rows_without_units_are_zeros(rows):
    X = made(rows)
    assert X.shape == (len(rows), COLUMNS)
    assert not X.any()


def test_pairs_are_of_one_turn_and_in_their_order():
    together, apart, turned = made([[[1, 2]], [[1], [2]], [[2, 1]]])
    assert not np.allclose(together, apart), "a pair does not reach over the end of a turn"
    assert not np.allclose(together, turned), "the order of a pair counts"
    one, other = made([[[1], [2]], [[2], [1]]])
    np.testing.assert_allclose(one, other, atol=1e-12)


def test_a_pair_of_one_row_does_not_reach_into_the_next():
    assert np.array_equal(made([[[1, 2]], [[3, 4]]])[0], made([[[1, 2]]])[0])


def test_repeated_words_count_less_than_as_often():
    once, often, other = [1, 2, 3, 4, 5], [1] * 30 + [2, 3, 4, 5], [6, 7, 8, 9, 10]
    assert cosine(once, once) == pytest.approx(1.0)
    assert cosine(once, often) > 0.45 > 0.2 > abs(cosine(once, other))


def test_inner_products_are_those_of_the_full_vectors_within_the_stated_deviation():
    """Of rows whose first half of the words is the same: half of the words, half of the pairs."""
    errors = []
    for start in range(0, 40_000, 100):  # 400 pairs of rows, each with words of its own
        one = list(range(start, start + 24))
        other = one[:12] + list(range(start + 50, start + 62))
        exact = (12 / 24 + 11 / 23) / 2
        errors.append(cosine(one, other) - exact)
    assert abs(np.mean(errors)) < 0.01
    assert 0.5 / np.sqrt(COLUMNS) < np.std(errors) < 1.0 / np.sqrt(COLUMNS)


def test_fewer_columns_are_the_same_terms_in_other_places():
    X = made([[[1, 2, 3]]], d=16)
    assert X.shape == (1, 16)
    assert np.linalg.norm(X) == pytest.approx(1.0)
