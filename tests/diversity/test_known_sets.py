"""The scale of public sets: between its values, at its ends, and where it does not hold."""

import json

import numpy as np
import pytest
from tests.places import SHARED

import spanset
from spanset.config.model_settings import ModelConfig
from spanset.diversity import known_sets
from spanset.diversity.known_sets import KnownSet, KnownValue, known_values, place_of
from spanset.features.static import StaticFeatures
from spanset.kernels.choice import kernel_settings, make_kernel
from spanset.kernels.rbf import RBF

RECORD = json.loads(known_sets.FILE.read_text(encoding="utf-8"))
RBF_SETTINGS = kernel_settings(make_kernel("rbf"))


@pytest.fixture(scope="module")
def settings():
    return StaticFeatures.load("", ModelConfig()).settings()


def test_the_scale_is_of_the_features_that_are_made_now(settings):
    """Else: python -m benches run known-sets."""
    assert len(known_values(settings, RBF_SETTINGS, 800, 800)) == len(RECORD["sets"]) == 6


def test_at_the_points_that_were_measured_the_values_are_those(settings):
    for one in RECORD["sets"]:
        for at in one["at"]:
            most = min(at["pool"], 10_000)
            for share, ldd, size in zip(RECORD["shares"], at["ldd"], at["size_share"], strict=True):
                n = share * most
                if n != int(n):
                    continue
                found = known_values(settings, RBF_SETTINGS, at["pool"], int(n))
                (value,) = (value for value in found if value.name == one["name"])
                assert value.ldd == pytest.approx(ldd, abs=1e-9)
                assert value.equivalent_size == pytest.approx(size * n, rel=1e-9)


def test_between_pools_a_value_is_near_what_was_measured():
    """Each measured pool by its two neighbours: steps of four, where the scale's are of two."""
    for one in RECORD["sets"]:
        pools, ldd = [at["pool"] for at in one["at"]], [at["ldd"] for at in one["at"]]
        for place in range(1, len(pools) - 1):
            around = [place - 1, place + 1]
            few = KnownSet(
                one["name"],
                np.array(pools)[around],
                np.array(ldd)[around],
                np.ones((2, 4)),
            )
            found = few.at(pools[place], min(pools[place], 10_000))
            assert found.ldd == pytest.approx(ldd[place][-1], rel=0.2)


def test_what_was_not_measured_is_not_known(settings):
    def names(pool, n):
        return {one.name for one in known_values(settings, RBF_SETTINGS, pool, n)}

    assert names(1_029, 1_029) >= {"LIMA", "Alpaca"}
    assert "LIMA" not in names(1_030, 1_030)
    assert names(49, 49) == set()
    assert names(50_001, 10_000) == set()
    assert names(800, 100) == names(800, 800)
    assert names(800, 99) == set()  # below an eighth


@pytest.mark.parametrize(
    ("features", "kernel"),
    [
        ({"version": 99}, {}),
        ({"shares": {"asked": 1.0, "said": 0.0, "worded": 0.0}}, {}),
        ({"model": {"name": "wordllama", "digest": "sha256:0"}}, {}),
        ({"kind": "lexical"}, {}),
        ({}, kernel_settings(RBF(2.5))),
        ({}, kernel_settings(make_kernel("cosine"))),
    ],
)
def test_another_space_has_no_scale(settings, features, kernel):
    assert known_values({**settings, **features}, kernel or RBF_SETTINGS, 800, 800) == []


def test_where_the_table_lies_does_not_matter(settings):
    other = {**settings, "model": {**settings["model"], "name": "elsewhere"}}
    assert known_values(other, RBF_SETTINGS, 800, 800)


SCALE = [KnownValue("A", 0.2, 1), KnownValue("B", 0.4, 1), KnownValue("C", 1.0, 1)]


@pytest.mark.parametrize(
    ("ldd", "words"),
    [
        (0.19, "more diverse than A"),
        (0.1945, "as diverse as A"),
        (0.2055, "as diverse as A"),
        (0.21, "between A and B"),
        (0.411, "as diverse as B"),
        (0.7, "between B and C"),
        (1.02, "as diverse as C"),
        (1.04, "less diverse than C"),
        (-0.1, "more diverse than A"),
    ],
)
def test_a_value_has_its_place(ldd, words):
    assert place_of(ldd, SCALE) == words


def test_a_public_set_is_as_diverse_as_itself(settings):
    path = SHARED / "data" / "lima.json"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    found = spanset.measure(spanset.read(path), "ldd")
    known = known_values(settings, RBF_SETTINGS, found.pool, found.n)
    assert place_of(found.value, known) == "as diverse as LIMA"
