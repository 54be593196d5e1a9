"""Every mistake with `spanset measure` ends in one message, and nothing is left behind.

As in test_bad_input: what, where, why where that is not plain, and what to do; exit code 1 for
data, 2 for usage; the working folder stays as it was. Data at the edge that can be measured are
measured, without a warning.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import zipfile
from importlib import util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.commands.test_bad_input import Commands, Ended, changed, snapshot, spanset_command
from tests.conftest import make_rows, write_lines

from spanset.commands.terminal.watching import TerminalWatcher
from spanset.report import figures

X = np.random.default_rng(0).normal(size=(30, 8))
ARRAYS = {
    "x": X,
    "y": np.random.default_rng(1).normal(size=(36, 8)),
    "z": np.random.default_rng(2).normal(size=(40, 8)),
    "narrow": np.random.default_rng(3).normal(size=(40, 5)),
}
ROWS = {"a": make_rows(20), "b": make_rows(25, seed=1)}
LDD = ("--metrics", "ldd")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder: arrays x, y, z of 30, 36 and 40 rows; rows a and b; no user's cache."""
    place = tmp_path / "work"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    for name, array in ARRAYS.items():
        np.save(f"{name}.npy", array)
    for name, rows in ROWS.items():
        write_lines(place / f"{name}.jsonl", rows)
    return place


@pytest.fixture
def spanset(folder, capsys):
    """The command line in that folder."""
    return Commands(capsys)


def measured(spanset: Commands, *arguments: str) -> dict[str, Any]:
    """What the command prints as JSON; no warning beside it, and numbers that JSON has."""
    ended = spanset.run("measure", *arguments, "--json")
    assert (ended.code, ended.err) == (0, ""), ended.err
    return json.loads(ended.out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def values(record: dict[str, Any], number: int = 0) -> dict[str, float]:
    found = record["sets"][number]["measurements"]
    return {metric: one["value"] for metric, one in found.items()}


def words_only(value: object) -> str | None:
    """Name of a case: its words on the command line."""
    return " ".join(map(str, value)) if isinstance(value, list) else None


def test_the_control_run_is_accepted_and_leaves_nothing(spanset):
    """Without it, the refusals below could all be for another reason."""
    before = snapshot(Path())
    assert set(values(measured(spanset, "x.npy", *LDD))) == {"ldd"}
    assert snapshot(Path()) == before


# Numbers


@pytest.mark.parametrize(
    ("words", "where", "says"),
    [
        (["-n", "25"], "-n: ", ("24 rows", "80 %", "--pool")),
        (["-n", "0"], "-n: ", ("1 or more",)),
        (["-n", "-1"], "-n: ", ("1 or more",)),
        (["-n", "many"], "-n", ("many",)),
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


# Metrics


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


# Data


@pytest.mark.parametrize(
    ("data", "code", "where", "says"),
    [
        pytest.param((), 2, "DATA: ", ("at least one file",), id="nothing"),
        pytest.param(("none.jsonl",), 1, "none.jsonl: ", ("no such file",), id="no-such-file"),
        pytest.param(("none.npy",), 1, "none.npy: ", ("no such file",), id="no-such-array"),
        pytest.param(("no*.jsonl",), 1, "no*.jsonl: ", ("no file matches",), id="glob"),
        pytest.param(("?.npy",), 1, "?.npy: ", ("pattern",), id="glob-of-arrays"),
        pytest.param((".",), 1, ".: ", ("folder",), id="folder"),
        pytest.param(("x.npy", "a.jsonl"), 2, "a.jsonl: ", ("mixed", "--features"), id="mixed"),
        pytest.param(("a.jsonl", "x.npy"), 2, "a.jsonl: ", ("mixed",), id="mixed-turned"),
        pytest.param(
            ("x.npy", "narrow.npy"), 1, "narrow.npy: ", ("5 columns", "x.npy has 8"), id="columns"
        ),
        pytest.param(("x.npy", "x.npy"), 2, "x.npy: ", ("twice", "once"), id="array-twice"),
        pytest.param(("a.jsonl", "a.jsonl"), 2, "a.jsonl: ", ("twice",), id="rows-twice"),
        pytest.param(("a.jsonl", "./a.jsonl"), 2, "./a.jsonl: ", ("twice", "'a.jsonl'"), id="dot"),
        pytest.param(("\x1b[2Jno.jsonl",), 1, "\\x1b[2Jno.jsonl: ", (), id="control-characters"),
    ],
)
def test_data_that_cannot_be_measured_are_named(spanset, data, code, where, says):
    spanset.refuses("measure", *data, code=code, where=where, says=says)


def save_archive(path: str) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("words", "no array")


def save_header(path: str) -> None:
    """An array that says it has more rows than any disk holds."""
    with Path(path).open("wb") as file:
        header = {"descr": "<f8", "fortran_order": False, "shape": (10**15, 8)}
        np.lib.format.write_array_header_1_0(file, header)


BAD_ARRAYS = {
    "not-a-number": (lambda p: np.save(p, changed(X, 3, np.nan)), ("row 3", "not finite")),
    "infinite": (lambda p: np.save(p, changed(X, 29, np.inf)), ("row 29", "not finite")),
    "zero-row": (lambda p: np.save(p, changed(X, 0, 0.0)), ("row 0", "zeros")),
    "one-dimension": (lambda p: np.save(p, X[0]), ("shape (8,)",)),
    "three-dimensions": (lambda p: np.save(p, X[None]), ("shape (1, 30, 8)",)),
    "no-rows": (lambda p: np.save(p, X[:0]), ("shape (0, 8)",)),
    "no-columns": (lambda p: np.save(p, X[:, :0]), ("shape (30, 0)",)),
    "objects": (lambda p: np.save(p, np.array([{}]), allow_pickle=True), ("no plain array",)),
    "complex": (lambda p: np.save(p, X + 1j), ("complex128",)),
    "text": (lambda p: np.save(p, X.astype(str)), ("dtype <U",)),
    "pickled": (lambda p: Path(p).write_bytes(pickle.dumps(X)), ("no plain array",)),
    "empty": (lambda p: Path(p).touch(), ("no plain array",)),
    "words": (lambda p: Path(p).write_text("1 2 3\n"), ("no plain array",)),
    "archive": (save_archive, ("archive",)),
    "broken-archive": (lambda p: Path(p).write_bytes(b"PK\x03\x04 no more"), ("no plain array",)),
    "header-only": (save_header, ("no plain array",)),
    "folder": (lambda p: Path(p).mkdir(), ("folder",)),
}


@pytest.mark.parametrize(
    "case",
    list(BAD_ARRAYS),
)
def test_an_array_that_holds_no_features_is_named(spanset, case):
    save, says = BAD_ARRAYS[case]
    save("bad.npy")
    spanset.refuses("measure", "x.npy", "bad.npy", code=1, where="bad.npy: ", says=says)


@pytest.mark.parametrize("flag", ["--given", "--reference"])
@pytest.mark.parametrize("case", ["not-a-number", "zero-row", "one-dimension", "pickled"])
def test_such_an_array_is_named_as_more_data_too(spanset, flag, case):
    save, says = BAD_ARRAYS[case]
    save("bad.npy")
    spanset.refuses("measure", "x.npy", flag, "bad.npy", code=1, where="bad.npy: ", says=says)


@pytest.mark.parametrize(
    ("words", "where"),
    [
        (["--features", "array:x.npy"], "--features: "),
        (["--features", "lexical"], "--features: "),
        (["--model", "m"], "--features: "),
    ],
    ids=words_only,
)
def test_features_need_no_features(spanset, words, where):
    spanset.refuses("measure", "x.npy", *words, code=2, where=where, says=("already",))


@pytest.mark.parametrize("rows", [20, 25, 44, 46])
def test_array_features_have_a_row_for_each_row_of_all_data_sets(spanset, rows):
    np.save("f.npy", np.random.default_rng(2).normal(size=(rows, 4)))
    words = ("a.jsonl", "b.jsonl", "--features", "array:f.npy")
    says = (f"{rows} rows", "data 45")
    spanset.refuses("measure", *words, code=1, where="f.npy: ", says=says)


def test_rows_that_cannot_be_read_are_named_with_their_line(spanset):
    Path("bad.jsonl").write_text('{"instruction": "a", "output": "b"}\n{"instruction": \n')
    spanset.refuses("measure", "a.jsonl", "bad.jsonl", code=1, where="bad.jsonl:2: ")
    Path("none.jsonl").write_text('{"instruction": "a", "output": ""}\n')
    spanset.refuses("measure", "a.jsonl", "none.jsonl", code=1, where="none.jsonl")


# More data: --given and --reference


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
@pytest.mark.parametrize("path", ["none.jsonl", "none.npy", "no*.jsonl", "."])
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


# Flags that do not go together


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


# Subsets


@pytest.mark.parametrize(
    ("lines", "where", "says"),
    [
        pytest.param("a\n", "ids.txt:1: ", ("'a'",), id="word"),
        pytest.param("1\n\n2.0\n", "ids.txt:3: ", ("'2.0'",), id="number-with-a-point"),
        pytest.param("-1\n", "ids.txt:1: ", ("'-1'",), id="negative"),
        pytest.param("1 2\n", "ids.txt:1: ", ("'1 2'",), id="two-a-line"),
        pytest.param("9" * 40 + "\n", "ids.txt:1: ", (), id="too-many-digits"),
        pytest.param("9" * 18 + "\n", "ids.txt: ", ("usable rows",), id="huge"),
        pytest.param("4\n5\n4\n", "ids.txt:3: ", ("twice", "line 1"), id="twice"),
        pytest.param("4\n30\n", "ids.txt: ", ("row 30", "1 of 2", "30 usable"), id="out-of-range"),
        pytest.param("", "ids.txt: ", ("no row number",), id="empty"),
        pytest.param("\n \n", "ids.txt: ", ("no row number",), id="blank"),
        pytest.param("\x1b[2J\n", "ids.txt:1: ", ("\\x1b[2J",), id="escape"),
    ],
)
def test_row_numbers_that_are_none_are_named_with_their_line(spanset, lines, where, says):
    Path("ids.txt").write_text(lines)
    spanset.refuses("measure", "x.npy", "--subset", "ids.txt", code=1, where=where, says=says)


@pytest.mark.parametrize(
    ("path", "where", "says"),
    [
        ("none.txt", "none.txt: ", ("no such file",)),
        ("run", "run/ids.txt: ", ("no such file",)),
        ("y.npy", "y.npy: ", ("row numbers",)),
        ("ids.txt,none.txt", "none.txt: ", ("no such file",)),
    ],
)
def test_a_subset_that_cannot_be_read_is_named(spanset, path, where, says):
    Path("run").mkdir()
    Path("ids.txt").write_text("1\n2\n")
    spanset.refuses("measure", "x.npy", "--subset", path, code=1, where=where, says=says)


@pytest.mark.parametrize("path", ["", ","])
def test_a_subset_without_a_name_is_refused(spanset, path):
    spanset.refuses("measure", "x.npy", "--subset", path, code=2, where="--subset: ")


def test_the_shortest_subset_bounds_n_and_is_called_so(spanset):
    Path("ids.txt").write_text("1\n2\n3\n")
    words = ("x.npy", "--subset", "ids.txt", "-n", "4")
    err = spanset.refuses("measure", *words, code=2, where="-n: ", says=("3 rows", "subset"))
    assert "--pool" not in err, "there is no pool to enlarge"


@pytest.mark.parametrize("metric", ["vendi", "extent", "vocd-d,knn"])
def test_a_subset_is_measured_by_its_volume_only(spanset, metric):
    Path("ids.txt").write_text("1\n2\n3\n")
    words = ("x.npy", "--subset", "ids.txt", "--metrics", metric)
    spanset.refuses("measure", *words, code=2, where="--metrics: ", says=())


def test_rows_that_were_left_out_when_reading_are_not_in_a_subset(spanset):
    rows = make_rows(12)
    rows[3]["output"] = ""
    write_lines(Path("c.jsonl"), rows)
    Path("ids.txt").write_text("2\n4\n3\n")
    words = ("c.jsonl", "--subset", "ids.txt")
    spanset.refuses("measure", *words, code=1, where="ids.txt: ", says=("row 3", "11 usable"))
    Path("ids.txt").write_text("2\n4\n11\n")
    assert measured(spanset, *words)["sets"][0]["rows"] == 3


# Scores


@pytest.mark.parametrize(
    ("text", "code", "where", "says"),
    [
        pytest.param("", 1, "s.csv: ", ("empty", "name,score"), id="empty"),
        pytest.param("a,b\nx,1\n", 1, "s.csv:1: ", ("'name'", "a, b"), id="no-header"),
        pytest.param("name,score\nx,1\ny,2\nz,bad\n", 1, "s.csv:4: ", ("'bad'",), id="word"),
        pytest.param("name,score\nx,1\ny,nan\nz,3\n", 1, "s.csv:3: ", ("'nan'",), id="nan"),
        pytest.param("name,score\nx,1\ny,\nz,3\n", 1, "s.csv:3: ", (), id="blank"),
        pytest.param("name,score\nx,1\nx,2\ny,3\n", 1, "s.csv:3: ", ("twice", "line 2"), id="two"),
        pytest.param("name,score\nx,1\ny,2\n", 2, "s.csv: ", ("without a score: z",), id="fewer"),
        pytest.param(
            "name,score\nx,1\ny,2\nw,3\n", 2, "s.csv: ", ("score: z", "no data set: w"), id="other"
        ),
        pytest.param(
            "name,score\nx,1\ny,2\nz,3\nw,4\n", 2, "s.csv: ", ("no data set: w",), id="more"
        ),
    ],
)
def test_scores_that_do_not_fit_are_named_before_any_work(spanset, text, code, where, says):
    Path("s.csv").write_text(text)
    words = ("x.npy", "y.npy", "z.npy", "--scores", "s.csv")
    spanset.refuses("measure", *words, code=code, where=where, says=says)


def test_scores_need_three_data_sets(spanset):
    Path("s.csv").write_text("name,score\nx,1\ny,2\n")
    words = ("measure", "x.npy", "y.npy", "--scores", "s.csv")
    spanset.refuses(*words, code=2, where="s.csv: ", says=("3 data sets", "2 given"))


@pytest.mark.parametrize("path", ["none.csv", ".", "x.npy"])
def test_scores_that_cannot_be_read_are_named(spanset, path):
    words = ("measure", "x.npy", "y.npy", "z.npy", "--scores", path)
    spanset.refuses(*words, code=1, where=f"{path}: ")


# Figures


@pytest.mark.parametrize(
    ("path", "where", "says"),
    [
        ("p.pdf", "--plot: ", (".png or .svg",)),
        ("p", "--plot: ", (".png or .svg",)),
        ("", "--plot: ", (".png or .svg",)),
        ("there.svg", "there.svg: ", ("exists", "--force")),
        ("nofolder/p.svg", "nofolder/p.svg: ", ("mkdir -p nofolder",)),
        ("folder.svg", "folder.svg: ", ("folder",)),
    ],
)
def test_a_figure_that_cannot_be_written_is_refused_before_any_work(spanset, path, where, says):
    Path("there.svg").write_text("mine")
    Path("folder.svg").mkdir()
    spanset.refuses("measure", "none.npy", "--plot", path, code=2, where=where, says=says)


def test_a_figure_never_replaces_a_folder(spanset):
    Path("folder.svg").mkdir()
    words = ("measure", "x.npy", "--plot", "folder.svg", "--force")
    spanset.refuses(*words, code=2, where="folder.svg: ")


def test_a_figure_without_matplotlib_names_the_extra(spanset, monkeypatch):
    def find(name: str) -> object:
        return None if name == "matplotlib" else util.find_spec(name)

    monkeypatch.setattr(figures, "find_spec", find)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    ended = spanset.run("measure", "x.npy", "--plot", "p.svg")
    assert ended.code == 2
    assert "'matplotlib' is not installed" in ended.err
    assert "fix: pip install 'spanset[plot]'" in ended.err
    assert "Traceback" not in ended.err
    assert not Path("p.svg").exists()


def test_a_figure_that_fails_half_way_leaves_nothing(spanset, monkeypatch):
    matplotlib = pytest.importorskip("matplotlib.figure")

    def full(_: object, file: Any, **__: object) -> None:
        file.write(b"half a figure")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(matplotlib.Figure, "savefig", full)
    words = ("measure", "x.npy", *LDD, "--plot", "p.svg")
    spanset.refuses(*words, code=1, where="p.svg: ", says=("No space left",))


# Settings from a file


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


# Data at the edge that can be measured


@pytest.mark.filterwarnings("error")
def test_one_row_is_measured_without_a_warning(spanset):
    write_lines(Path("one.jsonl"), make_rows(1))
    np.save("one.npy", X[:1])
    for name in ("one.jsonl", "one.npy"):
        record = measured(spanset, name)
        assert (record["pool"], record["n"]) == (1, 1)
        found = values(record)
        assert (found["ldd"], found["equivalent-size"], found["vendi"]) == (0, 1, 1)
        assert found["knn"] is None
        assert found["mean-distance"] is None
        shown = spanset.run("measure", name, *LDD, "--metrics", "vendi,knn")
        assert (shown.code, shown.err) == (0, "")
        assert "knn" not in shown.out.replace("knn:", ""), (
            "a measure that is not defined is left out"
        )


@pytest.mark.filterwarnings("error")
def test_a_row_beside_others_shows_a_dash_for_what_it_lacks(spanset):
    np.save("one.npy", X[:1])
    record = measured(spanset, "one.npy", "x.npy")
    assert (record["pool"], record["n"]) == (1, 1)
    assert values(record, 0)["coverage"] is not None


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", ["rows", "features"])
def test_equal_rows_are_told_to_repeat_each_other(spanset, kind):
    if kind == "rows":
        write_lines(Path("same.jsonl"), make_rows(1) * 25)
    else:
        np.save("same.npy", np.repeat(X[:1], 25, axis=0))
    name = {"rows": "same.jsonl", "features": "same.npy"}[kind]
    record = measured(spanset, name)
    found = values(record)
    assert found["floor-share"] == pytest.approx(19 / 20)
    assert found["equivalent-size"] == 1
    assert found["near-duplicates"] == 1
    assert found["vendi"] == pytest.approx(1, abs=1e-4)
    assert found["ldd"] > 5
    text = " ".join(record["verdict"])
    assert "much of it is redundant" in text
    assert "100 % of the rows nearly repeat" in text
    assert "likely to help" not in text


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rank", ["dimension", "copies"])
def test_a_rank_that_ends_before_n_is_no_error(spanset, rank):
    rng = np.random.default_rng(3)
    low = rng.normal(size=(60, 2)) if rank == "dimension" else np.repeat(X[:10], 6, axis=0)
    np.save("low.npy", low)
    record = measured(spanset, "low.npy")
    found = values(record)
    assert record["n"] == 48
    assert found["floor-share"] > 0.5
    assert found["equivalent-size"] <= 48
    assert np.isfinite(found["ldd"])


@pytest.mark.filterwarnings("error")
def test_one_column_is_measured(spanset):
    """Rows are then 1 or -1: two points, and the reference has no more."""
    np.save("line.npy", np.random.default_rng(0).normal(size=(20, 1)))
    found = values(measured(spanset, "line.npy", "--draws", "1"))
    assert np.isfinite(found["ldd"])
    assert found["equivalent-size"] <= 2


@pytest.mark.parametrize("dtype", [np.float16, np.int8, ">f8", np.uint64])
def test_numbers_of_every_kind_are_features(spanset, dtype):
    np.save("kind.npy", (10 * np.abs(X) + 1).astype(dtype))
    assert np.isfinite(values(measured(spanset, "kind.npy", *LDD))["ldd"])


# What is printed


def test_names_and_rows_cannot_drive_the_terminal(spanset):
    hostile = "\x1b[2J\x9b31m\x07[/b]"
    rows = make_rows(12)
    for row in rows:
        row["instruction"] += hostile
        row[hostile] = hostile
        row["topic"] = hostile
    write_lines(Path("\x1b[2Jq\x9b31m.jsonl"), rows)
    np.save("\x1b[2J\x9bw.npy", X)
    runs = [
        ("\x1b[2Jq\x9b31m.jsonl", "a.jsonl", "--by", "topic", "--by", hostile),
        ("x.npy", "\x1b[2J\x9bw.npy"),
        ("x.npy", "--reference", "\x1b[2J\x9bw.npy"),
        ("x.npy", "--given", "\x1b[2J\x9bw.npy"),
        ("\x1b[2J\x9bw.npy", "--given", "x.npy"),
    ]
    for words in runs:
        for more in ((), ("--json",)):
            metrics = () if "--given" in words else LDD
            ended = spanset.run("measure", *words, *metrics, *more)
            assert ended.code == 0, ended.err
            raw = {c for c in ended.out + ended.err if not c.isprintable()} - {"\n"}
            # A field is named by the user's own hand, and JSON escapes what it must.
            assert raw <= ({"\x9b"} if more else set()), f"{words!a} {more}: {raw!a}"


def test_what_looks_like_markup_is_shown_as_it_is(spanset):
    """Rich would read [/b] as a closing tag without an opening one, and fail."""
    rows = [{**row, "[/b]": 1, ":key:": 2} for row in make_rows(12)]
    write_lines(Path(":key:[b].jsonl"), rows)
    ended = spanset.run(
        "measure", ":key:[[]b].jsonl", *LDD, "--by", "[/b]", "--by", ":key:", "--draws", "1"
    )
    assert ended.code == 0, ended.err
    for shown in ("categories:[/b]", "categories::key:", ":key:[b].jsonl"):
        assert shown in ended.out
    np.save(":key:[b].npy", X)
    assert measured(spanset, ":key:[b].npy", *LDD)["sets"][0]["name"] == ":key:[b]"
    shown = spanset.run("measure", "x.npy", *LDD, "--reference", ":key:[b].npy").out
    assert "against:key:[b].npy" in "".join(shown.split())


def test_progress_shows_names_as_they_are(spanset, monkeypatch):
    monkeypatch.setattr("spanset.commands.terminal.watching.PLAIN_EVERY", -1.0)
    np.save("[b]:key:\x1b[2J.npy", X)
    ended = spanset.run("measure", "[b]:key:\x1b[2J.npy", *LDD)
    assert ended.code == 0
    assert "[b]:key:\\x1b[2J: ldd, draw 1 of 3" in ended.err


def test_a_bar_shows_names_that_look_like_markup(monkeypatch):
    from io import StringIO

    from rich.console import Console

    from spanset.diversity.matched import MeasuringProgress

    out = StringIO()
    watcher = TerminalWatcher(Console(file=out, force_terminal=True, width=80))
    with watcher.stage("measure"):
        watcher.progress(MeasuringProgress(1, 3, "d[/b]/x.npy: ldd, draw 1 of 3"))
        watcher._bar.refresh()
    assert "d[/b]/x.npy" in out.getvalue()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("more", [[], ["--json"]], ids=["table", "json"])
def test_an_output_that_is_full_is_an_error_like_any_other(folder, more):
    before = snapshot(folder)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [spanset_command(), "measure", "x.npy", *LDD, *more],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("error: standard output: cannot print the result\n")
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr
    assert snapshot(folder) == before


# The cache of references


@pytest.mark.parametrize("below", ["", "folder"])
def test_a_cache_that_cannot_be_written_is_told_once_and_changes_nothing(
    spanset, tmp_path, monkeypatch, below
):
    wanted = spanset.run("measure", "x.npy", *LDD)
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file" / below))
    ended = spanset.run("measure", "x.npy", *LDD)
    assert ended.code == 0
    assert "the reference curve is not kept in" in ended.err
    assert "Not a directory" in ended.err
    assert table(ended) == table(wanted)


def table(ended: Ended) -> str:
    return ended.out.split("seconds")[0]


def save_huge(path: Path) -> None:
    with path.open("wb") as file:
        header = {"descr": "<f8", "fortran_order": False, "shape": (10**13,)}
        np.lib.format.write_array_header_1_0(file, header)


DAMAGED = {
    "empty": lambda path: path.write_bytes(b""),
    "garbage": lambda path: path.write_bytes(os.urandom(300)),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-9]),
    "header": lambda path: path.write_bytes(path.read_bytes()[:20] + b"\xff" * 200),
    "another-dtype": lambda path: np.save(path, np.ones(24, np.float32)),
    "another-shape": lambda path: np.save(path, np.ones((24, 2))),
    "shorter": lambda path: np.save(path, np.ones(3)),
    "nothing": lambda path: np.save(path, np.ones(0)),
    "not-a-number": lambda path: np.save(path, np.full(24, np.nan)),
    "negative": lambda path: np.save(path, np.full(24, -1.0)),
    "too-large": lambda path: np.save(path, np.full(24, 1e9)),
    "pickled": lambda path: np.save(path, np.array([{}] * 24), allow_pickle=True),
    "archive": lambda path: path.write_bytes(b"PK\x03\x04 no more"),
    "header-of-a-huge-array": save_huge,
}


@pytest.mark.parametrize("case", list(DAMAGED))
def test_a_damaged_curve_in_the_cache_is_computed_again(spanset, tmp_path, case):
    words = ("measure", "x.npy", *LDD, "--draws", "1")
    wanted = spanset.run(*words)
    (kept,) = (tmp_path / "cache" / "spanset" / "references").iterdir()
    good = kept.read_bytes()
    DAMAGED[case](kept)
    ended = spanset.run(*words)
    assert (ended.code, ended.err) == (0, "")
    assert table(ended) == table(wanted)
    assert kept.read_bytes() == good, "the damaged file is replaced"


def test_the_cache_holds_whole_files_only(spanset, tmp_path):
    assert spanset.run("measure", "x.npy", *LDD).code == 0
    kept = sorted((tmp_path / "cache" / "spanset" / "references").iterdir())
    assert len(kept) == 3
    assert all(path.suffix == ".npy" for path in kept)
