"""Sketches too coarse for their rows, and features wider than they need to be."""

import numpy as np
import pytest
from tests.runs.finished_cases import case_of, found, names

from spanset.base.unit_rows import unit_rows
from spanset.models.passes.selfcheck import COARSE
from spanset.runs.signs.sketch_width import cosine_spread

GRADIENTS = unit_rows(
    np.random.default_rng(0).normal(size=(1500, 400)) @ np.diag(0.993 ** np.arange(400)), float
)
SPREAD = np.std((GRADIENTS @ GRADIENTS.T)[np.triu_indices(1500, 1)])


def sketched(d, seed=1):
    """Rows multiplied by random signs, d numbers each, as unit rows."""
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], size=(400, d))
    return unit_rows(GRADIENTS @ signs, np.float32)


def of_sketch(d, kind="fold", rank=8, **more):
    sketch = {"kind": kind, "version": 1, "seed": 0, "rank": rank, "dimension": d}
    return {"features": {"kind": "gradient", "sketch": sketch}} | more


def test_the_spread_without_noise_is_that_of_the_exact_rows():
    for d in (64, 256, 1024):
        measured = cosine_spread(case_of(sketched(d), **of_sketch(d)), is_sketched=True)
        assert measured.spread == pytest.approx(SPREAD, rel=0.25)
        assert measured.noise == pytest.approx(1 / np.sqrt(d), rel=0.03)


def test_a_sketch_of_few_numbers_is_too_coarse_and_what_it_advises_is_not():
    sign = found(case_of(sketched(32), **of_sketch(32)), "coarse-sketch")
    assert sign.numbers["ratio"] > COARSE
    enough = sign.numbers["enough"]
    assert f"--dimension {enough}" in sign.fix
    assert 256 <= enough <= 2048
    assert names(case_of(sketched(enough), **of_sketch(enough))) == []


def test_the_published_preset_has_no_dimension_of_its_own():
    sign = found(case_of(sketched(32), **of_sketch(32, kind="paper")), "coarse-sketch")
    assert sign.fix.startswith("--sketch fold --dimension")


def test_the_dimension_is_a_multiple_of_the_rank():
    sign = found(case_of(sketched(48), **of_sketch(48, rank=48)), "coarse-sketch")
    assert sign.numbers["enough"] % 48 == 0


@pytest.mark.parametrize(
    "features",
    [{"kind": "static"}, {"kind": "array"}, of_sketch(32, kind="none")["features"]],
)
def test_rows_that_are_no_sketch_have_no_noise(features):
    assert "coarse-sketch" not in names(case_of(sketched(32), features=features))


def low_rank(n=10_000, d=4096, rank=20):
    rng = np.random.default_rng(2)
    return unit_rows(rng.normal(size=(n, rank)) @ rng.normal(size=(rank, d)), np.float32)


@pytest.fixture(scope="module")
def wide():
    """10,000 rows of rank 20 in 4,096 columns, and a selection of 1,000."""
    narrow = low_rank(d=64)
    picks = case_of(narrow, 1000).picks  # as by the wide rows, sooner
    return low_rank(), picks


def test_rows_of_low_rank_in_many_columns_are_told(wide):
    X, picks = wide
    case = case_of(X, picks=picks, features={"kind": "array"})
    sign = found(case, "wide-features")
    assert sign.numbers["effective"] == pytest.approx(20, rel=0.1)
    assert sign.numbers["enough"] == 256
    assert "project the array to 256 columns" in sign.fix
    case = case_of(X, picks=picks, **of_sketch(4096, rank=64))
    assert "--dimension 256" in found(case, "wide-features").fix


def test_what_costs_no_seconds_is_not_told(wide):
    X, picks = wide
    few = case_of(X[:1000], 100, features={"kind": "array"})
    assert "wide-features" not in names(few)
    on_gpu = case_of(X, picks=picks, features={"kind": "array"}, device="cuda")
    assert "wide-features" not in names(on_gpu)
    assert "wide-features" not in names(case_of(X, picks=picks)), "nobody can narrow them"


def test_columns_that_tell_rows_apart_are_not_too_many(wide):
    X = low_rank(rank=1000)
    case = case_of(X, picks=wide[1], features={"kind": "array"})
    assert "wide-features" not in names(case)
