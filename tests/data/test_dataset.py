"""A data set: rows in memory or in files, chosen, byte for byte, and few bytes a row."""

from __future__ import annotations

import json
import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from tests.data.question_files import BROKEN, EMPTY, answers, in_file, line_of, row_of

from spanset.base.errors import DataError, UsageError
from spanset.data.containers import sources
from spanset.data.reader import read


def test_rows_in_memory_are_read():
    rows = [row_of("1"), {**row_of("2"), "more": {"é\u2028": [1.5, None, True, 10**30]}}]
    data = read(rows)
    assert [data.row(position) for position in range(2)] == rows
    assert data.ids.tolist() == [0, 1]
    assert answers(read(row for row in rows)) == ["a1", "a2"]


def test_lone_surrogates_in_memory_are_kept():
    rows = [{"question": "é\ud800", "answer": "\udfff"}, row_of("2")]
    data = read(rows)
    assert [data.row(position) for position in range(2)] == rows


def test_nan_in_memory_is_carried_along_where_it_is_not_used():
    data = read([{**row_of("1"), "score": float("nan")}])
    assert np.isnan(data.row(0)["score"])


@pytest.mark.parametrize("value", [{1, 2}, b"bytes", np.float32(1), object()])
def test_value_that_is_not_json_is_named_with_its_row(value):
    with pytest.raises(DataError, match="cannot be written as JSON") as raised:
        read([row_of("0"), {**row_of("1"), "more": value}])
    assert raised.value.where == "row 1"


@pytest.mark.parametrize("data", [[1, 2], [row_of("1"), "rows.jsonl"], [None]])
def test_neither_paths_nor_rows_is_wrong_usage(data):
    with pytest.raises(UsageError, match="neither paths nor rows"):
        read(data)


@pytest.fixture
def data(tmp_path):
    path = in_file(tmp_path / "rows.jsonl", EMPTY, *(line_of(str(n)) for n in range(5)), BROKEN)
    return read(path, on_bad_row="skip")


@pytest.mark.parametrize(
    ("rows", "chosen"),
    [
        ([3, 0], [3, 0]),
        (np.array([4, 1, 2], dtype=np.int32), [4, 1, 2]),
        (slice(1, 3), [1, 2]),
        (slice(None, None, -1), [4, 3, 2, 1, 0]),
        (np.array([True, False, False, True, False]), [0, 3]),
        (2, [2]),
        (-1, [4]),
        (np.array([], dtype=np.int64), []),
        ([], []),
    ],
    ids=["list", "array", "slice", "reversed", "mask", "one", "last", "none", "empty list"],
)
def test_rows_are_chosen_in_the_order_given(data, rows, chosen):
    subset = data[rows]
    assert answers(subset) == [f"a{number}" for number in chosen]
    assert subset.ids.tolist() == [number + 1 for number in chosen]
    assert subset.line.tolist() == [number + 2 for number in chosen]
    assert (subset.total, subset.bad, subset.empty) == (data.total, data.bad, data.empty)


def test_a_choice_of_a_choice_is_a_choice(data):
    assert answers(data[[4, 2, 0]][[2, 0]]) == ["a0", "a4"]


def test_no_such_row_is_an_error(data):
    with pytest.raises(IndexError):
        data[[5]]


def test_a_row_comes_back_byte_for_byte(tmp_path):
    texts = [
        r'{"answer":"\u0041\/",  "question" : "q", "n": 1.50, "n": -0, "big": 1234567890123456789}',
        r'{"question":"é\ud800","answer":"漢","nan":NaN}',
    ]
    lines = in_file(tmp_path / "rows.jsonl", "\ufeff  ", texts[0], " \r\n", texts[1])
    array = in_file(tmp_path / "rows.json", "\ufeff[ ", texts[0], " ,\r\n", texts[1], "]")
    data = read([lines, array])
    assert [data.raw(position).decode() for position in range(4)] == texts * 2


@pytest.mark.parametrize("change", ["longer", "of another time", "removed"])
def test_file_changed_after_reading_is_refused_at_write(tmp_path, change):
    path = in_file(tmp_path / "rows.jsonl", line_of("1"))
    data = read(path)
    status = path.stat()
    if change == "longer":
        in_file(path, line_of("1"), line_of("2"))
    elif change == "of another time":
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns - 1))
    else:
        path.unlink()
    with pytest.raises((DataError, OSError)) as raised:
        data.write(tmp_path / "subset.jsonl")
    assert not (tmp_path / "subset.jsonl").exists()
    assert isinstance(raised.value, DataError), f"a bare {raised.type.__name__} reaches the user"
    assert str(path) in raised.value.where


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="Linux tells what is resident")
def test_scanned_rows_do_not_stay_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "RELEASE", 1 << 18)
    line = json.dumps({"question": "q" * 500, "answer": "a" * 500}) + "\n"
    (tmp_path / "rows.jsonl").write_text(line * 16_000)
    data = read(tmp_path / "rows.jsonl")
    lines = iter(Path("/proc/self/smaps").read_text().splitlines())
    assert any(entry.endswith(str(tmp_path / "rows.jsonl")) for entry in lines), "it is not mapped"
    resident = next(int(entry.split()[1]) for entry in lines if entry.startswith("Rss:"))
    assert resident < 2048, f"{resident:,} KiB of 16 MiB are resident after the scan"
    assert len(data) == 16_000
    assert data.raw(0) == data.raw(15_999) == line.rstrip().encode()


def test_places_take_a_few_bytes_a_row(tmp_path):
    n = 20_000
    (tmp_path / "rows.jsonl").write_text('{"question": "q", "answer": "a"}\n' * n)
    read(tmp_path / "rows.jsonl")  # what is imported and cached on the way
    tracemalloc.start()
    data = read(tmp_path / "rows.jsonl")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(data) == n
    assert peak / n < 150, f"{peak / n:.0f} bytes a row: is there an object a row?"


def test_rows_left_out_are_listed_by_their_number_among_all(tmp_path):
    rows = [{"prompt": f"q{i}", "completion": "" if i == 0 else f"a{i}"} for i in range(4)]
    data = read(rows).without(np.array([1]), ["too dull"])
    (left_out,) = data.unrepresented
    assert (left_out.row, left_out.line, left_out.reason) == (2, 3, "too dull")
    assert data.ids.tolist() == [1, 3]


def test_a_data_frame_of_the_rows_is_that_of_their_table():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    data = read([{"instruction": f"ask {n}", "output": "tell", "n": n} for n in range(5)])
    frame = data[[3, 1]].to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert frame["n"].tolist() == [3, 1]
    assert frame.columns.tolist() == ["instruction", "output", "n"]
