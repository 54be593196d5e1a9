from __future__ import annotations

import errno
import gzip
import json
import os
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data import containers, hostile_json

from spanset.base.errors import DataError, OutputError, UsageError
from spanset.data.containers.sources import TextSource
from spanset.data.dataset import Dataset
from spanset.data.reader import read
from spanset.data.writing.row_files import (
    SUFFIXES,
    container_of,
    natural_container,
    open_output,
    write_rows,
)

ROWS = [
    '{"question": "q0", "answer": "a0"}',
    '{"question":"é\u2028","answer":"\\ud83d\\/","n":NaN,"n":12345678901234567890}',
    '{ "answer" :\t"a2" , "question": "  q2\\n " }',
]


def with_field(value: str) -> str:
    """A row that is read, with this JSON text in one of its fields."""
    return f'{{"question": "q", "answer": "a", "more": {value}}}'


@pytest.fixture
def data(tmp_path) -> Dataset:
    path = tmp_path / "in" / "rows.jsonl"
    path.parent.mkdir()
    path.write_text("\n".join(ROWS), encoding="utf-8")
    return read(path)


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


# Rows verbatim


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


# Containers


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
    content = containers.unzstd(content) if suffix.endswith(".zst") else content
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


# Files that are there


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


# Failures


class BrokenError(Exception):
    """Something that goes wrong while rows are written."""


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (BrokenError(), BrokenError),
        (KeyboardInterrupt(), KeyboardInterrupt),
        (OSError(errno.ENOSPC, "No space left on device"), OutputError),
    ],
    ids=["error", "interrupt", "disk full"],
)
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("before", [None, "mine"], ids=["new", "replaced"])
def test_nothing_is_left_of_a_write_that_fails(
    data, folder, monkeypatch, suffix, error, expected, before
):
    path = folder / f"subset{suffix}"
    if before:
        path.write_text(before)
    raw, calls = TextSource.raw, []

    def raw_until_it_breaks(self: TextSource, start: int, length: int) -> bytes:
        calls.append(start)
        if len(calls) == 3:
            raise error
        return raw(self, start, length)

    monkeypatch.setattr(TextSource, "raw", raw_until_it_breaks)
    with pytest.raises(expected):
        data.write(path, force=True)
    left = {entry.name: entry.read_text() for entry in folder.iterdir()}
    assert left == ({path.name: before} if before else {})


def test_failed_write_says_what_and_why(data, folder, monkeypatch):
    def full(*_: object) -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Dataset, "raw", full)
    with pytest.raises(OutputError) as raised:
        data.write(folder / "subset.jsonl")
    assert raised.value.where == str(folder / "subset.jsonl")
    assert raised.value.why == "No space left on device"
    assert "free some space" in str(raised.value)
    assert raised.value.exit_code == 1


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_nothing_is_left_when_the_system_refuses_more_bytes(tmp_path, folder, suffix):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(with_field(f'"{number:x}"') + "\n" for number in range(20_000)))
    script = """
import resource, sys
from spanset.data.reader import read
from spanset.base.errors import OutputError
data = read(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
try:
    data.write(sys.argv[2])
except OutputError as error:
    sys.exit(str(error))
"""
    target = folder / f"subset{suffix}"
    done = subprocess.run(
        [sys.executable, "-c", script, path, target], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert done.stderr.startswith(f"{target}: cannot write the output"), done.stderr
    assert list(folder.iterdir()) == [], "a partial file is left"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_without_permission_is_an_error_in_words(data, folder):
    folder.chmod(0o555)
    with pytest.raises(OutputError) as raised:
        data.write(folder / "subset.jsonl")
    assert "chmod" in raised.value.fix


def test_error_of_a_writer_passes_unchanged(folder):
    error = OutputError("mine", where="here")
    with pytest.raises(OutputError) as raised, open_output(folder / "subset.jsonl"):
        raise error
    assert raised.value is error
    assert list(folder.iterdir()) == []


# Streams


def test_standard_output_gets_lines(data, capsysbinary):
    write_rows(data[[1, 0]], "-")
    assert capsysbinary.readouterr().out == f"{ROWS[1]}\n{ROWS[0]}\n".encode()


@pytest.mark.parametrize("name", ["pipe", "pipe.jsonl", "pipe.json"])
def test_named_pipe_is_written_directly(data, folder, name):
    path = folder / name
    os.mkfifo(path)
    # Opened first and without waiting, so that a writer that never comes cannot hang the test.
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        data[[1, 0]].write(path)
        assert os.read(reader, 10_000) == f"{ROWS[1]}\n{ROWS[0]}\n".encode()
        assert os.read(reader, 1) == b"", "the pipe is not closed"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(path.stat().st_mode), "the pipe was replaced by a file"
    assert list(folder.iterdir()) == [path]


def test_reader_that_goes_away_is_an_error_in_words(data, folder, monkeypatch):
    path = folder / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    raw = Dataset.raw

    def raw_without_reader(self: Dataset, position: int) -> bytes:
        if position == 1:
            os.close(reader)
        return raw(self, position)

    monkeypatch.setattr(Dataset, "raw", raw_without_reader)
    with pytest.raises(OutputError, match="reader went away"):
        data.write(path)


def test_device_is_written_directly(data):
    data.write("/dev/null")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode), "the device was replaced by a file"


@pytest.mark.parametrize(
    "odd", [(2.5, True), ([1.5], [False]), ({"a": 1.5}, {"a": True}), ([[1.5]], [[2.5, True]])]
)
@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
def test_true_among_numbers_is_refused_by_tables(tmp_path, odd, suffix):
    rows = [{"text": "T", "odd": value} for value in odd]
    with pytest.raises(DataError, match="'odd' fits no type") as raised:
        read(rows).write(tmp_path / f"rows{suffix}")
    assert raised.value.where.endswith(":2")
