"""JSON arrays are read through any window as the standard library reads them whole."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data import hostile_json
from tests.data.containers.small_files import BOM, text_of

from spanset.base.errors import DataError
from spanset.data.containers import scanning
from spanset.data.containers.json_text import JsonSource
from spanset.data.containers.scanning import RawRow

WINDOWS = (1, 2, 7, 64, 1 << 22)


def scan_array(content: bytes) -> list[RawRow]:
    return list(array_source(content).rows())


def array_source(content: bytes) -> JsonSource:
    return JsonSource(name="rows.json", content=content, kind="json", sha256="")


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
