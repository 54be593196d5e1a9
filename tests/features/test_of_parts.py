"""Features of prompts, of answers or of both; rows that cannot be represented are all listed."""

import hashlib

import numpy as np
import pytest

from spanset.data.reader import read
from spanset.features.of_parts import represent_parts
from spanset.stores.represented import Represented


def exchange(prompt, answer):
    return {"instruction": prompt, "input": "", "output": answer}


def vector(text):
    """A direction of its own for every text."""
    numbers = np.frombuffer(hashlib.sha256(text.encode()).digest(), np.uint8)[:6].astype(float)
    return (numbers / np.linalg.norm(numbers)).astype(np.float32)


def made_of_texts(data):
    """A representation that leaves out rows whose text holds "odd"."""
    texts = [talk.text for talk in data.conversations()]
    odd = np.array([place for place, text in enumerate(texts) if "odd" in text], np.int64)
    kept = np.setdiff1d(np.arange(len(data)), odd)
    X = np.stack([vector(texts[place]) for place in kept.tolist()])
    return Represented(X, data.without(odd, ["it is odd"] * len(odd)), kept), None


@pytest.fixture
def data():
    return read(
        [
            exchange("a", "x"),
            exchange("a odd", "y"),
            exchange("b", "x"),
            exchange("b", "odd x"),
            exchange("a", "x"),
            exchange("c", "y"),
        ]
    )


@pytest.mark.parametrize(
    ("same", "kept", "texts"),
    [
        ("row", [0, 2, 4, 5], ["a\nx", "b\nx", "a\nx", "c\ny"]),
        ("prompt", [0, 2, 3, 4, 5], ["a", "b", "b", "a", "c"]),
        ("answer", [0, 1, 2, 4, 5], ["x", "y", "x", "x", "y"]),
        ("both", [0, 2, 4, 5], ["a", "b", "a", "c"]),
    ],
)
def test_features_are_of_the_part_and_rows_are_whole(same, kept, texts, data):
    found = represent_parts(data, same, made_of_texts)
    made = found.made
    assert made.kept.tolist() == kept
    assert made.X.tolist() == [vector(text).tolist() for text in texts]
    assert [talk.text for talk in made.data.conversations()] == [
        talk.text for talk in data[kept].conversations()
    ]
    assert np.array_equal(made.data.digests, data.digests[kept])
    assert made.data.ids.tolist() == kept
    left_out = sorted(row.row for row in made.data.unrepresented)
    assert left_out == sorted(set(range(6)) - set(kept))


@pytest.mark.parametrize(
    ("same", "groups"),
    [
        ("row", [0, 1, 0, 2]),
        ("prompt", [0, 1, 1, 0, 2]),
        ("answer", [0, 1, 0, 0, 1]),
        ("both", [0, 1, 0, 2]),
    ],
)
def test_keys_are_equal_where_the_part_is(same, groups, data):
    keys = represent_parts(data, same, made_of_texts).keys
    equal = (keys[:, None] == keys).all(axis=2)
    assert (equal == np.equal.outer(groups, groups)).all()


def test_answers_stand_beside_prompts(data):
    found = represent_parts(data, "both", made_of_texts)
    assert found.beside.tolist() == [vector(text).tolist() for text in ["x", "x", "x", "y"]]
    assert represent_parts(data, "prompt", made_of_texts).beside is None


def test_rows_left_out_before_are_listed_once(data):
    before = data.without(np.array([5]), ["it was"])
    found = represent_parts(before, "both", made_of_texts)
    assert [row.row for row in found.made.data.unrepresented] == [5, 1, 3]
