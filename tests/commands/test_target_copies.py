"""Copies of a target leave the data, by words or by features, in `select` and in `compare`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.commands.method_rows import COPY, EGGS, ROWS, N, left_out, picked, write_lines

OWN = ("--features", "array:own.npy")


@pytest.fixture
def rows(folder):
    """The planted rows, features of theirs, and a target that holds two of them exactly.

    Row 7 stands in it at another length and in float16's numbers; row 9 is near it, and no copy.
    """
    write_lines("p.jsonl", ROWS)
    X = np.random.default_rng(0).normal(size=(N, 6)).astype(np.float32)
    X[COPY] = X[EGGS]
    near = X[9] + 0.02 * np.linalg.norm(X[9]) * np.eye(6, dtype=np.float32)[0]
    np.save("own.npy", X)
    target = np.vstack([-X[0], X[EGGS], 3 * X[7].astype(np.float16).astype(np.float32), near])
    np.save("t.npy", target)
    return folder


TAKING = {
    "target": ("--method", "target"),
    "projection": ("--method", "projection"),
    "quality": ("--quality", "target"),
}


@pytest.mark.parametrize("use", TAKING)
def test_exact_copies_of_an_array_are_never_picked_but_counted_and_listed(rows, spanset, use):
    words = ("--target", "t.npy", "-k", "11", "--run", "run", "--draws", "0", "--json")
    ended = spanset.run("select", "p.jsonl", *OWN, *TAKING[use], *words)
    assert ended.code == 0, ended.err
    assert not {EGGS, COPY, 7} & set(picked("run"))
    assert 9 in picked("run"), "near, and no copy"
    assert json.loads(ended.out)["avoided"] == 3
    reasons = {row["row"]: row["reason"] for row in left_out("run")}
    assert reasons == {
        EGGS: "a copy of t.npy, row 1: cosine 1.00",
        COPY: "a copy of t.npy, row 1: cosine 1.00",
        7: "a copy of t.npy, row 2: cosine 1.00",
    }


def test_more_rows_than_the_copies_leave_are_refused(rows, spanset):
    words = ("select", "p.jsonl", *OWN, "--method", "target", "--target", "t.npy", "-k", "12")
    spanset.refuses(*words, code=1, where="-k: ", says=("only 11 can be picked", "a copy of t.npy"))


def test_a_target_that_all_rows_copy_is_refused(rows, spanset):
    words = ("select", "p.jsonl", *OWN, "--method", "target", "--target", "own.npy", "-k", "2")
    spanset.refuses(*words, code=1, where="--target own.npy: ", says=("every row is a copy",))


def test_lengths_do_not_make_another_row_of_a_copy(rows, spanset):
    words = ("--quality", "target", "--target", "t.npy", "-k", "5", "--no-normalize")
    ended = spanset.run("select", "p.jsonl", *OWN, *words, "--run", "run", "--draws", "0")
    assert ended.code == 0, ended.err
    assert {row["row"] for row in left_out("run")} == {EGGS, COPY, 7}


def test_every_method_is_compared_beside_a_target_without_its_copies(rows, spanset):
    words = ("compare", "p.jsonl", *OWN, "--target", "t.npy", "--method", "all", "-k", "4")
    flags = ("--quality", "column:rating", "--lambda", "0,0.3", "--json")
    ended = spanset.run(*words, *flags)
    assert ended.code == 0, ended.err
    cells = json.loads(ended.out)["cells"]
    methods = {cell["method"] for cell in cells}
    assert methods >= {"dpp", "target", "projection", "top", "deita", "random", "facility"}
    kept = json.loads(Path("spanset-compare/choices.json").read_text())["choices"]
    assert len(kept) == len([cell for cell in cells if cell["method"] != "random"])
    for one in kept:
        assert len(set(one["rows"]["4"])) == 4, one["label"]
        assert not {EGGS, COPY, 7} & set(one["rows"]["4"]), one["label"]
