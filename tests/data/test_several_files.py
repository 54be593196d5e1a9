"""Files are read in the order given, each once, and every row knows its file and line."""

from __future__ import annotations

import gzip
import json

import pytest
from tests.data.question_files import BROKEN, EMPTY, answers, in_file, line_of, row_of

from spanset.base.errors import DataError, UsageError
from spanset.data.reader import read


def test_files_are_read_in_the_order_given(tmp_path):
    b = in_file(tmp_path / "b.jsonl", line_of("b1"), line_of("b2"))
    a = in_file(tmp_path / "a.json", json.dumps([row_of("a1"), row_of("a2")], indent=2))
    c = tmp_path / "c.jsonl.gz"
    c.write_bytes(gzip.compress(line_of("c1").encode()))
    data = read([b, str(a), c])
    assert answers(data) == ["ab1", "ab2", "aa1", "aa2", "ac1"]
    assert data.ids.tolist() == [0, 1, 2, 3, 4]
    assert data.total == len(data) == 5


def test_every_row_knows_its_file_and_line(tmp_path):
    b = in_file(tmp_path / "b.jsonl", "\n", line_of("1"), "\n", line_of("2"))
    a = in_file(tmp_path / "a.json", json.dumps([row_of("3"), row_of("4")], indent=2))
    data = read([b, a])
    assert data.line.tolist() == [2, 4, 2, 6]
    assert data.source.tolist() == [0, 0, 1, 1]
    wheres = [f"{b}:2", f"{b}:4", f"{a}:2", f"{a}:6"]
    assert [data.where(position) for position in range(4)] == wheres


def test_files_of_different_formats_are_read_together(tmp_path):
    a = in_file(tmp_path / "a.jsonl", line_of("1"))
    b = in_file(
        tmp_path / "b.jsonl", '{"instruction": "q", "output": "a2", "answer": "not this"}\n'
    )
    data = read([a, b])
    assert [format.name for format in data.formats] == ["question-answer", "alpaca"]
    assert answers(data) == ["a1", "a2"]


def test_glob_is_sorted_and_stands_in_its_place(tmp_path):
    for name in ("b", "a", "c"):
        in_file(tmp_path / f"{name}.jsonl", line_of(name))
    deep = tmp_path / "x" / "y" / "z"
    deep.mkdir(parents=True)
    in_file(deep / "d.jsonl", line_of("d"))
    last = in_file(tmp_path / "0.json", json.dumps([row_of("0")]))
    data = read([str(tmp_path / "*.jsonl"), str(tmp_path / "x" / "**" / "*.jsonl"), last])
    assert answers(data) == ["aa", "ab", "ac", "ad", "a0"]


def test_file_whose_name_looks_like_a_glob_is_itself(tmp_path):
    in_file(tmp_path / "rows1.jsonl", line_of("other"))
    path = in_file(tmp_path / "rows[1].jsonl", line_of("this"))
    assert answers(read(str(path))) == ["athis"]


def test_glob_that_matches_nothing_is_an_error(tmp_path):
    pattern = str(tmp_path / "*.jsonl")
    with pytest.raises(DataError, match="no file matches") as raised:
        read(pattern)
    assert raised.value.where == pattern


@pytest.mark.parametrize("again", ["same", "spelled otherwise", "glob", "link", "linked folder"])
def test_same_file_twice_is_wrong_usage(tmp_path, monkeypatch, again):
    folder = tmp_path / "folder"
    folder.mkdir()
    path = in_file(folder / "rows.jsonl", line_of("1"))
    (tmp_path / "link.jsonl").symlink_to(path)
    (tmp_path / "other").symlink_to(folder)
    monkeypatch.chdir(folder)
    second = {
        "same": str(path),
        "spelled otherwise": "../folder/./rows.jsonl",
        "glob": str(folder / "*.jsonl"),
        "link": str(tmp_path / "link.jsonl"),
        "linked folder": str(tmp_path / "other" / "rows.jsonl"),
    }[again]
    with pytest.raises(UsageError, match="same file is given twice"):
        read([path, second])


def test_equal_files_are_two_files(tmp_path):
    paths = [in_file(tmp_path / name, line_of("1")) for name in ("a.jsonl", "b.jsonl")]
    assert len(read(paths)) == 2


def test_no_data_is_wrong_usage():
    with pytest.raises(UsageError, match="no data"):
        read([])


@pytest.mark.parametrize(
    ("content", "counts"),
    [
        ("[]", "0 rows read, 0 malformed, 0 without an answer"),
        (EMPTY + EMPTY, "2 rows read, 0 malformed, 2 without an answer"),
        (BROKEN + EMPTY + BROKEN, "3 rows read, 2 malformed, 1 without an answer"),
    ],
)
def test_no_usable_row_is_an_error_with_the_counts(tmp_path, content, counts):
    path = in_file(tmp_path / "rows.jsonl", content)
    with pytest.raises(DataError, match=counts) as raised:
        read(path, on_bad_row="skip")
    assert raised.value.where == str(path)


def test_empty_file_among_others_is_named(tmp_path):
    full = in_file(tmp_path / "full.jsonl", line_of("1"))
    empty = in_file(tmp_path / "empty.jsonl")
    with pytest.raises(DataError, match="the file is empty") as raised:
        read([full, empty])
    assert raised.value.where == str(empty)


def test_array_without_rows_among_others_is_no_error(tmp_path):
    empty = in_file(tmp_path / "empty.json", "[]")
    full = in_file(tmp_path / "full.jsonl", line_of("1"))
    data = read([empty, full])
    assert answers(data) == ["a1"]
    assert data.where(0) == f"{full}:1"
