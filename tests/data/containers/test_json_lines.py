"""JSON Lines are read as the standard library reads each line, numbered as an editor does."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data import hostile_json
from tests.data.containers.small_files import BOM, text_of

from spanset.data.containers.opening import memory_source
from spanset.data.containers.scanning import RawRow, parse


def scan_lines(content: bytes) -> list[RawRow]:
    return list(memory_source(content).rows())


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
