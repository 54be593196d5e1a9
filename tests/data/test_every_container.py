"""What goes in comes out: hostile rows through every container, in its own and in another."""

from __future__ import annotations

import csv
import datetime as dt
import decimal
import gzip
import io
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data import hostile_json
from tests.data.every_container import PACKERS, arrow_file, arrow_stream, csv_text, parquet, unzstd

from spanset.base.errors import DataError, OutputError
from spanset.data.dataset import Dataset
from spanset.data.reader import read
from spanset.data.writing.row_files import SUFFIXES, TABLES, natural_container, write_rows

UNPACKERS = {"": bytes, ".gz": gzip.decompress, ".zst": unzstd}


def with_fields(value: str) -> str:
    return f'{{"question": "q", "answer": "a", "more": {value}}}'


def read_bytes(content: bytes, folder: Path, *, through_stdin: bool, name: str = "rows") -> Dataset:
    if not through_stdin:
        (folder / name).write_bytes(content)
        return read(folder / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        return read("-")


# JSON


@settings(deadline=None, max_examples=60)
@given(
    texts=st.lists(
        hostile_json.objects(line_breaks=False).map(with_fields), min_size=1, max_size=4
    ),
    end=st.sampled_from(["\n", "\r\n", "\n\n"]),
    mark=st.sampled_from(["", "\ufeff"]),
    as_array=st.booleans(),
    packed=st.sampled_from(list(PACKERS)),
    out=st.sampled_from(list(PACKERS)),
    through_stdin=st.booleans(),
    order=st.randoms(use_true_random=False),
)
def test_json_rows_come_out_byte_for_byte(
    texts, end, mark, as_array, packed, out, through_stdin, order
):
    content = mark + (f"[{end}{f',{end}'.join(texts)}]" if as_array else end.join(texts))
    places = order.sample(range(len(texts)), len(texts))
    with tempfile.TemporaryDirectory() as name:
        data = read_bytes(
            PACKERS[packed](content.encode()), Path(name), through_stdin=through_stdin
        )
        suffix = natural_container(data)
        data[places].write(Path(name) / f"subset{suffix}{out}")
        written = UNPACKERS[out]((Path(name) / f"subset{suffix}{out}").read_bytes()).decode()
    assert suffix == (".json" if as_array else ".jsonl")
    rows = [texts[place] for place in places]
    if as_array:
        assert written == "[\n" + ",\n".join(rows) + "\n]\n"
    else:
        assert written == "".join(row + "\n" for row in rows)


# CSV


cells = st.text(
    st.sampled_from(list("ab ,;|\t\"'\r\n\u2028\ufeff\x85é漢😀[{")) | st.characters(codec="utf-8"),
    max_size=5,
).map(lambda text: text.replace("\0", ""))  # Python 3.10 takes none


@settings(deadline=None, max_examples=60)
@given(
    rows=st.lists(st.tuples(st.just("q"), st.just("a"), cells, cells), min_size=1, max_size=4),
    delimiter=st.sampled_from([",", "\t", ";", "|"]),
    ending=st.sampled_from(["\n", "\r\n"]),
    quote=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    mark=st.sampled_from(["", "\ufeff"]),
    final=st.booleans(),
    through_stdin=st.booleans(),
    packed=st.sampled_from(list(PACKERS)),
)
def test_csv_rows_come_out_byte_for_byte(
    rows, delimiter, ending, quote, mark, final, through_stdin, packed
):
    header = ["question", "answer", "third", "fourth"]
    records = [
        csv_text([row], delimiter=delimiter, ending="", quote=quote) for row in [header, *rows]
    ]
    content = mark + ending.join(records) + ending * final
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = read_bytes(
            PACKERS[packed](content.encode()),
            folder, through_stdin=through_stdin, name=f"rows.csv{packed}",
        )  # fmt: skip
        suffix = natural_container(data)
        data[::-1].write(folder / f"subset{suffix}")
        written = (folder / f"subset{suffix}").read_bytes().decode()
        # And by values through any other container.
        for other in (".jsonl", ".parquet", ".tsv" if suffix == ".csv" else ".csv"):
            data.write(folder / f"other{other}")
            back = read(folder / f"other{other}")
            assert list(back.rows()) == [dict(zip(header, row, strict=True)) for row in rows]
    assert suffix == (".tsv" if delimiter == "\t" else ".csv")
    expected = [records[0], *records[:0:-1]]
    assert written == mark + "".join(record + ending for record in expected)


# Tables


values = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1))
texts = st.text(st.characters(codec="utf-8"), max_size=6)
MAKERS: dict[str, Callable[[pa.Table], Any]] = {
    "pyarrow": lambda table: table,
    "polars": pl.from_arrow,
    "pandas": lambda table: table.to_pandas(types_mapper=pd.ArrowDtype),
    "datasets": lambda table: datasets.Dataset(table),
    "parquet": parquet,
    "arrow file": lambda table: arrow_file(table, size=2),
    "arrow stream": lambda table: arrow_stream(table, size=2, codec="zstd"),
}


@settings(deadline=None, max_examples=60)
@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {
                "question": texts,
                "answer": st.just("a"),
                "number": values,
                "flag": st.none() | st.booleans(),
                "list": st.none() | st.lists(st.none() | texts, max_size=3),
                "turns": st.lists(st.fixed_dictionaries({"role": texts, "n": values}), max_size=2),
                "moment": st.none() | st.datetimes(),
            }
        ),
        min_size=1,
        max_size=5,
    ),
    kind=st.sampled_from(list(MAKERS)),
    suffix=st.sampled_from(TABLES),
    order=st.randoms(use_true_random=False),
)
def test_rows_of_tables_come_out_with_their_values_and_schema(rows, kind, suffix, order):
    schema = pa.schema(
        {
            "question": pa.string(),
            "answer": pa.string(),
            "number": pa.int64(),
            "flag": pa.bool_(),
            "list": pa.list_(pa.string()),
            "turns": pa.list_(pa.struct({"role": pa.string(), "n": pa.int64()})),
            "moment": pa.timestamp("us"),
        }
    )
    table = pa.Table.from_pylist(rows, schema=schema)
    places = order.sample(range(len(rows)), len(rows))
    made = MAKERS[kind](table)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if isinstance(made, bytes):
            (folder / "rows").write_bytes(made)
            data = read(folder / "rows")
            natural = ".parquet" if kind == "parquet" else ".arrow"
        else:
            data, natural = read(made), ".parquet"
        assert natural_container(data) == natural
        data[places].write(folder / f"subset{suffix}")
        written = (folder / f"subset{suffix}").read_bytes()
        opened = pq.read_table if suffix == ".parquet" else lambda p: pa.ipc.open_file(p).read_all()
        back = opened(io.BytesIO(written))
    assert back.to_pylist() == [rows[place] for place in places]
    assert data[places].to_arrow().to_pylist() == back.to_pylist()
    if kind not in ("polars", "pandas"):  # these have string types of their own
        assert back.schema == schema
    elif suffix == ".arrow":
        assert back.schema == pa.table(made).schema


# Across


MIXED = [
    {"question": "q0", "answer": "a0", "n": 1, "x": 1.5, "flag": True, "deep": {"a": [1, None]}},
    {"question": "q1", "answer": "a,\r1", "late": "é", "n": None},
]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_json_goes_into_every_container(tmp_path, suffix):
    read(MIXED).write(tmp_path / f"s{suffix}")
    rows = list(read(tmp_path / f"s{suffix}").rows())
    names = ["question", "answer", "n", "x", "flag", "deep", "late"]
    if ".json" in suffix:
        assert rows == MIXED
    elif suffix in TABLES:
        assert rows == [{name: row.get(name) for name in names} for row in MIXED]
    else:
        cells = ["q0", "a0", "1", "1.5", "true", '{"a": [1, null]}', ""]
        other = ["q1", "a,\r1", "", "", "", "", "é"]
        assert rows == [dict(zip(names, row, strict=True)) for row in (cells, other)]


ODD = pa.table(
    {
        "question": ["q", "r"],
        "answer": ["a", "b"],
        "moment": [dt.datetime(2020, 1, 2, 3, 4, 5, 6), None],
        "day": [dt.date(2020, 1, 2), None],
        "clock": [dt.time(1, 2, 3), None],
        "price": [decimal.Decimal("1.10"), None],
        "map": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
    }
)


def test_dates_and_decimals_are_text_in_json_and_csv(tmp_path):
    data = read(ODD)
    data.write(tmp_path / "s.jsonl")
    shown = {
        "question": "q",
        "answer": "a",
        "moment": "2020-01-02T03:04:05.000006",
        "day": "2020-01-02",
        "clock": "01:02:03",
        "price": "1.10",
        "map": [["k", 1]],
    }
    first, second = map(json.loads, (tmp_path / "s.jsonl").read_text().splitlines())
    assert first == shown
    assert second == {**dict.fromkeys(shown), "question": "r", "answer": "b"}
    data.write(tmp_path / "s.csv")
    with (tmp_path / "s.csv").open(newline="") as file:
        assert list(csv.DictReader(file)) == [
            {**shown, "map": '[["k", 1]]'},
            {**dict.fromkeys(shown, ""), "question": "r", "answer": "b"},
        ]


@pytest.mark.parametrize("suffix", [".jsonl", ".json.gz", ".csv", ".tsv.zst"])
def test_bytes_have_no_form_in_text(tmp_path, suffix):
    table = pa.table({"question": ["q"], "answer": ["a"], "image": [b"\x89PNG"]})
    with pytest.raises(DataError, match="column 'image' holds bytes") as raised:
        read(table).write(tmp_path / f"s{suffix}")
    assert raised.value.where == "<memory>:1"
    assert ".parquet" in raised.value.fix
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".arrow"])
def test_a_lone_surrogate_is_an_error_where_text_is_utf_8(tmp_path, suffix):
    data = read([{"question": "q", "answer": "a", "odd": "\ud800"}])
    with pytest.raises(DataError, match="surrogate") as raised:
        data.write(tmp_path / f"s{suffix}")
    assert raised.value.where == "<memory>:1"
    assert list(tmp_path.iterdir()) == []
    data.write(tmp_path / "s.jsonl")


def test_columns_that_parquet_lacks_are_named_and_nothing_is_left(tmp_path):
    interval = pa.array([(1, 2, 3)], pa.month_day_nano_interval())
    data = read(pa.table({"question": ["q"], "answer": ["a"], "odd": interval}))
    with pytest.raises(DataError, match=r"cannot be written as \.parquet") as raised:
        data.write(tmp_path / "s.parquet")
    assert ".arrow" in raised.value.fix
    assert list(tmp_path.iterdir()) == []
    data.write(tmp_path / "s.arrow")


@pytest.mark.parametrize("name", ["[a", "{a", "\ufeff[a", " [a", "plain"])
def test_a_header_is_never_taken_for_json(tmp_path, name):
    (tmp_path / "rows.json").write_text(json.dumps([{name: "q", "answer": "a"}]))
    mapping = {"prompt": name, "answer": "answer"}
    read(tmp_path / "rows.json", mapping=mapping).write(tmp_path / "s.csv")
    assert read(tmp_path / "s.csv", mapping=mapping).row(0) == {name: "q", "answer": "a"}


# What the container of the subset is


def test_natural_container_is_the_inputs_where_they_agree(tmp_path):
    for name, text in {
        "a.csv": "question,answer\n1,2\n",
        "b.csv": "question,answer\r\n3,4\r\n",
        "c.csv": "answer,question\n1,2\n",
        "d.csv": "question;answer\n1;2\n",
        "e.jsonl": '{"question": "q", "answer": "a"}\n',
    }.items():
        (tmp_path / name).write_bytes(text.encode())
    table = pa.table({"question": ["q"], "answer": ["a"]})
    for name, one in (("f", table), ("g", table), ("h", table.select(["answer", "question"]))):
        (tmp_path / name).write_bytes(parquet(one))
    (tmp_path / "i").write_bytes(arrow_file(table))
    for names, expected in {
        ("a.csv",): ".csv", ("a.csv", "b.csv"): ".csv", ("a.csv", "c.csv"): ".jsonl",
        ("a.csv", "d.csv"): ".jsonl", ("a.csv", "e.jsonl"): ".jsonl", ("f", "g"): ".parquet",
        ("f", "h"): ".jsonl", ("f", "i"): ".jsonl", ("i",): ".arrow",
    }.items():  # fmt: skip
        data = read([tmp_path / name for name in names])
        assert natural_container(data) == expected, names
    read([tmp_path / "b.csv", tmp_path / "a.csv"]).write(tmp_path / "s.csv")
    assert (tmp_path / "s.csv").read_bytes() == b"question,answer\r\n3,4\r\n1,2\r\n"
    mixed = read([tmp_path / "a.csv", tmp_path / "e.jsonl", tmp_path / "f"])
    assert [row["question"] for row in mixed[[2, 0, 1]].rows()] == ["q", "1", "q"]
    mixed.write(tmp_path / "s.parquet")
    assert list(read(tmp_path / "s.parquet").rows()) == list(mixed.rows())


# Conversions


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("source", ["json", "csv", "table"])
def test_what_a_conversion_makes_stands_in_the_rows_place(tmp_path, source, suffix):
    rows = [{"question": f"q{n}", "answer": "a"} for n in range(5)]
    if source == "json":
        data = read(rows)
    elif source == "csv":
        (tmp_path / "r.csv").write_text(csv_text([rows[0], *(row.values() for row in rows)]))
        data = read(tmp_path / "r.csv")
    else:
        data = read(pa.Table.from_pylist(rows))

    def convert(data: Dataset, position: int) -> dict[str, Any] | None:
        if position == 1:
            return None
        return {"prompt": data.row(position)["question"], "answer": "b"}

    write_rows(data[[3, 1, 0]], tmp_path / f"s{suffix}", convert=convert)
    mapping = {"prompt": "answer", "answer": "answer"}
    back = list(read(tmp_path / f"s{suffix}", mapping=mapping).rows())
    assert [row["answer"] for row in back] == ["b", "a", "b"]
    assert [row.get("prompt") or None for row in back] == ["q3", None, "q0"]
    assert back[1]["question"] == "q1"


# Failures


@pytest.mark.parametrize("suffix", [".parquet", ".arrow", ".csv", ".jsonl.zst"])
def test_nothing_is_left_of_a_table_that_cannot_be_written(tmp_path, monkeypatch, suffix):
    from spanset.data.containers.arrow_tables import TableSource

    data = read(pa.table({"question": ["q"] * 10, "answer": ["a"] * 10}))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for name in ("gathered", "values"):
        monkeypatch.setattr(TableSource, name, full)
    with pytest.raises(OutputError, match="No space left"):
        data.write(tmp_path / f"s{suffix}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", TABLES)
def test_many_rows_are_written_in_blocks_in_rank_order(tmp_path, suffix):
    n = 25_001
    table = pa.table({"question": [f"q{i}" for i in range(n)], "answer": ["a"] * n})
    order = np.random.default_rng(0).permutation(n)
    read(table)[order].write(tmp_path / f"s{suffix}")
    back = read(tmp_path / f"s{suffix}")
    assert [row["question"] for row in back.rows()] == [f"q{i}" for i in order]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    "source", [[{"question": "q", "answer": "a"}], pa.table({"question": ["q"], "answer": ["a"]})]
)
def test_no_rows_make_a_file_in_every_container(tmp_path, source, suffix):
    data = read(source)[0:0]
    data.write(tmp_path / f"s{suffix}")
    assert (tmp_path / f"s{suffix}").is_file()
    assert list(data.rows()) == list(data.conversations()) == data.to_arrow().to_pylist() == []
