"""A large data set, of which only rows that are drawn get features: the values of all of it."""

import json

import pytest
from tests.conftest import make_rows, write_lines

import spanset
from spanset.base.errors import UsageError
from spanset.base.stages import SILENT
from spanset.cli import main
from spanset.diversity import only_drawn
from spanset.diversity.matched import draw_seeds, drawn
from spanset.diversity.only_drawn import DrawnPools
from spanset.features.static import StaticFeatures
from spanset.stores.status import Status

ROWS = make_rows(1_500)
METRICS = ["ldd", "mean-distance", "distinct-2"]


class Noting:
    stage, progress, cancelled = SILENT.stage, SILENT.progress, SILENT.cancelled

    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


@pytest.fixture
def made(monkeypatch, tmp_path):
    """Numbers of rows that static features were made of, in a cache of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    counts, vectors = [], StaticFeatures.vectors

    def counted(self, data, rows):
        counts.append(len(rows))
        return vectors(self, data, rows)

    monkeypatch.setattr(StaticFeatures, "vectors", counted)
    return counts


def values(data, features="static", **options):
    found = spanset.measure(data, METRICS, features=features, pool=150, **options)
    return {name: one.draws.tolist() for name, one in found.items()}


@pytest.mark.parametrize("features", ["static", "lexical"])
def test_values_are_those_of_features_of_all_rows(made, monkeypatch, features):
    data, watcher = spanset.read(ROWS), Noting()
    expected = values(data, features)
    made.clear()
    monkeypatch.setenv("XDG_CACHE_HOME", "nowhere")  # they are made again
    monkeypatch.setattr(only_drawn, "LARGE", 0)
    assert values(data, features, watcher=watcher) == expected
    told = [note for note in watcher.notes if "of 1,500 rows are looked at" in note]
    assert len(told) == 1
    assert sum(made) <= 3 * 154


def test_several_sets_are_drawn_from_alike(made, monkeypatch):
    sets = {"a": spanset.read(ROWS), "b": spanset.read(make_rows(1_200, seed=1))}

    def found():
        results = spanset.measure(sets, METRICS, pool=150)
        assert [one.rows for one in results] == [1_500, 1_200]
        return [
            {name: one.draws.tolist() for name, one in result.measurements.items()}
            for result in results
        ]

    expected = found()
    monkeypatch.setattr(only_drawn, "LARGE", 0)
    assert found() == expected


@pytest.mark.parametrize(("every", "is_enough"), [(100, True), (10, False)])
def test_rows_without_features_are_passed_over(made, monkeypatch, every, is_enough):
    monkeypatch.setattr(only_drawn, "LARGE", 0)
    vectors = StaticFeatures.vectors

    def lacking(self, data, rows):
        X, status = vectors(self, data, rows)
        X[data.ids[rows] % every == 7] = 0.0
        status[data.ids[rows] % every == 7] = Status.NO_WORDS
        return X, status

    monkeypatch.setattr(StaticFeatures, "vectors", lacking)
    data = spanset.read(ROWS)
    found = values(data)
    assert (sum(made) < 600) == is_enough  # where too many are lacking, all are represented
    assert found == values(data)


def test_draws_take_the_rows_that_they_take_of_all():
    pools = DrawnPools(500, draw_seeds(3, 2))
    rows = pools.rows(200_000)
    draws = pools.positions(200_000, rows)
    for seed in draw_seeds(3, 2):
        assert rows[draws[seed]].tolist() == drawn(200_000, 500, seed).tolist()
    assert len(rows) <= 2 * 511
    assert pools.rows(99_999) is None  # too small to be worth it
    assert DrawnPools(50_000, draw_seeds(0, 3)).rows(300_000) is None  # most are looked at


def test_what_looks_at_all_rows_gets_all(made, monkeypatch):
    monkeypatch.setattr(only_drawn, "LARGE", 0)
    data = spanset.read(ROWS)
    spanset.measure(data, "extent", pool=150, n=100)
    assert sum(made) == 1_500
    with pytest.raises(UsageError, match="cannot be drawn"):
        spanset.measure(data, "ldd", pool=1_501)


def test_the_command_does_it_too(made, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    write_lines(tmp_path / "d.jsonl", ROWS)
    found = []
    for least in (only_drawn.LARGE, 0):
        monkeypatch.setattr(only_drawn, "LARGE", least)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / f"cache{least}"))
        made.clear()
        assert main(["measure", "d.jsonl", "--pool", "150", "--metrics", "ldd", "--json"]) == 0
        record = json.loads(capsys.readouterr().out)
        for name in ("seconds", "timings", "peak_bytes"):
            record.pop(name, None)
        found.append(record)
    assert sum(made) <= 3 * 154
    assert found[0] == found[1]
