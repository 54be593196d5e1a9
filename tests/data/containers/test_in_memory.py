"""Tables in memory, in and back: datasets, pandas, polars, pyarrow."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import datasets
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import spanset
from spanset.base.errors import DataError, UsageError
from spanset.data.reader import read

N = 3000
COLUMNS: dict[str, Any] = {
    "question": [f"q{number}" for number in range(N)],
    "answer": [f"a{number}" for number in range(N)],
    "rating": list(range(N)),
    "tags": [["é"] * (number % 3) for number in range(N)],
}
TABLE = pa.table(COLUMNS)
MAKERS = {
    "pyarrow": pa.table,
    "batch": pa.RecordBatch.from_pydict,
    "reader": lambda columns: pa.table(columns).to_reader(max_chunksize=700),
    "pandas": lambda columns: pd.DataFrame(columns),
    "polars": pl.DataFrame,
    "datasets": datasets.Dataset.from_dict,
}
ORDER = np.random.default_rng(0).permutation(N)[:1500]


@pytest.mark.parametrize("kind", MAKERS)
def test_every_table_gives_the_same_rows(kind):
    data = read(MAKERS[kind](COLUMNS))
    assert list(data.rows()) == TABLE.to_pylist()
    assert [data.row(position) for position in (0, -1)] == [TABLE.to_pylist()[p] for p in (0, -1)]
    assert data.conversation(5).answer == "a5"
    assert data.where(5) == "<memory>:6"


@pytest.mark.parametrize("kind", MAKERS)
def test_digest_is_of_the_rows(kind):
    first, again = (read(MAKERS[kind](COLUMNS)).sources[0].sha256 for _ in range(2))
    other = read(MAKERS[kind]({**COLUMNS, "rating": [0] * N})).sources[0].sha256
    assert first == again != other


@pytest.mark.parametrize("kind", MAKERS)
def test_rows_come_back_as_a_table_in_the_order_asked(kind):
    made = MAKERS[kind](COLUMNS)
    schema = None if kind == "reader" else pa.table(made).schema if kind != "datasets" else None
    table = read(made)[ORDER].to_arrow()
    assert table.to_pylist() == TABLE.take(ORDER).to_pylist()
    assert schema is None or table.schema.equals(schema, check_metadata=True)


def test_other_libraries_take_the_data_as_it_is():
    data = read(TABLE)[ORDER]
    assert pl.DataFrame(data).to_dicts() == TABLE.take(ORDER).to_pylist()
    assert pa.table(data).equals(TABLE.take(ORDER))
    assert read(pl.DataFrame(data)).row(0) == data.row(0)


# datasets


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.select(ORDER),
        lambda data: data.shuffle(seed=3),
        lambda data: data.select(range(100, 200)),
        lambda data: data.shuffle(seed=1).select([5, 3]),
        lambda data: data.with_format("numpy", columns=["rating"]),
        lambda data: datasets.concatenate_datasets([data, data.select([0])]),
        lambda data: data.remove_columns("tags"),
    ],
    ids=["chosen", "shuffled", "range", "both", "formatted", "joined", "fewer columns"],
)
def test_a_data_set_is_read_as_its_owner_sees_it(change):
    changed = change(datasets.Dataset.from_dict(COLUMNS))
    data = read(changed)
    assert list(data.rows()) == changed.with_format(None).to_list()


def test_features_of_a_data_set_survive():
    features = datasets.Features(
        {
            "question": datasets.Value("string"),
            "answer": datasets.Value("large_string"),
            "label": datasets.ClassLabel(names=["bad", "good"]),
            "turns": datasets.List({"role": datasets.Value("string")}),
        }
    )
    rows = [{"question": f"q{n}", "answer": "a", "label": n % 2, "turns": []} for n in range(9)]
    made = datasets.Dataset.from_list(rows, features=features)
    for given in (made, made.shuffle(seed=0)):
        back = read(given)[[4, 2]].to_datasets()
        assert back.features == features
        assert back.to_list() == given.select([4, 2]).to_list()


def test_rows_of_files_become_a_data_set(tmp_path):
    rows = [{"question": "q", "answer": "a"}, {"question": "r", "answer": "b", "more": {"x": [1]}}]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    made = read(tmp_path / "rows.jsonl").to_datasets()
    assert isinstance(made, datasets.Dataset)
    assert made.to_list() == [{**rows[0], "more": None}, rows[1]]
    assert read(pl.DataFrame(rows[:1])).to_datasets().to_list() == rows[:1]


@pytest.mark.parametrize(
    ("data", "said", "fix"),
    [
        (datasets.DatasetDict(train=datasets.Dataset.from_dict({"a": [1]})), "several", "'train'"),
        (datasets.Dataset.from_dict({"a": [1]}).to_iterable_dataset(), "only once", "streaming"),
        (pl.LazyFrame({"a": [1]}), "LazyFrame", "collect"),
        ({"question": "q", "answer": "a"}, "it holds dict", "iterable of dicts"),
        (42, "it holds int", "paths"),
        ([1, 2], "it holds int", "paths"),
        (read(TABLE), "read already", "as it is"),
    ],
    ids=["dict of sets", "streamed", "lazy", "one row", "number", "numbers", "read"],
)
def test_what_is_no_set_of_rows_is_wrong_usage_that_says_what_to_pass(data, said, fix):
    with pytest.raises(UsageError, match=said) as raised:
        read(data)
    assert fix in raised.value.fix


@pytest.mark.parametrize("data", [pl.Series([1, 2]), pd.DataFrame({"a": [1, "x", object()]})])
def test_what_arrow_cannot_hold_is_named(data):
    with pytest.raises(DataError, match="cannot be read as Arrow") as raised:
        read(data)
    assert type(data).__name__ in raised.value.where


def test_nothing_of_these_libraries_is_needed_to_read_files(tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"question": "q", "answer": "a"}\n')
    script = """
import sys, spanset
spanset.read(sys.argv[1])
spanset.read([{"question": "q", "answer": "a"}])
print(sorted({"datasets", "pandas", "polars", "pyarrow"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "rows.jsonl"],
        capture_output=True, text=True, env={"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert done.stdout == "[]\n", done.stdout + done.stderr


# pandas


def test_nameless_labels_of_a_frame_are_no_field():
    frame = pd.DataFrame(COLUMNS)
    chosen = frame[frame.rating % 3 == 1]
    assert set(read(chosen).row(0)) == set(COLUMNS)
    assert list(read(chosen).rows()) == TABLE.take(np.arange(1, N, 3)).to_pylist()
    assert "key" in read(chosen.set_index(chosen.question.rename("key"))).row(0)


def test_an_old_frame_is_refused_with_the_way_out():
    frame = type("DataFrame", (), {"__module__": "pandas.core.frame"})()
    with pytest.raises(UsageError, match="DataFrame cannot be read") as raised:
        read(frame)
    assert "pyarrow.Table.from_pandas" in raised.value.fix


# Back from JSON


def test_types_are_those_of_all_rows():
    rows = [
        {"question": "q", "answer": "a", "list": [], "object": {}, "number": 1, "none": None},
        {"question": "q", "answer": "b", "list": [{"x": 1}], "object": {"y": None}, "number": 2.5},
        {"answer": "c", "question": "q", "late": True, "object": {"z": "é"}, "none": None},
    ]
    table = read(rows).to_arrow()
    assert table.column_names == [
        "question", "answer", "list", "object", "number", "none", "late",
    ]  # fmt: skip
    assert table["late"].to_pylist() == [None, None, True]
    assert table["object"].to_pylist() == [
        {"y": None, "z": None}, {"y": None, "z": None}, {"y": None, "z": "é"},
    ]  # fmt: skip
    assert table["number"].to_pylist() == [1.0, 2.5, None]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (2**64, "64 bits"),
        (-(2**63) - 1, "64 bits"),
        ("\ud800", "surrogate"),
        ({"a": ["\udfff"]}, "surrogate"),
        ("text", "no type"),
        ([1], "no type"),
    ],
)
@pytest.mark.parametrize("place", [1, 5, 39])
def test_what_fits_no_type_is_named_by_row_and_field(value, said, place):
    rows = [{"question": "q", "answer": "a", "odd": 7} for _ in range(40)]
    rows[place]["odd"] = value
    if said == "surrogate":  # texts go together, but for the one that is none
        for number, row in enumerate(rows):
            row["odd"] = value if number == place else None
    data = read(rows)
    for convert in (data.to_arrow, data.to_datasets):
        with pytest.raises(DataError, match="field 'odd'") as raised:
            convert()
        assert raised.value.where == f"<memory>:{place + 1}"
        assert said in raised.value.why
        assert ".jsonl" in raised.value.fix


# The whole way


def test_selection_from_a_table_is_that_from_a_file(tmp_path):
    rows = [{"question": f"what is {n} {n % 7}", "answer": f"it is {n * n}"} for n in range(60)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    expected = spanset.select(read(tmp_path / "rows.jsonl"), k=9).order.tolist()
    for make in (pa.Table.from_pylist, pl.DataFrame, pd.DataFrame, datasets.Dataset.from_list):
        data = read(make(rows))
        picks = spanset.select(data, k=9)
        assert picks.order.tolist() == expected
        data[picks.order].write(tmp_path / "s.parquet", force=True)
        assert list(read(tmp_path / "s.parquet").rows()) == [rows[place] for place in expected]
