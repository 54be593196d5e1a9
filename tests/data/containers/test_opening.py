"""What an input is, its content says: lines, an array, packed by gzip, or nothing to read."""

from __future__ import annotations

import gc
import gzip
import hashlib
import os
import warnings
from pathlib import Path

import pytest
from tests.data.containers.small_files import BOM

from spanset.base.errors import DataError
from spanset.data.containers import content as contents
from spanset.data.containers.opening import memory_source, open_source


def in_file(folder: Path, content: bytes, name: str = "rows.jsonl") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", ["rows.json", "rows.jsonl", "rows.json.gz", "rows.txt", "rows"])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    ("content", "kind"),
    [(b'{"a": 1}\n{"a": 2}\n', "jsonl"), (b'[{"a": 1}, {"a": 2}]', "json")],
    ids=["lines", "array"],
)
def test_content_and_not_the_name_tells_the_container(tmp_path, content, kind, packed, name):
    source = open_source(
        in_file(tmp_path, gzip.compress(content) if packed else content, name=name)
    )
    assert source.kind == kind
    assert [row.value for row in source.rows()] == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("before", [b"", BOM, b"\n\n \t\r\n", BOM + b"\r\n"])
@pytest.mark.parametrize(("content", "kind"), [(b'{"a": 1}', "jsonl"), (b'[{"a": 1}]', "json")])
def test_byte_order_mark_and_blanks_before_the_first_row_are_passed_over(
    tmp_path, content, kind, before
):
    source = open_source(in_file(tmp_path, before + content))
    assert source.kind == kind
    (row,) = source.rows()
    assert source.content[row.start : row.start + row.length] == b'{"a": 1}'
    assert row.line == 1 + before.count(b"\n")


def test_blanks_of_any_length_before_the_first_row_are_passed_over(tmp_path):
    content = b"\n" * (1 << 17) + b'{"a": 1}\n'  # more than the file's head
    (row,) = open_source(in_file(tmp_path, content)).rows()
    assert row.line == (1 << 17) + 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (BOM, "blanks"),
        (b" \r\n\t\n", "blanks"),
        (gzip.compress(b"", mtime=0), "empty"),
        (b"question,answer\n1,2\n", "neither JSON Lines nor a JSON array"),
        (b'"text"\n', "neither JSON Lines nor a JSON array"),
    ],
    ids=["empty", "BOM", "blanks", "empty gzip", "CSV", "text"],
)
def test_what_holds_no_rows_is_refused(tmp_path, content, said):
    path = in_file(tmp_path, content)
    with pytest.raises(DataError, match=said) as raised:
        open_source(path)
    assert str(path) in raised.value.where


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_named_with_the_way_to_convert_it(tmp_path, encoding):
    path = in_file(tmp_path, '\ufeff{"a": 1}\n'.encode(encoding))
    with pytest.raises(DataError, match="UTF-16") as raised:
        open_source(path)
    assert "iconv" in raised.value.fix


def test_missing_file_and_folder_are_told_apart(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        open_source(tmp_path / "none.jsonl")
    with pytest.raises(DataError, match="folder"):
        open_source(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_unreadable_file_is_named_with_the_way_to_mend_it(tmp_path):
    path = in_file(tmp_path, b'{"a": 1}\n')
    path.chmod(0)
    with pytest.raises(DataError, match="no permission") as raised:
        open_source(path)
    assert "chmod" in raised.value.fix


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_pipe_is_read_as_a_file_is(packed):
    content = b'{"a": 1}\n{"a": 2}\n'
    reader, writer = os.pipe()
    os.write(writer, gzip.compress(content) if packed else content)
    os.close(writer)
    try:
        source = open_source(Path(f"/dev/fd/{reader}"))
    finally:
        os.close(reader)
    assert [row.value for row in source.rows()] == [{"a": 1}, {"a": 2}]
    source.check_unchanged()


def test_gzip_members_are_read_one_after_the_other(tmp_path):
    content = gzip.compress(b'{"a": 1}\n') + gzip.compress(b'{"a": 2}\n')
    rows = list(open_source(in_file(tmp_path, content)).rows())
    assert [row.value for row in rows] == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("harm", ["cut", "flipped", "followed by something else"])
def test_broken_gzip_is_named(tmp_path, harm):
    packed = gzip.compress(b'{"a": 1}\n' * 100, mtime=0)
    content = {
        "cut": packed[:-9],
        "flipped": packed[:-5] + bytes([packed[-5] ^ 1]) + packed[-4:],  # of the checksum
        "followed by something else": packed + b"more",
    }[harm]
    path = in_file(tmp_path, content, name="rows.jsonl.gz")
    with pytest.raises(DataError, match="broken gzip") as raised:
        open_source(path)
    assert raised.value.where == str(path)


def test_large_gzip_goes_through_a_file_that_is_closed(tmp_path, monkeypatch):
    monkeypatch.setattr(contents, "IN_MEMORY", 100)
    content = b"".join(b'{"a": %d}\n' % number for number in range(50))
    path = in_file(tmp_path, gzip.compress(content))
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        source = open_source(path)
        gc.collect()
    assert not isinstance(source.content, bytes), "it was meant to be too large for memory"
    assert [row.value["a"] for row in source.rows()] == list(range(50))
    assert not seen, f"the temporary file is left open: {seen[0].message}"


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_digest_is_of_the_file_as_it_lies(tmp_path, packed):
    content = b'{"a": 1}\n'
    content = gzip.compress(content) if packed else content
    source = open_source(in_file(tmp_path, content))
    assert source.sha256 == hashlib.sha256(content).hexdigest()


def test_file_changed_since_it_was_read_is_refused(tmp_path):
    path = in_file(tmp_path, b'{"a": 1}\n')
    source = open_source(path)
    source.check_unchanged()
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    with pytest.raises(DataError, match="changed") as raised:
        source.check_unchanged()
    assert raised.value.where == str(path)


def test_file_removed_since_it_was_read_is_an_error_in_words(tmp_path):
    path = in_file(tmp_path, b'{"a": 1}\n')
    source = open_source(path)
    path.unlink()
    with pytest.raises((DataError, OSError)) as raised:
        source.check_unchanged()
    assert isinstance(raised.value, DataError), f"a bare {raised.type.__name__} reaches the user"
    assert str(path) in raised.value.where


def test_rows_in_memory_cannot_change():
    memory_source(b'{"a": 1}\n').check_unchanged()
