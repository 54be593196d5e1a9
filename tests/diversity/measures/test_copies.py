"""Rows that are equal."""

import numpy as np

from spanset.diversity.measures.copies import distinct_rows, row_keys
from spanset.diversity.reference import sphere


def test_distinct_rows_are_the_first_of_their_copies():
    X = sphere(50, 64, 0)[[3, 1, 3, 3, 7, 1, 0]]
    assert distinct_rows(X).tolist() == [0, 1, 4, 6]


def test_keys_are_equal_where_rows_are():
    X = np.array([[0.0, 1.0], [-0.0, 1.0], [1.0, 0.0], [1.0, 0.0]], np.float32)
    X[3, 0] = np.nextafter(np.float32(1), np.float32(2))
    keys = list(row_keys(X))
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3
