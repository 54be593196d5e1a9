"""Numbers of sources and of values of a field."""

import json
import math
import random

import numpy as np
import pytest

import spanset
from spanset.diversity.measures.categories import Categories, Sources
from spanset.diversity.sample import Sample

ABSENT = object()


def sample_of(values):
    """Rows with these values in the field `topic`; without the field where a value is ABSENT."""
    rows = [{"prompt": "?", "completion": "!", "topic": value} for value in values]
    data = spanset.read([{k: v for k, v in row.items() if v is not ABSENT} for row in rows])
    X = np.ones((len(rows), 1), np.float32)
    return Sample(X, X, data)


def test_categories_of_three_rows_by_hand():
    """Values a, b and a: two of them are distinct."""
    assert Categories("topic")(sample_of(["a", "b", "a"])) == (2.0, 0.0)


@pytest.mark.parametrize("seed", range(3))
def test_categories_are_those_of_a_set(seed):
    values = random.Random(seed).choices(range(30), k=60)
    assert Categories("topic")(sample_of(values)).value == len(set(values))


def test_copies_of_half_of_the_rows_lower_the_value():
    assert Categories("topic")(sample_of([0, 1, 2, 3])).value == 4
    assert Categories("topic")(sample_of([0, 1, 0, 1])).value == 2


def test_rows_without_the_field_or_with_null_count_as_none():
    assert Categories("topic")(sample_of(["a", ABSENT, None, "a"])).value == 1


@pytest.mark.parametrize("values", [[ABSENT, ABSENT], [None], [None, ABSENT]])
def test_a_field_that_nobody_has_has_no_value(values):
    assert math.isnan(Categories("topic")(sample_of(values)).value)


def test_values_of_every_json_kind_are_compared_by_their_text():
    """Ten values, each twice; the keys of the two objects stand in another order."""
    values = [1, 1.0, "1", True, "", [1, [2]], {"a": 1, "b": 2}, math.nan, math.inf, "\ud800 é"]
    again = [{"b": 2, "a": 1} if isinstance(value, dict) else value for value in values]
    assert Categories("topic")(sample_of(values + again)).value == 10


def test_a_value_as_deep_as_rows_are_read_is_counted():
    deep = json.loads("[" * 300 + "]" * 300)
    assert Categories("topic")(sample_of([deep, deep, []])).value == 2


def test_sources_of_three_rows_by_hand(tmp_path):
    """Rows 0 and 1 are from the first file, row 2 from the second, none from the third."""
    paths = [tmp_path / name for name in ("one.jsonl", "two.jsonl", "three.jsonl")]
    for path in paths:
        path.write_text('{"prompt": "?", "completion": "!"}\n' * 2)
    data = spanset.read(paths)[[0, 1, 2]]
    X = np.ones((3, 1), np.float32)
    assert Sources()(Sample(X, X, data)) == (2.0, 0.0)


def test_rows_held_in_memory_are_one_source():
    assert Sources()(sample_of(["a"])).value == 1


def test_no_rows_have_no_value():
    X = np.ones((0, 1), np.float32)
    empty = Sample(X, X, sample_of(["a"]).data[[]])
    assert math.isnan(Sources()(empty).value)
    assert math.isnan(Categories("topic")(empty).value)


def test_names_and_directions():
    assert (Sources().name, Categories("topic").name) == ("sources", "categories:topic")
    for measure in (Sources(), Categories("topic")):
        assert measure.better == "higher"
        assert measure.needs_rows
