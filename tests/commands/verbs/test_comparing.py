"""`spanset.compare`: the numbers of the command, and what it refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.commands.refusals import Commands
from tests.conftest import make_rows

import spanset

ROWS = 60


@pytest.fixture(scope="module")
def data():
    return spanset.read(make_rows(ROWS))


def values(record, label):
    """Measures of a choice, by size."""
    return next(one["measures"] for one in record["cells"] if one["label"] == label)


def test_the_numbers_are_those_of_the_command(folder, capsys):
    lines = [json.dumps(row) for row in make_rows(ROWS)]
    (folder / "rows.jsonl").write_text("\n".join(lines) + "\n")
    words = ("compare", "rows.jsonl", "-k", "8,20", "--method", "dpp,kcenter", "--features")
    ended = Commands(capsys).run(*words, "lexical", "--seeds", "2", "--seed", "5", "--json")
    assert ended.code == 0, ended.err
    told = json.loads(ended.out)
    rows = spanset.read("rows.jsonl")
    picks = {
        name: spanset.select(rows, 20, method=name, features="lexical", seed=5)
        for name in ("dpp", "kcenter")
    }
    found = spanset.compare(rows, picks, [20, 8], features="lexical", seeds=2, seed=5).record()
    assert found["sizes"] == [8, 20]
    labels = ["dpp", "kcenter", "random, seed 5", "random, seed 6"]
    assert [one["label"] for one in found["cells"]] == labels
    for label in labels:
        assert values(found, label) == values(told, label), label
    assert found["overlap"] == told["overlap"]
    assert [one["seconds"] for one in found["cells"]] == [None] * 4


def test_choices_are_cut_to_the_shortest_and_scores_are_their_means(data):
    score = np.arange(ROWS) % 7
    found = spanset.compare(
        data, {"first": range(9), "last": np.arange(ROWS)[::-1]}, scores={"mine": score}
    )
    assert found.sizes == [9]
    first, last = (one["measures"]["9"] for one in found.record()["cells"][:2])
    assert first["mean mine"] == pytest.approx(score[:9].mean())
    assert last["mean mine"] == pytest.approx(score[-9:].mean())


def test_rows_are_those_of_the_data_after_some_left(data):
    part = data[np.arange(10, 40)]
    own = spanset.compare(part, {"mine": [3, 5, 8]}, features="lexical").cells[0]
    assert own.found.rows == {"3": part.ids[[3, 5, 8]].tolist()}


def test_rows_in_another_order_measure_the_same(data):
    order = np.random.default_rng(0).permutation(ROWS)
    score = np.arange(ROWS)
    as_read = spanset.compare(
        data, {"mine": order[:9]}, features="lexical", scores={"s": score}, seeds=1
    )
    put = spanset.compare(
        data[order], {"mine": range(9)}, features="lexical", scores={"s": score[order]}, seeds=1
    )
    one, other = as_read.cells[0].found, put.cells[0].found
    assert one.rows == other.rows
    assert other.measures["9"]["mean s"] == one.measures["9"]["mean s"]
    assert other.measures["9"]["ldd"] == pytest.approx(one.measures["9"]["ldd"], abs=1e-4)


def test_features_that_are_given_measure_all(data):
    X = np.random.default_rng(0).normal(size=(ROWS, 5)) * np.arange(1, ROWS + 1)[:, None]
    X[1] = X[0] * 2  # the same direction
    far = spanset.compare(data, {"a": [0, 5, 9], "b": [0, 1, 9]}, features=X, metrics=["ldd"])
    a, b = (cell.found.measures["3"]["ldd"] for cell in far.cells[:2])
    assert a is not None
    assert b is not None
    assert b > a + 1, "a copy adds nothing"
    assert far.space == "the features given"


def test_it_shows_itself_on_a_line_and_as_a_table_without_seconds(data):
    found = spanset.compare(data, {"<b>": range(4)}, features="lexical", seeds=1)
    said = "<Compared: 1 choice of 4 of 60 rows, beside 1 random, by lexical>"
    assert repr(found) == said
    shown = found._repr_html_()
    assert "&lt;b&gt;" in shown
    assert "seconds" not in shown


@pytest.mark.parametrize(
    ("words", "where", "says"),
    [
        ({"candidates": {}}, "candidates", "nothing to compare"),
        ({"candidates": {"a": []}}, "candidates['a']", "no positions"),
        ({"candidates": {"a": [ROWS]}}, "candidates['a']", f"no row {ROWS}"),
        ({"k": 5}, "candidates['mine']", "has 4 rows, k is 5"),
        ({"k": 0}, "k", "k is 0"),
        ({"k": []}, "k", "k is []"),
        ({"k": 2.5}, "k", "k is 2.5"),
        ({"seeds": 0}, "seeds", "too few"),
        ({"scores": {"tokens": np.ones(ROWS)}}, "scores", "counted"),
        ({"scores": {"q": np.ones(3)}}, "scores['q']", "shape (3,)"),
        ({"scores": {"q": np.full(ROWS, np.nan)}}, "scores['q']", "row 0 is not finite"),
        ({"features": np.ones((3, 2))}, "features", "3 rows"),
        ({"features": np.zeros((ROWS, 2))}, "features", "all zeros"),
        ({"metrics": ["nonsense"]}, "metrics", "nonsense"),
    ],
)
def test_what_cannot_be_meant_is_refused(data, words, where, says):
    words = {"candidates": {"mine": range(4)}, **words}
    with pytest.raises(spanset.SpansetError) as error:
        spanset.compare(data, **words)
    assert where in str(error.value)
    assert says in str(error.value)


def test_rows_that_were_not_read_are_refused():
    with pytest.raises(spanset.UsageError, match="read it first"):
        spanset.compare(make_rows(4), {"mine": [1]})  # type: ignore[arg-type]
