"""Parquet and Arrow files against pyarrow's own reading of them."""

from __future__ import annotations

import datetime as dt
import decimal
import gc
import json
import subprocess
import sys
import uuid
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data.every_container import PACKERS, arrow_file, arrow_stream, parquet

from spanset.base.errors import DataError
from spanset.data.containers import content
from spanset.data.containers.arrow_tables import TableSource, digest_of
from spanset.data.containers.opening import open_source
from spanset.data.reader import read

WRITERS = {"parquet": parquet, "arrow file": arrow_file, "arrow stream": arrow_stream}
N = 2500  # more than two chunks


def pairs(n: int = N) -> pa.Table:
    table = pa.table(
        {
            "question": [f"q{number}" for number in range(n)],
            "answer": [f"a{number}" if number % 7 else None for number in range(n)],
            "rating": np.arange(n),
        }
    )
    return table.replace_schema_metadata({"made": "for the tests"})


def source_of(folder: Path, packed: bytes, name: str = "rows") -> TableSource:
    (folder / name).write_bytes(packed)
    source = open_source(folder / name)
    assert isinstance(source, TableSource)
    return source


NANO = 1_700_000_000_123_456_789
COLUMNS = {
    "string_view": (pa.array(["a", None, "b" * 20], pa.string_view()), "b" * 20),
    "binary_view": (pa.array([b"a", None, b"b"], pa.binary_view()), b"b"),
    "large_string": (pa.array(["a", None, "b"], pa.large_string()), "b"),
    "list_of_views": (pa.array([["a"], None, ["b"]], pa.list_(pa.string_view())), ["b"]),
    "list_view": (pa.array([[1], None, [2, 3]], pa.list_view(pa.int64())), [2, 3]),
    "fixed_list": (pa.array([[1, 2], None, [3, 4]], pa.list_(pa.int32(), 2)), [3, 4]),
    "run_end": (pa.RunEndEncodedArray.from_arrays(pa.array([2, 3], pa.int32()), ["a", "b"]), "b"),
    "map": (pa.array([[("a", 1)], None, []], pa.map_(pa.string(), pa.int64())), []),
    "dictionary": (pa.array(["a", None, "b"]).dictionary_encode(), "b"),
    "null": (pa.nulls(3), None),
    "nanoseconds": (pa.array([1, None, NANO], pa.timestamp("ns")),
                    "2023-11-14T22:13:20.123456789"),
    "nanoseconds_in_zone": (pa.array([1, None, NANO], pa.timestamp("ns", "UTC")),
                            "2023-11-14T22:13:20.123456789Z"),
    "nested_nanoseconds": (
        pa.array([[], None, [{"t": NANO}]], pa.list_(pa.struct([("t", pa.timestamp("ns"))]))),
        [{"t": "2023-11-14 22:13:20.123456789"}],
    ),
    "beyond_python": (pa.array([0, None, 10**13], pa.timestamp("s")),
                      "<value out of range: 10000000000000>"),
    "time": (pa.array([1, None, 2_000], pa.time64("ns")), "00:00:00.000002000"),
    "microseconds": (pa.array([1, None, NANO // 1000], pa.timestamp("us")),
                     dt.datetime(2023, 11, 14, 22, 13, 20, 123456)),
    "date": (pa.array([1, None, 3], pa.date32()), dt.date(1970, 1, 4)),
    "decimal": (pa.array([decimal.Decimal("1.10"), None, decimal.Decimal("2")],
                         pa.decimal128(10, 2)), decimal.Decimal("2.00")),
    "half": (pa.array(np.array([1, 2, 3], np.float16)), 3.0),
    "interval": (pa.array([(1, 2, 3), None, (4, 5, 6)], pa.month_day_nano_interval()),
                 pa.MonthDayNano([4, 5, 6])),
    "uuid": (pa.array([uuid.UUID(int=1).bytes, None, uuid.UUID(int=3).bytes], pa.uuid()),
             uuid.UUID(int=3)),
    "struct": (pa.array([{"a": 1}, None, {"a": None}]), {"a": None}),
    "binary": (pa.array([b"\xff", None, b"\0"]), b"\0"),
}  # fmt: skip


@pytest.mark.parametrize("name", COLUMNS)
def test_columns_of_any_type_are_read_as_values_and_kept_as_they_are(tmp_path, name):
    column, last = COLUMNS[name]
    table = pa.table({"question": ["x", "y", "z"], "answer": ["1", "2", "3"], "odd": column})
    source = source_of(tmp_path, arrow_file(table, size=2))
    values = [row.value["odd"] for row in source.rows()]
    assert len(values) == 3
    assert (values[2], type(values[2])) == (last, type(last))
    rows = np.array([2, 0, 2])
    assert [row["odd"] for row in source.values(rows, rows)] == [values[2], values[0], values[2]]
    taken = source.take(rows)
    assert taken.schema == table.schema
    expected = pa.concat_tables([table.slice(place, 1) for place in rows.tolist()])
    assert [column.to_pylist() for column in taken.drop_columns("odd").columns] == [
        column.to_pylist() for column in expected.drop_columns("odd").columns
    ]
    assert taken["odd"].combine_chunks().equals(expected["odd"].combine_chunks())
    data = read(tmp_path / "rows")
    data[[2, 0]].write(tmp_path / "subset.arrow")
    back = pa.ipc.open_file(tmp_path / "subset.arrow").read_all()
    assert back.schema == table.schema
    assert back["question"].to_pylist() == ["z", "x"]


def test_values_do_not_depend_on_pandas_being_there(tmp_path):
    """Arrow makes a pandas.Timestamp of nanoseconds where it can, and fails where it cannot."""
    table = pa.table({"t": pa.array([1, NANO], pa.timestamp("ns"))})
    (tmp_path / "rows").write_bytes(parquet(table))
    script = """
import sys
from importlib.abc import MetaPathFinder
class No(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "pandas":
            raise ModuleNotFoundError(name=name)
sys.meta_path.insert(0, No())
from spanset.data.containers.opening import open_source
print([row.value["t"] for row in open_source(sys.argv[1]).rows()])
"""
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "rows"],
        capture_output=True, text=True, env={"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    here = [row.value["t"] for row in open_source(tmp_path / "rows").rows()]
    assert done.stdout.strip() == str(here), done.stderr


# Files


@pytest.mark.parametrize("pack", PACKERS.values(), ids=["plain", "gzip", "zstd"])
@pytest.mark.parametrize("name", ["rows.parquet", "rows.arrow", "rows.jsonl", "rows.csv"])
@pytest.mark.parametrize("kind", WRITERS)
def test_content_tells_the_container_and_rows_are_as_arrow_has_them(tmp_path, kind, name, pack):
    table = pairs()
    source = source_of(tmp_path, pack(WRITERS[kind](table)), name)
    assert source.container == (".parquet" if kind == "parquet" else ".arrow")
    rows = list(source.rows())
    assert [row.value for row in rows] == table.to_pylist()
    assert [(row.start, row.line) for row in rows] == [(n, n + 1) for n in range(N)]
    assert all(row.length > 0 for row in rows)
    assert source.schema.equals(table.schema, check_metadata=True)


@pytest.mark.parametrize("limit", [1, 10_000, 1 << 28], ids=["all in a file", "most", "memory"])
@pytest.mark.parametrize("codec", [None, "zstd"])
@pytest.mark.parametrize("kind", WRITERS)
def test_large_tables_go_through_a_file_that_is_mapped(tmp_path, monkeypatch, kind, codec, limit):
    monkeypatch.setattr(content, "IN_MEMORY", limit)
    table = pairs()
    table = table.append_column("kind", table["question"].dictionary_encode())
    option = {"compression": codec or "none"} if kind == "parquet" else {"codec": codec}
    if kind != "arrow file":  # it takes one dictionary a column
        table = pa.concat_tables([table, pairs(5).append_column(
            "kind", pairs(5)["answer"].dictionary_encode())])  # fmt: skip
    before = pa.total_allocated_bytes()
    source = source_of(tmp_path, WRITERS[kind](table, **option))
    gc.collect()
    is_mapped = limit == 1 or (codec is None and kind != "parquet")
    if is_mapped:
        kept = pa.total_allocated_bytes() - before
        assert kept < table.nbytes / 2, f"{kept:,} bytes are held in memory"
    assert [row.value for row in source.rows()] == table.to_pylist()


def test_rows_are_gathered_across_batches_and_only_those(tmp_path):
    table = pairs(1000)
    source = source_of(tmp_path, arrow_file(table, size=7))
    order = np.random.default_rng(0).permutation(1000)[:300]
    assert source.take(order).to_pylist() == table.take(pa.array(order)).to_pylist()
    assert list(source.values(order, order)) == table.take(pa.array(order)).to_pylist()


@pytest.mark.parametrize("kind", WRITERS)
def test_broken_files_are_named_and_no_error_of_arrow_escapes(tmp_path, kind):
    whole = WRITERS[kind](pairs())
    rng = np.random.default_rng(0)
    cases = [whole[: int(end)] for end in rng.integers(8, len(whole) - 1, 25)]
    for _ in range(60):
        harmed = bytearray(whole)
        for place in rng.integers(8, len(whole), 8).tolist():
            harmed[place] ^= 0xFF
        cases.append(bytes(harmed))
    errors = []
    for case in cases:
        try:
            list(source_of(tmp_path, case).rows())
        except DataError as error:
            errors.append(error)
    assert all(str(tmp_path) in error.where and error.fix for error in errors)
    assert len(errors) > (5 if kind == "arrow stream" else 20)


@pytest.mark.parametrize(
    ("packed", "said"),
    [
        (b"PAR1garbage", "broken Parquet file"),
        (b"PAR1", "broken Parquet file"),
        (b"ARROW1\0\0", "broken Arrow file"),
        (b"\xff\xff\xff\xff\0\1", "broken Arrow file"),
        (parquet(pairs(0)), "no rows"),
        (arrow_file(pairs(0)), "no rows"),
        (arrow_file(pa.table([[1], [2]], names=["a", "a"])), "2 columns are named 'a'"),
    ],
    ids=["garbage", "magic", "arrow magic", "stream", "no rows", "no rows", "twice"],
)
def test_what_holds_no_rows_is_refused(tmp_path, packed, said):
    with pytest.raises(DataError, match=said) as raised:
        source_of(tmp_path, packed)
    assert str(tmp_path / "rows") in raised.value.where


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (pa.array([{"text": "a"}, {"text": "b"}]), "'answer' is an object, expected text"),
        (pa.array([b"a", b"b"]), "'answer' is bytes, expected text"),
        (pa.array([dt.date(2020, 1, 1)] * 2), "'answer' is date, expected text"),
    ],
    ids=["struct", "binary", "date"],
)
def test_a_column_of_the_wrong_type_is_named_by_its_row(tmp_path, column, said):
    (tmp_path / "rows.parquet").write_bytes(
        parquet(pa.table({"question": ["x", "y"], "answer": column}))
    )
    with pytest.raises(DataError, match=said) as raised:
        read(tmp_path / "rows.parquet")
    assert raised.value.where == f"{tmp_path / 'rows.parquet'}:1"


def test_a_table_has_no_bytes_of_its_own(tmp_path):
    (tmp_path / "rows.parquet").write_bytes(parquet(pairs()))
    data = read(tmp_path / "rows.parquet")
    with pytest.raises(ValueError, match="no bytes of their own"):
        data.raw(0)
    assert data.row(0)["question"] == "q1", "row 0 has no answer"
    assert data.where(0).endswith("rows.parquet:2")


# Digests


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 30), max_size=6), st.integers(0, 20))
def test_digest_does_not_depend_on_chunks(cuts, begin):
    table = pa.table(
        {
            "text": ["é" * (number % 5) if number % 3 else None for number in range(50)],
            "flag": [bool(number % 2) if number % 5 else None for number in range(50)],
            "list": [[number] * (number % 4) for number in range(50)],
        }
    ).slice(begin, 30)
    ends = [0, *sorted(cuts), 30]
    pieces = [table.slice(a, b - a) for a, b in pairwise(ends)]
    chunked = pa.concat_tables(pieces)
    fresh = pa.Table.from_pylist(table.to_pylist(), schema=table.schema)
    assert digest_of(table) == digest_of(chunked) == digest_of(fresh)
    other = pa.Table.from_pylist(table.to_pylist()[::-1], schema=table.schema)
    assert digest_of(other) != digest_of(table)


# Subsets


@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
@pytest.mark.parametrize("kind", WRITERS)
def test_subset_keeps_schema_metadata_and_values(tmp_path, kind, suffix):
    table = pairs(N)
    (tmp_path / "rows").write_bytes(WRITERS[kind](table))
    data = read(tmp_path / "rows")
    order = np.random.default_rng(1).permutation(len(data))
    data[order].write(tmp_path / f"subset{suffix}")
    opened = pq.read_table if suffix == ".parquet" else lambda p: pa.ipc.open_file(p).read_all()
    back = opened(tmp_path / f"subset{suffix}")
    assert back.schema.equals(table.schema, check_metadata=True)
    assert back.to_pylist() == table.take(pa.array(data.ids[order])).to_pylist()
    assert json.dumps(back.to_pylist()) == json.dumps(list(data[order].rows()))


@pytest.mark.parametrize("kind", [pa.string(), pa.string_view()], ids=str)
def test_files_of_one_schema_are_gathered_in_the_order_asked(tmp_path, kind):
    for name, start in (("a", 0), ("b", 100)):
        texts = pa.array([f"q{number}" for number in range(start, start + 50)], kind)
        (tmp_path / name).write_bytes(arrow_file(pa.table({"question": texts, "answer": texts})))
    data = read([tmp_path / "a", tmp_path / "b"])[np.random.default_rng(0).permutation(100)]
    data.write(tmp_path / "s.arrow")
    back = pa.ipc.open_file(tmp_path / "s.arrow").read_all()
    assert back.to_pylist() == list(data.rows())
    assert back.schema.types == [kind] * 2


@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
def test_dictionaries_that_differ_between_batches_come_together(tmp_path, suffix):
    """Arrow's file format allows one dictionary a column, its streams one a batch."""
    batches = [
        pa.table({"question": texts, "answer": pa.array(texts).dictionary_encode()})
        for texts in (["a", "b"], ["c", "a", "d"], ["e"])
    ]
    (tmp_path / "rows").write_bytes(arrow_stream(pa.concat_tables(batches)))
    read(tmp_path / "rows")[::-1].write(tmp_path / f"s{suffix}")
    back = read(tmp_path / f"s{suffix}")
    assert [row["answer"] for row in back.rows()] == ["e", "d", "a", "c", "b", "a"]
    (source,) = back.sources
    assert isinstance(source, TableSource)
    assert pa.types.is_dictionary(source.schema.field("answer").type)
