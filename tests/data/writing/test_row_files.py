"""The container that a name asks for, and the file that is there already."""

from __future__ import annotations

import gzip
import json
import os
import stat
import time
from pathlib import Path

import pytest
from tests.data import every_container
from tests.data.writing.written_rows import ROWS

from spanset.base.errors import DataError, UsageError
from spanset.data.reader import read
from spanset.data.writing.row_files import SUFFIXES, container_of, natural_container


def test_suffixes_name_containers():
    assert container_of("a/b.jsonl") == ".jsonl"
    assert container_of(Path("b.json")) == ".json"
    assert container_of("b.jsonl.gz") == ".jsonl.gz"
    assert container_of("b.jsonl.json.gz") == ".json.gz"
    assert container_of("-") == ".jsonl"


@pytest.mark.parametrize("name", ["subset", "subset.txt", "subset.gz", "json", "subset.jsonl.bz2"])
def test_unknown_suffix_is_wrong_usage(data, folder, name):
    with pytest.raises(UsageError, match="suffix") as raised:
        data.write(folder / name)
    assert all(suffix in raised.value.fix for suffix in SUFFIXES)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("suffix", [suffix for suffix in SUFFIXES if ".json" in suffix])
def test_what_is_written_reads_back_the_same(data, folder, suffix):
    path = folder / f"subset{suffix}"
    data[[2, 0]].write(path)
    back = read(path)
    assert [back.raw(0), back.raw(1)] == [ROWS[2].encode(), ROWS[0].encode()]
    content = path.read_bytes()
    content = gzip.decompress(content) if suffix.endswith(".gz") else content
    content = every_container.unzstd(content) if suffix.endswith(".zst") else content
    assert content.endswith(b"\n")
    if ".jsonl" in suffix:
        assert [json.loads(line) for line in content.splitlines()] == [back.row(0), back.row(1)]
    else:
        assert json.loads(content) == [back.row(0), back.row(1)]


@pytest.mark.parametrize(
    "suffix", [suffix for suffix in SUFFIXES if suffix.endswith(("gz", "zst", "parquet", "arrow"))]
)
def test_packed_bytes_depend_on_the_rows_alone(data, folder, monkeypatch, suffix):
    for name, now in (("a", 1e9), ("b", 2e9)):
        monkeypatch.setattr(time, "time", lambda now=now: now)
        data[[2, 0]].write(folder / f"{name}{suffix}")
    assert (folder / f"a{suffix}").read_bytes() == (folder / f"b{suffix}").read_bytes(), (
        "the file holds a name or a time"
    )


def test_container_is_the_inputs_where_they_agree(tmp_path):
    array, other, lines = (tmp_path / name for name in ("a.txt", "b.txt", "c.json"))
    array.write_text(f"[{ROWS[0]}]")
    other.write_text(f"[{ROWS[2]}]")
    lines.write_text(ROWS[0])
    assert natural_container(read([array, other])) == ".json"
    assert natural_container(read(lines)) == ".jsonl"
    assert natural_container(read([array, lines])) == ".jsonl"


@pytest.mark.parametrize(
    ("suffix", "rows"), [(".jsonl", ""), (".json", [])], ids=["lines", "array"]
)
def test_no_rows_make_a_file_without_rows(data, folder, suffix, rows):
    path = folder / f"subset{suffix}"
    data[0:0].write(path)
    content = path.read_text()
    assert (content if suffix == ".jsonl" else json.loads(content)) == rows


def test_existing_file_is_refused_and_left_alone(data, folder):
    path = folder / "subset.jsonl"
    path.write_text("mine")
    with pytest.raises(UsageError, match="exists") as raised:
        data.write(path)
    assert "--force" in raised.value.fix
    assert path.read_text() == "mine"
    assert list(folder.iterdir()) == [path]


def test_force_replaces_the_whole_file(data, folder):
    path = folder / "subset.jsonl"
    path.write_text("mine, and longer than what replaces it\n" * 100)
    data[[0]].write(path, force=True)
    assert path.read_text() == ROWS[0] + "\n"
    assert list(folder.iterdir()) == [path]


def test_a_file_can_be_replaced_by_its_own_subset(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(ROWS), encoding="utf-8")
    read(path)[[2, 0]].write(path, force=True)
    assert path.read_text(encoding="utf-8") == f"{ROWS[2]}\n{ROWS[0]}\n"


@pytest.mark.parametrize("force", [False, True])
def test_folder_is_not_replaced(data, folder, force):
    (folder / "subset.jsonl").mkdir()
    with pytest.raises(UsageError, match="folder"):
        data.write(folder / "subset.jsonl", force=force)


def test_missing_folder_is_wrong_usage(data, folder):
    with pytest.raises(UsageError, match="does not exist") as raised:
        data.write(folder / "none" / "subset.jsonl")
    assert f"mkdir -p {folder / 'none'}" in raised.value.fix
    assert list(folder.iterdir()) == []


def test_file_gets_the_mode_of_any_new_file(data, folder):
    before = os.umask(0o027)
    try:
        data.write(folder / "subset.jsonl")
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / "subset.jsonl").stat().st_mode) == 0o640


@pytest.mark.parametrize(
    "odd", [(2.5, True), ([1.5], [False]), ({"a": 1.5}, {"a": True}), ([[1.5]], [[2.5, True]])]
)
@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
def test_true_among_numbers_is_refused_by_tables(tmp_path, odd, suffix):
    rows = [{"text": "T", "odd": value} for value in odd]
    with pytest.raises(DataError, match="'odd' fits no type") as raised:
        read(rows).write(tmp_path / f"rows{suffix}")
    assert raised.value.where.endswith(":2")
