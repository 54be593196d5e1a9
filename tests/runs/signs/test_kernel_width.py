"""Kernels to which everything, or nothing, is alike."""

import numpy as np
import pytest
from tests.runs.finished_cases import case_of, clusters, found, names, uniform, without_gains

from spanset.greedy.gamma_search import GammaSearch
from spanset.kernels.inner import Linear
from spanset.kernels.rbf import RBF

X = clusters()


def test_a_sound_kernel_is_not_spoken_of():
    assert names(case_of(X)) == []


def test_a_gamma_far_too_small_is_told_with_its_numbers():
    sign = found(case_of(X, kernel=RBF(0.0005)), "all-alike")
    assert sign.numbers["spent_picks"] > 0.5
    assert sign.numbers["mean_kernel"] == pytest.approx(np.exp(-0.001), abs=1e-4)
    assert "auto:200" in sign.fix


def test_a_gamma_far_too_large_is_told_with_its_ties():
    sign = found(case_of(X, kernel=RBF(500.0)), "none-alike")
    assert sign.numbers["last_gain"] > 0.99
    assert sign.numbers["tied_picks"] == 1.0
    assert "100 % of the picks were ties" in sign.what
    assert "auto:200" in sign.fix


def test_the_gamma_that_is_advised_is_silent():
    gamma = GammaSearch(X.astype(float)).find(200)
    assert names(case_of(X, kernel=RBF(gamma))) == []


def test_near_copies_do_not_hide_a_gamma_far_too_large():
    copies = np.concatenate([X, X[:20]])
    assert "none-alike" in names(case_of(copies, kernel=RBF(500.0)))


def test_rows_of_few_directions_are_to_blame_not_the_kernel():
    flat = uniform(2000, 6)
    sign = found(case_of(flat, 400), "picks-spent")
    telling = sign.numbers["telling_picks"]
    assert 50 < telling < 200
    assert f"-k {telling};" in sign.fix
    assert "picks-spent" not in names(case_of(flat, telling))


def test_another_kernel_is_advised_rbf_by_its_name():
    flat = uniform(2000, 768)
    flat[:, 0] += 40.0  # a cone: cosines near 1
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    sign = found(case_of(flat, 300, kernel=Linear()), "all-alike")
    assert sign.fix.startswith("--kernel rbf --gamma auto:300")


def test_methods_that_do_not_choose_by_the_kernel_are_not_told_of_it():
    for gamma in (0.0005, 500.0):
        case = case_of(X, kernel=RBF(gamma), picks=without_gains(np.arange(200), len(X)))
        assert names(case) == []
