"""Rows that are compared with the data, `--given` and `--reference`, fit them or are refused."""

from __future__ import annotations

import numpy as np
import pytest
from tests.commands.measure.measured import LDD, measured


@pytest.mark.parametrize("flag", ["--given", "--reference"])
@pytest.mark.parametrize("data", ["x.npy", "a.jsonl"])
def test_more_data_have_the_columns_of_the_features(spanset, flag, data):
    words = ("measure", data, flag, "narrow.npy")
    spanset.refuses(*words, code=1, where="narrow.npy: ", says=("5 columns",))


@pytest.mark.parametrize("flag", ["--given", "--reference"])
def test_more_data_come_in_the_form_of_the_data(spanset, flag):
    says = ("features", ".npy")
    spanset.refuses("measure", "x.npy", flag, "a.jsonl", code=2, where=flag, says=says)


@pytest.mark.parametrize("flag", ["--given", "--reference"])
def test_beside_array_features_more_data_are_an_array(spanset, flag):
    """The array holds features of the data alone."""
    np.save("f.npy", np.random.default_rng(2).normal(size=(20, 8)))
    words = ("measure", "a.jsonl", "--features", "array:f.npy", flag)
    spanset.refuses(*words, "b.jsonl", code=2, where=flag, says=("array", ".npy"))
    assert spanset.run(*words, "x.npy", *(LDD if flag == "--reference" else ())).code == 0


@pytest.mark.parametrize("flag", ["--given", "--reference"])
@pytest.mark.parametrize("path", ["none.jsonl", "none.npy", "no*.jsonl", "/dev"])
def test_more_data_that_are_not_there_are_named(spanset, flag, path):
    spanset.refuses("measure", "a.jsonl", flag, path, code=1, where=f"{path}: ")


def test_a_reference_smaller_than_the_pool_is_refused(spanset):
    words = ("z.npy", "--reference", "x.npy")
    says = ("30 rows", "32", "larger")
    spanset.refuses("measure", *words, code=1, where="x.npy: ", says=says)
    assert measured(spanset, *words, "--pool", "30", *LDD)["reference"] == "x.npy"


def test_a_reference_smaller_than_the_pool_is_refused_before_any_greedy_run(spanset, monkeypatch):
    def never(*_: object, **__: object) -> None:
        pytest.fail("the data were measured first")

    monkeypatch.setattr("spanset.diversity.volume.blocked_greedy", never)
    spanset.refuses("measure", "z.npy", "--reference", "x.npy", code=1, where="x.npy: ")


def test_what_a_reference_lacks_is_told_without_a_flag_that_does_not_fit(spanset):
    """With --given there is no --pool to lower."""
    words = ("y.npy", "--given", "z.npy", "--reference", "x.npy")
    err = spanset.refuses("measure", *words, code=1, where="x.npy: ", says=("30 rows", "larger"))
    assert "--pool" not in err
