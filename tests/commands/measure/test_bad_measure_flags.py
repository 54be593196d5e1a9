"""Numbers, measures, settings and flags that cannot be meant are named before any work."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.commands.measure.measured import LDD, measured, values, words_only
from tests.commands.refusals import snapshot


def test_the_control_run_is_accepted_and_leaves_nothing(spanset):
    """Without it, the refusals below could all be for another reason."""
    before = snapshot(Path())
    assert set(values(measured(spanset, "x.npy", *LDD))) == {"ldd"}
    assert snapshot(Path()) == before


@pytest.mark.parametrize(
    ("words", "where", "says"),
    [
        (["-n", "25"], "-n: ", ("24 rows", "80 %", "--pool")),
        (["-n", "0"], "-n: ", ("1 or more",)),
        (["-n", "-1"], "-n: ", ("1 or more",)),
        (["-n", "many"], "-n: ", ("'many' is no count", "10k")),
        (["--pool", "1,5k"], "--pool: ", ("'1,5k' is no count", "10k")),
        (["--pool", "31"], "--pool: ", ("31 rows", "smallest", "30 usable")),
        (["--pool", "20", "-n", "21"], "-n: ", ("21", "20 rows")),
        (["--pool", "0"], "--pool: ", ()),
        (["--pool", "-5"], "--pool: ", ()),
        (["--draws", "0"], "--draws: ", ()),
        (["--draws", "-1"], "--draws: ", ()),
        (["--draws", "two"], "--draws", ("two",)),
        (["--seed", "-1"], "--seed: ", ("negative",)),
        (["--workers", "-1"], "--workers: ", ("negative",)),
        (["--gamma", "0"], "--gamma: ", ()),
        (["--gamma", "nan"], "--gamma: ", ()),
        (["--gamma", "auto:0"], "--gamma: ", ("auto:1000",)),
        (["--gamma", "auto:9", "--kernel", "cosine"], "--gamma: ", ("no gamma",)),
        (["--kernel", "arccos0"], "--dtype: ", ("float64",)),
        (["--no-normalize"], "--no-normalize: ", ("unit sphere", "--reference")),
        (["--no-normalize", "--given", "z.npy"], "--no-normalize: ", ("--given",)),
        (["--dtype", "float16"], "--dtype", ()),
    ],
    ids=words_only,
)
def test_a_number_that_does_not_fit_is_named(spanset, words, where, says):
    spanset.refuses("measure", "x.npy", "y.npy", *words, code=2, where=where, says=says)


def test_the_smallest_data_set_bounds_the_pool(spanset):
    spanset.refuses("measure", "z.npy", "x.npy", "--pool", "31", code=2, says=("30 usable rows",))
    assert measured(spanset, "z.npy", "x.npy", "--pool", "30", *LDD)["pool"] == 30


@pytest.mark.parametrize(
    ("metrics", "where", "says"),
    [
        ("bogus", "--metrics: ", ("'bogus'", "vendi", "knn:")),
        ("LDD", "--metrics: ", ("'LDD'", "ldd")),
        ("", "--metrics: ", ("''",)),
        (",", "--metrics: ", ("''",)),
        ("ldd,,vendi", "--metrics: ", ("''",)),
        ("vendi:", "--metrics: ", ("'vendi:'", "vendi:")),
        ("vendi:0", "--metrics: ", ("positive order",)),
        ("vendi:-1", "--metrics: ", ("positive order",)),
        ("vendi:nan", "--metrics: ", ("positive order",)),
        ("vendi:x", "--metrics: ", ("'vendi:x'", "positive order")),
        ("knn:0", "--metrics: ", ("1 to 10",)),
        ("knn:99", "--metrics: ", ("1 to 10",)),
        ("knn:1.5", "--metrics: ", ("1 to 10",)),
        ("near-duplicates:2", "--metrics: ", ("cosine below 1",)),
        ("near-duplicates:nan", "--metrics: ", ("cosine below 1",)),
        ("categories", "--metrics: ", ("categories:",)),
        ("categories:", "--metrics: ", ("categories:",)),
        ("ldd:", "--metrics: ", ("ldd:",)),
        ("ldd:x", "--metrics: ", ("clamp or drop",)),
        ("coverage:5", "--metrics: ", ("'coverage:5'",)),
        ("\x1b[2J[/b]", "--metrics: ", ("\\x1b[2J[/b]",)),
    ],
)
def test_a_measure_that_is_none_is_named_before_any_work(spanset, metrics, where, says):
    spanset.refuses("measure", "none.npy", "--metrics", metrics, code=2, where=where, says=says)


@pytest.mark.parametrize("metric", ["vocd-d", "categories:topic", "distinct-1,sources"])
def test_features_alone_cannot_be_measured_by_their_words(spanset, metric):
    spanset.refuses(
        "measure", "x.npy", "--metrics", metric, code=2, where="--metrics: ", says=("rows",)
    )


def test_a_field_that_no_row_has_is_named(spanset):
    says = ("'nofield'", "topic")
    spanset.refuses("measure", "a.jsonl", "--by", "nofield", code=1, where="--by: ", says=says)


def test_a_field_without_a_name_is_refused(spanset):
    spanset.refuses("measure", "a.jsonl", "--by", "", code=2, where="--by: ")


@pytest.mark.parametrize(
    ("words", "where", "says"),
    [
        (["--given", "y.npy", "--subset", "ids.txt"], "--subset: ", ("--given",)),
        (["--given", "y.npy", "--scores", "s.csv"], "--scores: ", ("--given",)),
        (["--subset", "ids.txt", "--scores", "s.csv"], "--scores: ", ("--subset",)),
        (["--given", "y.npy", "--plot", "p.svg"], "--plot: ", ("new data",)),
        (["z.npy", "--subset", "ids.txt"], "--subset: ", ("one data set", "2 are given")),
        (["--given", "y.npy", "--pool", "10"], "--pool: ", ("--given",)),
        (["--given", "y.npy", "--metrics", "ldd"], "--metrics: ", ("--given",)),
        (["--subset", "ids.txt", "--pool", "10"], "--pool: ", ("--subset",)),
    ],
    ids=words_only,
)
def test_flags_that_ask_for_different_things_are_named(spanset, words, where, says):
    Path("ids.txt").write_text("1\n2\n")
    Path("s.csv").write_text("name,score\nx,1\n")
    spanset.refuses("measure", "x.npy", *words, code=2, where=where, says=says)


def test_settings_come_from_their_section(spanset):
    Path("c.toml").write_text('[measure]\ndata = ["x.npy"]\nmetrics = ["knn"]\ndraws = 2\n')
    record = measured(spanset, "--config", "c.toml")
    assert len(record["sets"][0]["measurements"]["knn"]["draws"]) == 2
    flagged = measured(spanset, "--config", "c.toml", "--draws", "1")
    assert len(flagged["sets"][0]["measurements"]["knn"]["draws"]) == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[measure]\ndata = ["x.npy"]\nbogus = 1\n', ("bogus", "c.toml")),
        ("[measure]\ndraws = [1]\n", ("draws", "[1]")),
        ('[measure]\ndata = ["x.npy"]\ndraws = "many"\n', ("draws", "many")),
        ("[measured]\n", ("'measured'",)),
        ("measure = 3\n", ("measure",)),
        ("[select]\n", ("no data",)),
        ("[measure\n", ("c.toml",)),
    ],
)
def test_settings_that_do_not_fit_are_named(spanset, text, says):
    Path("c.toml").write_text(text)
    spanset.refuses("measure", "--config", "c.toml", code=2, says=says)
