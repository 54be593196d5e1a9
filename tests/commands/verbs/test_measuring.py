"""The Python verb `measure`: what it takes, what it gives, and what it refuses in words."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import make_rows

import spanset

X = np.random.default_rng(0).normal(size=(40, 8))
Y = np.random.default_rng(1).normal(size=(32, 8))


@pytest.fixture(autouse=True)
def no_cache_of_the_user(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def rows():
    return spanset.read(make_rows(16)), spanset.read(make_rows(20, seed=1))


# What it gives


def test_one_metric_is_one_measurement():
    found = spanset.measure(X)
    assert (found.metric, found.better, found.unit) == ("ldd", "lower", "nats per row")
    assert (found.pool, found.n, len(found.draws)) == (32, 32, 3)
    assert found.value == pytest.approx(found.draws.mean())
    assert found.deviation > 0
    assert found.curve.mean[-1] == pytest.approx(found.value)
    assert spanset.measure(X, "vendi").metric == "vendi"


@pytest.mark.parametrize("metrics", [["ldd", "vendi"], ("ldd", "vendi"), "ldd,vendi"])
def test_several_metrics_are_a_mapping(metrics):
    found = spanset.measure(X, metrics)
    assert list(found) == ["ldd", "vendi"]
    assert found["ldd"].value == spanset.measure(X).value


def test_one_metric_in_a_list_is_a_mapping_too():
    assert list(spanset.measure(X, ["vendi"])) == ["vendi"]


def test_all_metrics_of_features_are_finite_or_not_defined():
    found = spanset.measure(X, "all")
    assert {"ldd", "vendi", "knn", "inertia"} <= set(found)
    assert "vocd-d" not in found, "there are no rows"
    values = {metric: one.value for metric, one in found.items()}
    assert np.isnan(values.pop("coverage")), "there is nothing to cover"
    values.pop("inertia")  # says nothing with fewer rows than clusters
    assert np.isfinite(list(values.values())).all(), values


def test_a_mapping_is_measured_in_equal_numbers():
    found = spanset.measure({"x": X, "y": Y}, ["ldd", "coverage"])
    assert [(one.name, one.rows) for one in found] == [("x", 40), ("y", 32)]
    for one in found:
        assert one.measurements["ldd"].pool == 25
        assert np.isfinite(one.measurements["coverage"].value)
    alone = spanset.measure(X, pool=25)
    assert alone.draws.tolist() == found[0].measurements["ldd"].draws.tolist()


def test_a_mapping_of_one_is_a_list_of_one():
    (one,) = spanset.measure({"x": X})
    assert one.measurements["ldd"].value == spanset.measure(X).value


@pytest.mark.filterwarnings("error")
def test_data_sets_are_represented_together(rows):
    one, other = rows
    found = spanset.measure({"one": one, "other": other}, ["ldd", "vocd-d"], draws=2)
    assert [each.rows for each in found] == [16, 20]
    assert set(found[0].measurements) == {"ldd", "vocd-d"}
    assert np.isfinite(spanset.measure(one, draws=1).value)


def test_results_are_frozen():
    found = spanset.measure(X)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.metric = "other"
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.curve.n = None
    (one,) = spanset.measure({"x": X})
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.rows = 3


def test_what_is_measured_is_not_changed():
    before = X.copy()
    spanset.measure(X, "all", draws=1)
    spanset.measure(X, subset=np.arange(5), reference=X)
    assert np.array_equal(X, before)


@pytest.mark.parametrize(
    "values",
    [X.tolist(), X.astype(np.float32), X.astype(">f8"), X[:, ::-1][:, ::-1], np.asfortranarray(X)],
    ids=["lists", "float32", "big-endian", "view", "columns-first"],
)
def test_features_come_in_any_form_of_numbers(values):
    assert spanset.measure(values).value == pytest.approx(spanset.measure(X).value, abs=1e-5)


@pytest.mark.parametrize("metric", ["ldd", "equivalent-size", "floor-share", "extent"])
def test_float32_agrees_with_float64(metric):
    single, double = (
        spanset.measure(X, metric, dtype=dtype).value for dtype in ("float32", "float64")
    )
    assert single == pytest.approx(double, abs=1e-4)


def test_one_draw_has_no_deviation():
    found = spanset.measure(X, draws=1)
    assert (len(found.draws), found.deviation) == (1, 0)


@pytest.mark.filterwarnings("error")
def test_one_row_is_as_spread_out_as_a_row_can_be():
    found = spanset.measure(X[:1], ["ldd", "equivalent-size", "vendi", "knn"])
    assert [found[name].value for name in ("ldd", "equivalent-size")] == [0, 1]
    assert found["vendi"].value == pytest.approx(1)
    assert np.isnan(found["knn"].value)


# Subsets and references


def test_a_selection_is_more_diverse_than_other_rows():
    order = spanset.select(X, k=10).order
    picked = spanset.measure(X, subset=order)
    assert (picked.pool, picked.n) == (40, 10)
    for seed in range(5):
        random = np.random.default_rng(seed).permutation(40)[:10]
        assert picked.value < spanset.measure(X, subset=random).value


def test_a_subset_in_a_mapping_has_random_rows_beside_it():
    found = spanset.measure({"x": X}, ["ldd", "floor-share"], subset=[3, 1, 2])
    assert [one.name for one in found] == ["subset", "random rows"]
    assert all(set(one.measurements) == {"ldd", "floor-share"} for one in found)


def test_n_cuts_a_subset_to_its_best():
    order = spanset.select(X, k=10).order
    cut = spanset.measure(X, subset=order, n=4)
    assert cut.value == spanset.measure(X, subset=order[:4]).value


def test_positions_may_come_as_any_integers():
    wanted = spanset.measure(X, subset=np.array([3, 1, 2])).value
    for subset in ([3, 1, 2], (3, 1, 2), np.array([3, 1, 2], np.uint8)):
        assert spanset.measure(X, subset=subset).value == wanted


@pytest.mark.parametrize(
    "subset",
    [
        [],
        [1.0, 2.0],
        [1, 40],
        [-1, 2],
        [1, 1],
        [[1, 2]],
        3,
        "ids.txt",
        np.arange(40) < 5,
    ],
    ids=["none", "floats", "outside", "negative", "twice", "2-d", "scalar", "path", "mask"],
)
def test_positions_that_are_none_are_refused(subset):
    with pytest.raises(spanset.UsageError, match=r"^subset: "):
        spanset.measure(X, subset=subset)


def test_a_subset_is_of_one_data_set():
    with pytest.raises(spanset.UsageError, match="one data set"):
        spanset.measure({"x": X, "y": Y}, subset=[1, 2])


def test_a_subset_needs_a_measure_of_volume():
    with pytest.raises(spanset.UsageError, match="volume"):
        spanset.measure(X, "vendi", subset=[1, 2])
    with pytest.raises(spanset.UsageError, match="vendi is no measure of a subset's volume"):
        spanset.measure(X, ["ldd", "vendi"], subset=[1, 2])
    with pytest.raises(spanset.UsageError, match="pool"):
        spanset.measure(X, subset=[1, 2], pool=10)
    found = spanset.measure(X, "all", subset=[1, 2])
    assert list(found) == ["ldd", "equivalent-size", "floor-share"]


def test_data_are_as_diverse_as_themselves():
    assert spanset.measure(X, reference=X, pool=40).value == pytest.approx(0, abs=1e-5)


def test_a_reference_of_rows_is_represented_as_the_data_are(rows):
    one, other = rows
    assert np.isfinite(spanset.measure(one, reference=other, draws=1).value)


# What it refuses


@pytest.mark.parametrize(
    "settings",
    [
        {"dtype": "float16"},
        {"dtype": np.float32},
        {"draws": 0},
        {"draws": -1},
        {"n": 0},
        {"n": 33},
        {"n": 41},
        {"pool": 0},
        {"pool": 41},
        {"seed": -1},
        {"workers": -1},
        {"gamma": 0},
        {"gamma": float("nan")},
        {"kernel": "cubic"},
        {"metrics": "bogus"},
        {"metrics": ""},
        {"metrics": []},
        {"metrics": ["ldd", "vendi:0"]},
        {"reference": "x.npy"},
        {"reference": X[0]},
        {"reference": X[:, :0]},
        {"subset": [1, 2], "n": 3},
    ],
    ids=repr,
)
def test_wrong_settings_are_usage_errors(settings):
    with pytest.raises(spanset.UsageError):
        spanset.measure(X, **settings)


@pytest.mark.parametrize("data", ["a.jsonl", Path("a.jsonl"), make_rows(3)], ids=type)
def test_data_that_were_not_read_yet_say_how(data):
    for given in (data, {"name": data}):
        with pytest.raises(spanset.UsageError, match=r"spanset\.read\("):
            spanset.measure(given)


@pytest.mark.parametrize(
    "data", [None, 3, X[0], X[None], X[:0], X[:, :0], X + 1j, X.astype(str), {}], ids=repr
)
def test_data_that_are_no_features_are_refused(data):
    with pytest.raises(spanset.UsageError):
        spanset.measure(data)


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_a_row_without_a_direction_is_named(value):
    bad = X.copy()
    bad[7] = value
    for data, where in ((bad, "data"), ({"x": X, "bad": bad}, "bad")):
        with pytest.raises(spanset.DataError, match=f"^{where}: row 7 is"):
            spanset.measure(data)


def test_a_measure_of_rows_needs_rows():
    for metrics in ("vocd-d", ["vocd-d"], ["distinct-1", "sources"]):
        with pytest.raises(spanset.UsageError, match="measured on rows"):
            spanset.measure(X, metrics)
    with pytest.raises(spanset.UsageError, match="vocd-d is measured on rows"):
        spanset.measure(X, ["ldd", "vocd-d"])


def test_columns_have_to_agree():
    with pytest.raises(spanset.UsageError, match="3 columns"):
        spanset.measure({"x": X, "y": Y[:, :3]})
    with pytest.raises(spanset.DataError, match="3 columns"):
        spanset.measure(X, reference=Y[:, :3])


def test_a_reference_has_as_many_rows_as_the_pool():
    with pytest.raises(spanset.DataError, match="10 rows"):
        spanset.measure(X, reference=Y[:10])
    assert np.isfinite(spanset.measure(X, reference=Y[:10], pool=10).value)


def test_rows_and_features_are_not_mixed(rows):
    for data in ({"rows": rows[0], "x": X}, {"x": X, "rows": rows[0]}):
        with pytest.raises(spanset.UsageError, match="mixed"):
            spanset.measure(data)
    with pytest.raises(spanset.UsageError, match="its features"):
        spanset.measure(X, reference=rows[0])
    with pytest.raises(spanset.DataError, match="columns"):
        spanset.measure(rows[0], reference=X)
