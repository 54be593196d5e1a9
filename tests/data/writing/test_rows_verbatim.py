"""Rows come out byte for byte, rows of an array folded to a line each and nothing else."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data import hostile_json
from tests.data.writing.written_rows import ROWS, with_field

from spanset.data.reader import read


def test_lines_are_written_verbatim_in_the_order_asked(data, folder):
    data[[2, 0, 1]].write(folder / "subset.jsonl")
    expected = "".join(ROWS[place] + "\n" for place in (2, 0, 1))
    assert (folder / "subset.jsonl").read_bytes() == expected.encode()


@settings(deadline=None, max_examples=50)
@given(
    st.lists(hostile_json.objects(line_breaks=False).map(with_field), min_size=1, max_size=4),
    st.sampled_from(["\n", "\r\n", "\n\n"]),
    st.sampled_from(["", "\ufeff"]),
)
def test_every_line_comes_out_byte_for_byte(texts, end, before):
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "rows.jsonl").write_bytes((before + end.join(texts)).encode())
        read(Path(name) / "rows.jsonl").write(Path(name) / "subset.jsonl")
        written = (Path(name) / "subset.jsonl").read_bytes().decode()
    assert written == "".join(text + "\n" for text in texts)


def test_a_carriage_return_between_tokens_of_a_line_stays(tmp_path):
    row = b'{"question": "q",\r"answer":\t\r "a"}'
    (tmp_path / "rows.jsonl").write_bytes(row + b"\r\n")
    read(tmp_path / "rows.jsonl").write(tmp_path / "subset.jsonl")
    assert (tmp_path / "subset.jsonl").read_bytes() == row + b"\n", (
        "only rows of arrays are folded; a line is written as it is"
    )


@settings(deadline=None, max_examples=100)
@given(
    st.lists(hostile_json.objects(line_breaks=True).map(with_field), min_size=1, max_size=4),
    st.sampled_from(hostile_json.BLANKS + hostile_json.LINE_BREAKS),
)
def test_rows_of_an_array_are_folded_and_nothing_else(texts, blank):
    with tempfile.TemporaryDirectory() as name:
        array = "[" + ",".join(blank + text + blank for text in texts) + "]"
        (Path(name) / "rows.json").write_bytes(array.encode())
        data = read(Path(name) / "rows.json")
        data.write(Path(name) / "subset.jsonl")
        data.write(Path(name) / "subset.json")
        lines = (Path(name) / "subset.jsonl").read_bytes()
        written = (Path(name) / "subset.json").read_bytes()
    assert b"\r" not in lines
    assert lines.count(b"\n") == len(texts), "a row is written over several lines"
    rows = lines.decode().split("\n")[:-1]
    assert [hostile_json.value_of(row) for row in rows] == list(map(hostile_json.value_of, texts))
    # Not only the values: strings, numbers, escapes and repeated keys are as they were written.
    assert list(map(hostile_json.squeezed, rows)) == list(map(hostile_json.squeezed, texts))
    assert hostile_json.value_of(written) == hostile_json.value_of(array)
    assert hostile_json.squeezed(written) == hostile_json.squeezed(array)


def test_folding_takes_line_breaks_and_indents_away(tmp_path):
    rows = [{"question": "q", "answer": "a", "more": [1, {"b": None}]}]
    (tmp_path / "rows.json").write_text(json.dumps(rows, indent=4))
    read(tmp_path / "rows.json").write(tmp_path / "subset.jsonl")
    folded = '{"question": "q","answer": "a","more": [1,{"b": null}]}\n'
    assert (tmp_path / "subset.jsonl").read_text() == folded


def test_array_is_written_one_row_a_line(data, folder):
    data.write(folder / "subset.json")
    content = (folder / "subset.json").read_bytes().decode()
    assert content == "[\n" + ",\n".join(ROWS) + "\n]\n"


def test_blanks_inside_strings_stay_when_a_row_is_folded(tmp_path):
    row = '{\n  "question": " \\n  \\r\\n\\t  ",\r\n  "answer": "a   b \u2028 c"\n}'
    (tmp_path / "rows.json").write_bytes(f"[\n  {row}\n]\n".encode())
    read(tmp_path / "rows.json").write(tmp_path / "subset.jsonl")
    written = (tmp_path / "subset.jsonl").read_bytes().decode()
    assert '" \\n  \\r\\n\\t  "' in written
    assert '"a   b \u2028 c"' in written
    assert json.loads(written) == json.loads(row)


def test_long_blanks_inside_a_string_are_written_at_once(tmp_path):
    row = '{"question": "q", "answer": "a' + " " * 30_000 + 'b"}'
    (tmp_path / "rows.json").write_text(f"[\n{row}\n]")
    data = read(tmp_path / "rows.json")
    before = time.process_time()
    data.write(tmp_path / "subset.jsonl")
    seconds = time.process_time() - before
    assert (tmp_path / "subset.jsonl").read_text() == row + "\n"
    assert seconds < 1, f"{seconds:.1f} s: folding takes time quadratic in a run of blanks"
