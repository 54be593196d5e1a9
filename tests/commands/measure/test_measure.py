"""`spanset measure` from the command line: tables, JSON, names, and what must not change values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.conftest import make_rows, write_lines

from spanset.cli import main
from spanset.diversity import volume

ROWS = {name: make_rows(size, seed=size) for name, size in (("a", 30), ("b", 36), ("c", 40))}
ARRAYS = {
    name: np.random.default_rng(size).normal(size=(size, 8))
    for name, size in (("x", 30), ("y", 36), ("z", 40))
}
FEATURE_METRICS = "ldd,equivalent-size,floor-share,vendi,mean-distance,knn,near-duplicates,radius"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder with rows a, b, c and arrays x, y, z; no user's cache."""
    place = tmp_path / "work"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "120")
    for name, rows in ROWS.items():
        write_lines(place / f"{name}.jsonl", rows)
    for name, array in ARRAYS.items():
        np.save(f"{name}.npy", array)
    return place


@pytest.fixture
def shown(capsys):
    """Runs the command; what it prints."""

    def run(*words: str) -> str:
        capsys.readouterr()
        code = main(["measure", *words])
        out, err = capsys.readouterr()
        assert (code, err) == (0, ""), err
        return out

    return run


def strict(text: str) -> Any:
    """JSON as the standard has it: without NaN and Infinity."""
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


@pytest.fixture
def record(shown):
    """Runs the command; its JSON without what may differ between equal runs."""

    def run(*words: str) -> dict[str, Any]:
        found = strict(shown(*words, "--json"))
        assert found.pop("peak_bytes") > 0
        assert set(found.pop("seconds")) >= {"read", "represent", "measure"}
        return found

    return run


@pytest.fixture
def greedy_runs(monkeypatch):
    """Numbers of candidates of every greedy run of a volume."""
    runs: list[int] = []
    greedy = volume.blocked_greedy

    def counted(X: Any, *arguments: Any, **settings: Any) -> Any:
        runs.append(len(X))
        return greedy(X, *arguments, **settings)

    monkeypatch.setattr(volume, "blocked_greedy", counted)
    return runs


# What is printed


def test_the_table_has_every_measure_of_every_set_and_its_direction(shown):
    out = shown("a.jsonl", "b.jsonl", "--by", "topic", "--metrics", "all")
    lines = out.splitlines()
    for metric in ("↓ ldd", "↑ vendi", "↓ floor-share", "↑ vocd-d", "↓ compression-ratio"):
        (line,) = [line for line in lines if f" {metric} " in line]
        assert any(c.isdigit() for c in line), line
    assert "↑ categories:topic" in out
    (head,) = [line.split() for line in lines if line.split() == ["a", "b"]]
    assert head == ["a", "b"]
    caption = "3 draws; pools of 24 rows, n = 24, against uniform on the sphere"
    assert caption in " ".join(out.split())
    assert "a.jsonl   alpaca     30" in out
    assert "Most diverse first, by LDD" in out
    for fact in ("seconds", "read", "peak memory", "GiB"):
        assert fact in out


def test_one_data_set_comes_with_units_and_without_a_winner(shown):
    out = shown("a.jsonl", "--metrics", "all")
    assert "nats per row" in out
    assert "*" not in out
    assert "coverage" not in out, "it needs a second data set"
    assert "Most diverse first" not in out


def test_the_winner_of_a_row_is_marked_where_its_arrow_points(shown):
    np.save("copies.npy", np.repeat(np.load("x.npy")[:6], 6, axis=0))
    lines = shown("copies.npy", "x.npy", "--metrics", FEATURE_METRICS).splitlines()
    for metric in ("ldd", "equivalent-size", "floor-share", "near-duplicates", "knn"):
        (line,) = [line for line in lines if f" {metric} " in line]
        assert line.rstrip().endswith("*"), line
        assert line.count("*") == 1, line


def test_json_has_value_spread_unit_direction_and_curve(record):
    found = record("a.jsonl", "b.jsonl", "--by", "topic", "--metrics", "all")
    assert found["reference"] == "uniform on the sphere"
    assert (found["pool"], found["n"]) == (24, 24)
    assert (found["additions"], found["correlations"], found["written"]) == (None, [], [])
    assert [one["name"] for one in found["sets"]] == ["a", "b"]
    assert [one["rows"] for one in found["sets"]] == [30, 36]
    for one in found["sets"]:
        assert len(one["measurements"]) == 19
        for metric, measured in one["measurements"].items():
            assert measured["metric"] == metric
            assert measured["better"] in ("higher", "lower")
            assert measured["unit"]
            assert len(measured["draws"]) == 3
            known = [value for value in measured["draws"] if value is not None]
            if len(known) == 3:
                assert measured["value"] == pytest.approx(np.mean(known))
                assert measured["deviation"] == pytest.approx(np.std(known, ddof=1))
            assert measured["pool"] == 24
        curve = one["measurements"]["ldd"]["curve"]
        assert len(curve["n"]) == len(curve["mean"]) == len(curve["deviation"])
        assert curve["n"][-1] == 24
        assert curve["mean"][-1] == pytest.approx(one["measurements"]["ldd"]["value"])
        assert one["headroom"]["k"] == 2


def test_what_is_not_defined_is_null(record, shown):
    found = record("x.npy", "--metrics", "coverage,vendi")
    assert found["sets"][0]["measurements"]["coverage"]["value"] is None
    write_lines(Path("one.jsonl"), make_rows(1))
    assert strict(shown("one.jsonl", "--json"))["sets"][0]["rows"] == 1


def test_with_json_nothing_else_is_printed(shown):
    out = shown("x.npy", "--metrics", "ldd", "--json")
    assert out.count("\n") == 1
    assert out.startswith("{")


def test_six_measures_are_taken_unless_others_are_named(record):
    six = ["ldd", "equivalent-size", "near-duplicates", "vendi", "novelsum", "distinct-2"]
    assert list(record("a.jsonl")["sets"][0]["measurements"]) == six
    assert list(record("x.npy")["sets"][0]["measurements"]) == six[:-1], "arrays have no words"


def test_what_repeats_across_inputs_is_told_first(shown, record):
    rows = ROWS["a"]
    write_lines(Path("again.jsonl"), [*rows[:15], *make_rows(5, seed=9)])
    out = shown("a.jsonl", "again.jsonl")
    (line,) = [line for line in out.splitlines() if line.split()[:1] == ["again"] and "(" in line]
    assert line.split() == ["again", "75.0", "(15)"] or "100" in line
    assert out.index("Verdict") < out.index("of the rows of again repeat a row of a")
    found = record("a.jsonl", "again.jsonl")["repeats"]
    assert found["names"] == ["a", "again"]
    assert found["exact"][1][0] == 15
    assert found["threshold"] == 0.95
    assert record("a.jsonl")["repeats"] is None


def test_many_sets_stand_below_each_other_and_fit_80_columns(shown, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    names = [f"quite-a-long-name-of-a-set-{number}" for number in range(8)]
    for number, name in enumerate(names):
        Path("some/deep/folder").mkdir(parents=True, exist_ok=True)
        write_lines(Path("some/deep/folder", f"{name}.jsonl"), make_rows(20, seed=number))
    out = shown(*(f"some/deep/folder/{name}.jsonl" for name in names))
    assert max(map(len, out.splitlines())) <= 80
    table = out[out.index("Diversity") : out.index("Means over")]
    assert "some/deep" not in table
    rows = [line.split() for line in table.splitlines() if "quite" in line]
    assert len(rows) == 8
    assert all(len(row) == 1 + 6 for row in rows), rows


# Names


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (("a.jsonl", "b.jsonl"), ["a", "b"]),
        (("sub/a.jsonl", "b.jsonl"), ["a", "b"]),
        (("a.jsonl", "sub/a.jsonl", "b.jsonl"), ["a", "sub/a", "b"]),
        (("a.jsonl", "sub/a.json"), ["a", "sub/a"]),
        (("sub/a.jsonl", "sub/a.json"), ["a.jsonl", "a.json"]),
        (("[ab].jsonl", "c.jsonl"), ["[ab]", "c"]),
        (("sub/*.jsonl", "c.jsonl"), ["sub/*.jsonl", "c"]),
        (("a.jsonl", "sub/a.jsonl", "sub/a.jsonl.jsonl"), ["a", "sub/a", "a.jsonl"]),
    ],
)
def test_names_are_as_short_as_tells_data_sets_apart(folder, record, paths, names):
    (folder / "sub").mkdir()
    for name in ("a.jsonl", "a.jsonl.jsonl"):
        write_lines(folder / "sub" / name, make_rows(12, seed=7))
    (folder / "sub" / "a.json").write_text(json.dumps(make_rows(12, seed=8)))
    found = record(*paths, "--metrics", "distinct-1")
    assert [one["name"] for one in found["sets"]] == names


def test_a_quoted_glob_is_one_data_set(record, shown):
    found = record("[ab].jsonl", "--metrics", "vendi,sources")
    (one,) = found["sets"]
    assert one["rows"] == 66
    assert one["measurements"]["sources"]["value"] == 2
    out = shown("[ab].jsonl", "--metrics", "vendi")
    assert "a.jsonl" in out
    assert "b.jsonl" in out


def test_counts_may_be_written_in_thousands(record):
    shown = record("a.jsonl", "--metrics", "ldd", "--pool", "0.02k", "-n", "1e1")
    assert (shown["pool"], shown["n"]) == (20, 10)


# What a value depends on


def test_a_data_set_measures_the_same_alone_and_beside_others(record):
    """The draw is its own; only what refers to all of them may differ."""
    words = ("--pool", "24", "--metrics", FEATURE_METRICS)
    (alone,) = record("y.npy", *words)["sets"]
    for paths in (("x.npy", "y.npy"), ("y.npy", "x.npy", "z.npy"), ("z.npy", "y.npy")):
        (beside,) = [one for one in record(*paths, *words)["sets"] if one["name"] == "y"]
        assert beside == alone, paths


def test_the_order_of_data_sets_changes_no_value(record):
    metrics = ("--metrics", FEATURE_METRICS + ",coverage,partition-entropy")
    one, other = record("x.npy", "y.npy", *metrics), record("y.npy", "x.npy", *metrics)
    for name in ("ldd", "vendi", "knn", "radius"):
        values = [found["sets"][i]["measurements"][name] for found, i in ((one, 0), (other, 1))]
        assert values[0] == values[1], name
    values = [
        found["sets"][i]["measurements"]["coverage"]["value"] for found, i in ((one, 0), (other, 1))
    ]
    assert values[0] == pytest.approx(values[1], rel=1e-6)


def test_array_features_measure_the_same_as_the_array_alone(record):
    """Two data sets share one array of features, in their order."""
    both = np.concatenate([np.load("x.npy"), np.load("y.npy")])
    np.save("both.npy", both)
    words = ("--metrics", FEATURE_METRICS)
    rows = record("a.jsonl", "b.jsonl", "--features", "array:both.npy", *words)
    arrays = record("x.npy", "y.npy", *words)
    assert [one["measurements"] for one in rows["sets"]] == [
        one["measurements"] for one in arrays["sets"]
    ]


@pytest.mark.parametrize("data", [("a.jsonl", "b.jsonl"), ("x.npy", "y.npy")])
def test_the_same_call_gives_the_same_bytes(record, data):
    assert json.dumps(record(*data)) == json.dumps(record(*data))


def test_workers_change_no_bit(record, tmp_path, monkeypatch):
    def fresh(name: str, *words: str) -> dict[str, Any]:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / name))
        return record("a.jsonl", "b.jsonl", *words)

    assert fresh("one", "--workers", "1") == fresh("two", "--workers", "2")


def test_the_seed_changes_draws_and_only_them(record):
    first, second = (record("x.npy", "--metrics", "ldd", "--seed", seed) for seed in "01")
    assert first["sets"][0]["rows"] == second["sets"][0]["rows"]
    draws = [one["sets"][0]["measurements"]["ldd"]["draws"] for one in (first, second)]
    assert not set(draws[0]) & set(draws[1]), "neighbouring seeds share no draw"


# References


def test_the_second_call_computes_no_reference(record, greedy_runs):
    first = record("x.npy", "y.npy", "--metrics", "ldd")
    assert len(greedy_runs) == 2 * 3 + 3, "two sets and one reference a draw"
    greedy_runs.clear()
    assert record("x.npy", "y.npy", "--metrics", "ldd") == first
    assert len(greedy_runs) == 2 * 3, "the references come from the cache"


def test_without_a_cache_a_reference_is_computed_once_a_draw(record, greedy_runs):
    """As many data sets as there are share it."""
    record("x.npy", "y.npy", "--reference", "z.npy", "--metrics", "ldd", "--draws", "2")
    assert len(greedy_runs) == 2 * 2 + 2


def test_a_longer_curve_serves_a_shorter_n_bit_for_bit(record, greedy_runs, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "fresh"))
    fresh = record("x.npy", "--metrics", "ldd", "-n", "9")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "kept"))
    record("x.npy", "--metrics", "ldd", "-n", "20")
    greedy_runs.clear()
    assert record("x.npy", "--metrics", "ldd", "-n", "9") == fresh
    assert len(greedy_runs) == 3, "the data's own runs"
    greedy_runs.clear()
    record("x.npy", "--metrics", "ldd", "-n", "21")
    assert len(greedy_runs) == 6, "a longer one is computed"


def test_data_are_as_diverse_as_themselves(record):
    found = record(
        "x.npy", "--reference", "x.npy", "--pool", "30", "--metrics", "ldd,equivalent-size"
    )
    measured = found["sets"][0]["measurements"]
    assert measured["ldd"]["value"] == pytest.approx(0, abs=1e-5)
    assert measured["equivalent-size"]["value"] == 30
    assert found["reference"] == "x.npy"


# New data, subsets, scores, figures


def test_new_data_rank_above_a_copy_whatever_their_order(folder, record):
    current = np.load("z.npy")
    np.save("copy.npy", current[::-1][:20])
    rng = np.random.default_rng(9)
    half = np.concatenate([current[:10], rng.normal(size=(10, 8))])
    np.save("half.npy", half)
    np.save("new.npy", rng.normal(size=(20, 8)))
    files = ["copy.npy", "new.npy", "half.npy"]
    found = [record(*order, "--given", "z.npy") for order in (files, files[::-1])]
    for one in found:
        added = one["additions"]["files"]
        assert [file["name"] for file in added] == ["new", "half", "copy"]
        assert added[-1]["repeated"] == 1
        assert added[-1]["equivalent"] == 0
        assert added[-1]["residual_sum"] == pytest.approx(0, abs=1e-3)
        assert one["additions"]["current_rows"] == 40
        (said,) = [line for line in one["verdict"] if line.startswith("copy:")]
        assert "adds next to nothing" in said
    assert found[0]["additions"] == found[1]["additions"]


def test_the_table_of_new_data_has_more_of_the_same_below(shown):
    out = shown("a.jsonl", "b.jsonl", "--given", "c.jsonl")
    assert "What new data add" in out
    assert "more of the same" in out
    assert "Given 40 current rows" in out


def test_a_selection_has_a_lower_ldd_than_random_rows(folder, record, capsys):
    words = ["select", "c.jsonl", "-k", "10", "--run", "run", "-o", "picked.jsonl"]
    assert main(words) == 0
    capsys.readouterr()
    found = record("c.jsonl", "--subset", "run,run/ids.txt")
    picked, again, random = found["sets"]
    assert (picked["name"], again["name"], random["name"]) == ("run", "run/ids.txt", "random rows")
    assert picked["measurements"] == again["measurements"]
    ldd = [one["measurements"]["ldd"]["value"] for one in (picked, random)]
    assert ldd[0] < ldd[1]
    assert (found["pool"], found["n"]) == (40, 10)


def test_scores_name_data_sets_and_are_correlated_with_every_measure(shown, record):
    Path("s.csv").write_text("name,score\nx,1\nz,3\ny,2\n")
    words = ("x.npy", "y.npy", "z.npy", "--scores", "s.csv", "--metrics", FEATURE_METRICS)
    found = record(*words)["correlations"]
    assert {one["metric"] for one in found} == set(FEATURE_METRICS.split(","))
    defined = [one for one in found if one["spearman"] is not None]
    assert defined
    sizes = [abs(one["spearman"]) for one in defined]
    assert sizes == sorted(sizes, reverse=True)
    assert found[: len(defined)] == defined, "what is not defined comes last"
    assert "Correlation with scores" in shown(*words)


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_a_figure_is_written_whole_and_named(folder, record, suffix):
    pytest.importorskip("matplotlib")
    found = record("x.npy", "y.npy", "--metrics", "ldd,knn", "--plot", f"p.{suffix}")
    assert found["written"] == [f"p.{suffix}"]
    head = (folder / f"p.{suffix}").read_bytes()[:5]
    assert head in (b"<?xml", b"\x89PNG\r")
    assert [path.name for path in folder.iterdir() if path.name.startswith((".", "p."))] == [
        f"p.{suffix}"
    ]


def test_json_has_what_the_tables_show(record):
    np.save("few.npy", np.random.default_rng(0).normal(size=(60, 5)))
    np.save("more.npy", np.random.default_rng(1).normal(size=(9, 5)))
    added = record("more.npy", "--given", "few.npy")["additions"]
    (one,) = added["files"]
    assert one["mean_residual"] == pytest.approx(one["residual_sum"] / 9)
    assert added["same"]["mean_residual"] > 0
    room = record("few.npy", "--metrics", "ldd")["sets"][0]["headroom"]
    picked, rows, uniform = (np.mean(room[name]) for name in ("picked", "random", "uniform"))
    assert room["ratio"] == pytest.approx(picked / rows * uniform / room["k"])
