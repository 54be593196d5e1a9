from __future__ import annotations

import gc
import gzip
import hashlib
import json
import os
import time
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data import hostile_json

from spanset.base.errors import DataError
from spanset.data.containers import content as contents
from spanset.data.containers import scanning
from spanset.data.containers.json_text import JsonSource
from spanset.data.containers.opening import memory_source, open_source
from spanset.data.containers.scanning import RawRow, parse

WINDOWS = (1, 2, 7, 64, 1 << 22)
BOM = b"\xef\xbb\xbf"


def scan_lines(content: bytes) -> list[RawRow]:
    return list(memory_source(content).rows())


def scan_array(content: bytes) -> list[RawRow]:
    return list(array_source(content).rows())


def array_source(content: bytes) -> JsonSource:
    return JsonSource(name="rows.json", content=content, kind="json", sha256="")


def text_of(content: bytes, row: RawRow) -> bytes:
    return content[row.start : row.start + row.length]


def in_file(folder: Path, content: bytes, name: str = "rows.jsonl") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


# What a file is


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


# gzip


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


# JSON Lines


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b'{"a": 1}\n{"a": 2}\n', [1, 2]),
        (b'{"a": 1}\n{"a": 2}', [1, 2]),
        (b'{"a": 1}\r\n{"a": 2}\r\n', [1, 2]),
        (b'{"a": 1}\r\n{"a": 2}', [1, 2]),
        (b'\n{"a": 1}\n\r\n \t\n{"a": 2}\n\n', [2, 5]),
        (BOM + b'{"a": 1}\n{"a": 2}\n', [1, 2]),
        (BOM + b'\n  {"a": 1} \t\r\n\t{"a": 2}  ', [2, 3]),
    ],
    ids=["LF", "no final newline", "CRLF", "CRLF, no final", "blank lines", "BOM", "blanks"],
)
def test_lines_are_numbered_as_an_editor_numbers_them(content, lines):
    rows = scan_lines(content)
    assert [row.line for row in rows] == lines
    assert [text_of(content, row) for row in rows] == [b'{"a": 1}', b'{"a": 2}']
    assert [row.value for row in rows] == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c"])
def test_only_a_line_feed_ends_a_line(mark):
    mark = mark if mark > " " else json.dumps(mark)[1:-1]
    content = f'{{"a": "1{mark}2"}}\n{{"a": "3"}}\n'.encode()
    rows = scan_lines(content)
    assert [row.line for row in rows] == [1, 2], "the text was split as str.splitlines does"
    assert [row.error for row in rows] == ["", ""]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"a": 1', "invalid JSON"),
        (b'{"a": 1,}', "invalid JSON"),
        (b'{"a": "\\d"}', "invalid JSON: Invalid \\escape"),
        (b'{"a": "1\t2"}', "invalid JSON: Invalid control character"),
        (b"{'a': 1}", "invalid JSON"),
        (b'{"a": 1}{"a": 2}', "more text after the value (column 9)"),
        (b'{"a": 1}, ', "more text after the value (column 9)"),
        (b'{"a": 1}\x0c', "more text after the value (column 9)"),  # no blank in JSON
        (b'{"a": "\xff"}', "not UTF-8: byte 0xff at column 8"),
        (b'{"a": "\xed\xa0\x80"}', "not UTF-8"),  # a surrogate, encoded
        (b'{"a": "\xe6\xbc', "not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_malformed_line_carries_its_error_and_the_next_is_read(line, said):
    rows = scan_lines(b'{"a": 0}\r\n' + line + b'\r\n{"a": 3}\r\n')
    assert [row.line for row in rows] == [1, 2, 3]
    assert said in rows[1].error
    assert [rows[0].value, rows[2].value] == [{"a": 0}, {"a": 3}]


def test_integers_of_any_length_are_read():
    digits = "1" * 5000
    value, error = parse(f'{{"long": {digits}, "below": -{digits}, "short": 12}}'.encode())
    assert not error, "Python refuses integers of more than 4300 digits"
    assert value == {"long": digits, "below": f"-{digits}", "short": 12}
    assert type(value["short"]) is int


@settings(deadline=None, max_examples=100)
@given(
    texts=st.lists(hostile_json.objects(line_breaks=False), min_size=1, max_size=4),
    ends=st.lists(st.sampled_from(["\n", "\r\n", "\n\n", " \n", "\t\r\n\r\n"]), min_size=4),
    before=st.sampled_from(["", "\ufeff", "\n", "\ufeff \r\n"]),
    final=st.booleans(),
)
def test_every_line_is_read_as_the_standard_library_reads_it(texts, ends, before, final):
    lines = [text + end for text, end in zip(texts, ends, strict=False)]
    if not final:
        lines[-1] = texts[-1]
    content = (before + "".join(lines)).encode()
    rows = scan_lines(content)
    assert [row.error for row in rows] == [""] * len(texts)
    assert [text_of(content, row).decode() for row in rows] == texts
    assert [repr(row.value) for row in rows] == [hostile_json.value_of(text) for text in texts]
    assert [row.line for row in rows] == [content[: row.start].count(b"\n") + 1 for row in rows]


# JSON arrays


@settings(deadline=None, max_examples=200)
@given(
    texts=st.lists(hostile_json.objects(line_breaks=True), max_size=4),
    blanks=st.lists(
        st.sampled_from(hostile_json.BLANKS + hostile_json.LINE_BREAKS), min_size=10, max_size=10
    ),
    before=st.sampled_from(["", "\ufeff", "\n", "\ufeff \r\n"]),
    window=st.sampled_from(WINDOWS),
)
def test_array_is_read_through_any_window_as_the_standard_library_reads_it(
    texts, blanks, before, window
):
    pieces = (blanks[2 * place] + text + blanks[2 * place + 1] for place, text in enumerate(texts))
    content = (before + "[" + ",".join(pieces) + blanks[8] + "]" + blanks[9]).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanning, "WINDOW", window)
        rows = scan_array(content)
    assert [text_of(content, row).decode() for row in rows] == texts, "the byte ranges are off"
    assert [repr(row.value) for row in rows] == [hostile_json.value_of(text) for text in texts]
    assert [row.line for row in rows] == [content[: row.start].count(b"\n") + 1 for row in rows]


LITERALS = ["12", "1.5", "-0.25", "1e5", "1E+5", "-1.5e-3", "NaN", "-Infinity", "true", "null"]
LITERALS += ['"a\\ud83d\\ude00"', "[1, 2.5]", "9" * 4400]


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("literal", LITERALS, ids=lambda literal: literal[:9])
def test_value_that_is_no_object_is_one_row_through_any_window(monkeypatch, window, literal):
    monkeypatch.setattr(scanning, "WINDOW", window)
    content = f"[{literal}, {literal} , {{}}]".encode()
    try:
        rows = scan_array(content)
    except DataError as error:
        pytest.fail(f"a number cut off by the window counts as whole: {error.what}")
    assert [text_of(content, row).decode() for row in rows] == [literal, literal, "{}"]


def test_row_far_longer_than_the_window_is_read_at_once(monkeypatch):
    monkeypatch.setattr(scanning, "WINDOW", 16)
    text = b'{"a": "' + b"x" * 1_000_000 + b'"}'
    before = time.process_time()
    (row,) = scan_array(b"[" + text + b"]")
    seconds = time.process_time() - before
    assert row.length == len(text)
    assert seconds < 2, f"{seconds:.1f} s: the window does not grow with what is pending"


@pytest.mark.parametrize("content", [b"[]", b" [ ] ", b"[\n]\n", BOM + b"[\r\n\r\n]\r\n"])
def test_empty_array_has_no_rows(content):
    assert scan_array(content) == []


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        (b'[\n{"a": 1},\n{"a": tru},\n{"a": 3}]', 3, "invalid JSON"),
        (b'[\n{"a": 1},\n{"b": 2,\n\n"a": "\\d"}]', 5, "Invalid \\escape"),
        (b'[\n{"a": 1},\n{"a": "one\ntwo"}]', 3, "Invalid control character"),
        (b'[\n{"a": 1},\n{"a": 2},\n]', 4, "a comma before the closing bracket"),
        (b"[,]", 1, "invalid JSON"),
        (b'[{"a": 1},,{"a": 2}]', 1, "invalid JSON"),
        (b'[\n{"a": 1}\n{"a": 2}]', 3, "expected a comma between rows, found '{'"),
        (b'[\n{"a": 1}, "a": 2]', 2, "expected a comma between rows, found ':'"),
        (b'[\n{"a": 1}\n', 3, "not closed"),
        (b'[\n{"a": 1},\n', 3, "invalid JSON"),
        (b'[\n{"a": 1},\n{"a": 2', 3, "invalid JSON"),
        (b'[\n{"a": 1},\n{"a": "2', 3, "Unterminated string"),
        (b"[", 1, "invalid JSON"),
        (b'[\n{"a": 1}\n]\n\n{"a": 2}', 5, "more text after the end of the array"),
        (b'[\n{"a": 1}\n]]', 3, "more text after the end of the array"),
        (b"[{},\n" + b"[" * 100_000, 2, "nested too deeply"),
        (b"[{},\n" + b'{"a":' * 100_000, 2, "nested too deeply"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_broken_array_is_an_error_at_its_file_and_line(monkeypatch, content, line, said, window):
    monkeypatch.setattr(scanning, "WINDOW", window)
    with pytest.raises(DataError) as raised:
        scan_array(content)
    assert said in raised.value.what
    assert raised.value.where == f"rows.json:{line}"


def test_rows_before_the_broken_one_are_found():
    rows = JsonSource(
        name="rows.json", kind="json", sha256="", content=b'[{"a": 1},\n{"a": 2},\n{"a": }]'
    ).rows()
    assert [next(rows).value, next(rows).value] == [{"a": 1}, {"a": 2}]
    with pytest.raises(DataError):
        next(rows)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize(
    ("content", "line", "byte"),
    [
        (b'[\n{"a": "\xc3\xa9"},\n{"a": "\xff"}]', 3, "0xff"),
        (b'[\n{"a": "\xe6\xbc"}]', 2, "0xe6"),
        (b'[\n{"a": "\xed\xa0\x80"}]', 2, "0xed"),
        (b'[\n{"a": 1}\n]\n\xe6\xbc', 4, "0xe6"),  # cut off at the file's end
    ],
)
def test_byte_that_is_not_utf_8_is_an_error_at_its_line(monkeypatch, content, line, byte, window):
    monkeypatch.setattr(scanning, "WINDOW", window)
    with pytest.raises(DataError, match="not UTF-8") as raised:
        scan_array(content)
    assert byte in raised.value.what
    assert raised.value.where == f"rows.json:{line}"


# Changes


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
