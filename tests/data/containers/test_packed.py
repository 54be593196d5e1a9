"""zstd, archives and standard input; gzip is in test_containers."""

from __future__ import annotations

import gc
import gzip
import hashlib
import io
import os
import sys
import tarfile
import warnings
import zipfile

import pyarrow as pa
import pytest
from tests.data.every_container import PACKERS, arrow_file, arrow_stream, parquet, zstd

from spanset.base.errors import DataError, UsageError
from spanset.data.containers import content as contents
from spanset.data.containers.opening import open_source
from spanset.data.reader import read

LINES = b"".join(b'{"question": "q%d", "answer": "a"}\n' % number for number in range(500))
SKIPPABLE = b"\x5a\x2a\x4d\x18\x04\0\0\0more"


def in_file(folder, content, name="rows.jsonl.zst"):
    (folder / name).write_bytes(content)
    return folder / name


# zstd


@pytest.mark.parametrize(
    "packed",
    [
        zstd(LINES),
        zstd(LINES[:3000]) + zstd(LINES[3000:]),
        pa.Codec("zstd").compress(LINES, asbytes=True),
        SKIPPABLE + zstd(LINES[:77]) + SKIPPABLE + zstd(b"") + zstd(LINES[77:]),
    ],
    ids=["stream", "two frames", "length in the header", "frames to skip"],
)
@pytest.mark.parametrize("name", ["rows.jsonl.zst", "rows.jsonl", "rows"])
def test_every_frame_is_read_and_the_name_says_nothing(tmp_path, packed, name):
    source = open_source(in_file(tmp_path, packed, name))
    assert source.content[:] == LINES
    assert source.sha256 == hashlib.sha256(packed).hexdigest()
    assert source.container == ".jsonl"


@pytest.mark.parametrize("harm", ["cut", "cut at once", "flipped", "followed"])
def test_broken_zstd_is_named(tmp_path, harm):
    packed = zstd(LINES)
    broken = {
        "cut": packed[:-9],
        "cut at once": packed[:5],
        "flipped": packed[:20] + bytes(255 - byte for byte in packed[20:60]) + packed[60:],
        "followed": packed + b"more, and no frame",
    }[harm]
    path = in_file(tmp_path, broken)
    with pytest.raises(DataError, match="broken zstd file") as raised:
        open_source(path)
    assert raised.value.where == str(path)
    assert "zstd -t" in raised.value.fix


@pytest.mark.parametrize("pack", [zstd, gzip.compress])
def test_what_is_large_goes_through_a_file_that_is_closed(tmp_path, monkeypatch, pack):
    monkeypatch.setattr(contents, "IN_MEMORY", 100)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        source = open_source(in_file(tmp_path, pack(LINES)))
        gc.collect()
    assert not isinstance(source.content, bytes), "it was meant to be too large for memory"
    assert len(list(source.rows())) == 500
    assert not seen, f"the temporary file is left open: {seen[0].message}"


# Archives


def zip_of(content):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("rows.jsonl", content)
    return file.getvalue()


def tar_of(content, mode="w"):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        entry = tarfile.TarInfo("rows.jsonl")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return file.getvalue()


@pytest.mark.parametrize(
    ("packed", "said", "fix"),
    [
        (zip_of(LINES), "zip archive", "unzip rows.x"),
        (tar_of(LINES), "tar archive", "tar -xf rows.x"),
        (tar_of(LINES, "w:gz"), "tar archive", "tar -xzf rows.x"),
        (b"BZh91AY", "bzip2", "bunzip2"),
        (b"\xfd7zXZ\0", "xz file", "unxz"),
    ],
    ids=["zip", "tar", "tar.gz", "bzip2", "xz"],
)
def test_archives_are_refused_with_the_way_to_unpack_them(tmp_path, packed, said, fix):
    with pytest.raises(DataError, match=said) as raised:
        open_source(in_file(tmp_path, packed, "rows.x"))
    assert fix in raised.value.fix


def test_a_pointer_of_git_lfs_is_told_from_data(tmp_path):
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    with pytest.raises(DataError, match="pointer") as raised:
        open_source(in_file(tmp_path, pointer, "rows.parquet"))
    assert raised.value.fix == "git lfs pull"


# Standard input


@pytest.fixture
def stdin(monkeypatch):
    def give(content):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    return give


TABLE = pa.table({"question": ["q1", "q2"], "answer": ["a", "b"]})
INPUTS = {
    "lines": b'{"question": "q1", "answer": "a"}\n{"question": "q2", "answer": "b"}\n',
    "array": b'[{"question": "q1", "answer": "a"}, {"question": "q2", "answer": "b"}]',
    "csv": b"question,answer\nq1,a\nq2,b\n",
    "tsv": b"question\tanswer\nq1\ta\nq2\tb\n",
    "parquet": parquet(TABLE),
    "arrow file": arrow_file(TABLE),
    "arrow stream": arrow_stream(TABLE),
}


@pytest.mark.parametrize("limit", [1, 1 << 28], ids=["through a file", "in memory"])
@pytest.mark.parametrize("pack", PACKERS.values(), ids=["plain", "gzip", "zstd"])
@pytest.mark.parametrize("kind", INPUTS)
def test_standard_input_holds_any_container(stdin, monkeypatch, kind, pack, limit):
    monkeypatch.setattr(contents, "IN_MEMORY", limit)
    packed = pack(INPUTS[kind])
    stdin(packed)
    data = read("-")
    assert list(data.rows()) == TABLE.to_pylist()
    assert data.sources[0].sha256 == hashlib.sha256(packed).hexdigest()
    assert data.where(0).startswith("standard input:")
    data.sources[0].check_unchanged()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b" \n", "blanks"),
        (b"hello world\nmore\n", "neither JSON"),
        (os.urandom(50) + b"\0\1", "neither JSON|binary"),
    ],
    ids=["empty", "blank", "prose", "binary"],
)
def test_standard_input_without_rows_is_an_error(stdin, content, said):
    stdin(content)
    with pytest.raises(DataError, match=said) as raised:
        read("-")
    assert raised.value.where.startswith("standard input")


def test_a_terminal_and_a_closed_input_are_wrong_usage(monkeypatch):
    terminal, other = os.openpty()
    with os.fdopen(other) as file:
        monkeypatch.setattr(sys, "stdin", file)
        with pytest.raises(UsageError, match="nothing is given") as raised:
            read("-")
        assert "terminal" in raised.value.why
    os.close(terminal)
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UsageError, match="nothing is given"):
        read("-")


def test_standard_input_twice_is_wrong_usage(stdin):
    stdin(LINES)
    with pytest.raises(UsageError, match="twice"):
        read(["-", "-"])


def test_a_file_of_that_name_is_told_by_its_folder(tmp_path, monkeypatch, stdin):
    stdin(LINES)
    monkeypatch.chdir(tmp_path)
    in_file(tmp_path, LINES[:100].rpartition(b"\n")[0], "-")
    assert len(read("./-")) == 2
