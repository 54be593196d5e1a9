"""Row numbers of a subset, and scores of data sets, that are none are named with their line."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.commands.measure.measured import measured
from tests.conftest import make_rows, write_lines


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
