"""Mistakes with CSV, Parquet, Arrow, compressed files, standard input and hub names.

As in refusals.py: one message, the right exit code, and nothing left behind.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import datasets
import pyarrow as pa
import pytest
from tests.commands.refusals import LINES, ROWS, Commands, check_message, snapshot, spanset_command
from tests.data.every_container import arrow_file, arrow_stream, parquet, zstd

TABLE = pa.Table.from_pylist(ROWS)
CSV = b"instruction,output\n" + b"".join(
    f"{row['instruction']},it is {row['rating']}\n".encode() for row in ROWS
)
COMMANDS = pytest.mark.parametrize(
    "command", [("select", "-k", "3"), ("show",)], ids=["select", "show"]
)


@pytest.fixture
def spanset(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("d.jsonl").write_bytes(LINES)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    return Commands(capsys)


@pytest.fixture
def stdin(monkeypatch):
    def give(content):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    return give


def zip_of(content):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("rows.jsonl", content)
    return file.getvalue()


def tar_of(content):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        entry = tarfile.TarInfo("rows.jsonl")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return file.getvalue()


def with_column(column):
    return TABLE.set_column(1, "output", column)


STRUCT = with_column(pa.array([{"text": "a"}] * len(ROWS)))
GARBAGE = bytes(range(128, 256)) * 9
FILES = {
    "csv-named-json": ("c.json", CSV, "c.json:1", ("JSON",), ".csv"),
    "garbage-parquet": ("g.parquet", GARBAGE, "g.parquet:1", ("starts with",), "Parquet"),
    "garbage-csv": ("g.csv", GARBAGE, "g.csv:1", ("UTF-8",), "UTF-8"),
    "zeros-csv": ("z.csv", bytes(99), "z.csv:1", ("binary",), "Parquet"),
    "garbage-zst": ("g.zst", b"\x28\xb5\x2f\xfd" + GARBAGE, "g.zst", ("zstd",), "zstd -t"),
    "cut-parquet": ("p.parquet", parquet(TABLE)[:-20], "p.parquet", ("broken Parquet",), "again"),
    "short-parquet": ("p.parquet", b"PAR1", "p.parquet", ("broken Parquet",), "again"),
    "cut-arrow": ("a.arrow", arrow_file(TABLE)[:-90], "a.arrow", ("broken Arrow",), "again"),
    "cut-stream": ("a.arrow", arrow_stream(TABLE)[:150], "a.arrow", ("broken Arrow",), "again"),
    "cut-zst": ("l.jsonl.zst", zstd(LINES)[:-9], "l.jsonl.zst", ("Truncated",), "zstd -t"),
    "empty-csv": ("e.csv", b"", "e.csv", ("empty",), "at least one row"),
    "empty-parquet": ("e.parquet", b"", "e.parquet", ("empty",), "at least one row"),
    "empty-zst": ("e.jsonl.zst", zstd(b""), "e.jsonl.zst", ("empty",), "at least one row"),
    "no-rows-parquet": ("p.parquet", parquet(TABLE[:0]), "p.parquet", ("no rows",), "at least"),
    "header-alone": ("h.csv", b"instruction,output\n", "h.csv", ("0 rows read",), "show"),
    "ragged-csv": ("r.csv", CSV + b"a,b,c\n", "r.csv:10", ("2 fields", "has 3"), "--on-bad-row"),
    "open-quote": ("q.csv", CSV + b'a,"b\nc,d\n', "q.csv:10", ("not closed",), "quote"),
    "column-twice": ("t.csv", b"a,b,a\n1,2,3\n", "t.csv:1", ("'a'",), "--columns"),
    "column-nameless": ("t.csv", b"a,,b\n1,2,3\n", "t.csv:1", ("column 2",), "--columns"),
    "no-header": ("n.csv", b"1+1,2\n2+2,4\n", "n.csv:2", ("fields seen: 1+1, 2",), "--map"),
    "struct": ("s.parquet", parquet(STRUCT), "s.parquet:1", ("an object",), "--on-bad-row"),
    "zip": ("z.zip", zip_of(LINES), "z.zip", ("zip archive",), "unzip z.zip"),
    "tar": ("t.tar.gz", tar_of(LINES), "t.tar.gz", ("tar archive",), "tar -xzf t.tar.gz"),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES)
@COMMANDS
def test_a_file_that_cannot_be_read_is_named_with_the_reason(spanset, command, case):
    name, content, where, says, fix = FILES[case]
    Path(name).write_bytes(content)
    spanset.refuses(*command, name, code=1, where=f"{where}: ", says=says, fix=fix)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("j.parquet", LINES),
        ("p.json", parquet(TABLE)),
        ("p.csv", arrow_stream(TABLE)),
        ("z.jsonl", zstd(LINES)),
        ("c.csv.zst", zstd(CSV)),
    ],
    ids=["JSON as Parquet", "Parquet as JSON", "Arrow as CSV", "zstd as lines", "CSV in zstd"],
)
def test_the_content_decides_where_it_can(spanset, name, content):
    """A control: the refusals above are not for the suffix."""
    Path(name).write_bytes(content)
    ended = spanset.run("select", name, "-k", "3")
    assert (ended.code, ended.err) == (0, "")


def test_ragged_rows_are_left_out_where_that_is_asked_for(spanset):
    Path("r.csv").write_bytes(CSV + b"a,b,c\n")
    ended = spanset.run("select", "r.csv", "-k", "3", "--on-bad-row", "skip")
    assert ended.code == 0
    (left_out,) = Path("spanset-run/bad_rows.jsonl").read_text().splitlines()
    assert json.loads(left_out)["line"] == 10


def test_columns_name_the_fields_of_a_file_without_header(spanset):
    Path("n.csv").write_bytes(CSV.partition(b"\n")[2])
    words = ("select", "n.csv", "--columns", "question,answer", "-k", "3")
    assert spanset.run(*words).code == 0
    assert Path("spanset-run/subset.csv").read_bytes().count(b"\n") == 3
    again = spanset.run("select", "--config", "spanset-run/config.toml", "--run", "again")
    assert again.code == 0
    subsets = [Path(run, "subset.csv").read_bytes() for run in ("spanset-run", "again")]
    assert subsets[0] == subsets[1]


# Standard input


@pytest.mark.parametrize(
    "words",
    [
        ("select", "-", "-k", "3"),
        ("select", "-", "-k", "3", "--dry-run"),
        ("select", "d.jsonl", "--given", "-", "-k", "3"),
        ("show", "-"),
        ("measure", "-", "-n", "3"),
        ("measure", "d.jsonl", "--given", "-", "-n", "3"),
        ("measure", "d.jsonl", "--reference", "-", "-n", "3"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize(
    "content",
    [b"".join(LINES.splitlines(keepends=True)[:6]), CSV, parquet(TABLE[:6])],
    ids=["lines", "CSV", "Parquet"],
)
def test_standard_input_is_read_by_every_command(spanset, stdin, words, content):
    stdin(content)
    ended = spanset.run(*words)
    assert ended.code == 0, ended.err
    if words[1] == "-" and "--dry-run" not in words:
        assert "standard input" in ended.out


def test_standard_input_comes_through_a_real_pipe(spanset):
    done = subprocess.run(
        [spanset_command(), "select", "-", "-k", "3", "-o", "-"],
        input=zstd(LINES), capture_output=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.splitlines()) < set(LINES.splitlines())


@pytest.mark.parametrize(
    "words",
    [
        ("select", "-", "-", "-k", "3"),
        ("select", "-", "--given", "-", "-k", "3"),
        ("select", "-", "--given", "-", "-k", "3", "--dry-run"),
        ("show", "-", "-"),
        ("measure", "-", "-"),
        ("measure", "-", "--given", "-"),
        ("measure", "-", "--reference", "-"),
    ],
    ids=" ".join,
)
def test_standard_input_twice_is_wrong_usage(spanset, stdin, words):
    stdin(LINES)
    spanset.refuses(*words, code=2, says=("twice",), fix="")


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "empty"), (b"hello world\n", "neither"), (GARBAGE, "UTF-8"), (b"\0\1", "binary")],
    ids=["empty", "prose", "garbage", "zeros"],
)
@COMMANDS
def test_standard_input_without_rows_is_refused(spanset, stdin, command, content, says):
    stdin(content)
    spanset.refuses(*command, "-", code=1, where="standard input", says=(says,))


# Hub names


@COMMANDS
def test_a_hub_name_without_the_extra_names_the_extra(spanset, monkeypatch, command):
    monkeypatch.setitem(sys.modules, "datasets", None)
    spanset.refuses(*command, "hf://org/name", code=2, says=("'datasets'",), fix="spanset[hub]")


@COMMANDS
def test_a_hub_that_cannot_be_reached_is_one_message(spanset, command):
    words = (*command, "hf://nobody/nothing-of-this-name")
    spanset.refuses(*words, code=1, where="hf://nobody/nothing-of-this-name: ", fix="")


@pytest.mark.parametrize("name", ["hf://", "hf://a/b/c/d"])
def test_a_hub_name_of_no_form_is_wrong_usage(spanset, name):
    spanset.refuses("select", name, "-k", "3", code=2, where=name, fix="hf://org/name")


@pytest.fixture
def saved(spanset, capsys):
    datasets.Dataset.from_list(ROWS).save_to_disk("saved")
    datasets.DatasetDict(train=datasets.Dataset.from_list(ROWS)).save_to_disk("dict")
    capsys.readouterr()
    return spanset


@pytest.mark.parametrize(
    "words",
    [
        ("select", "hf://saved", "-k", "3"),
        ("select", "hf://dict:train", "-k", "3", "-o", "s.parquet"),
        ("select", "d.jsonl", "--given", "hf://saved", "-k", "3", "--dry-run"),
        ("select", "hf://saved", "-k", "3", "--dry-run"),
        ("show", "hf://saved"),
        ("measure", "hf://saved", "d.jsonl", "-n", "3"),
        ("measure", "d.jsonl", "--given", "hf://dict", "-n", "3"),
    ],
    ids=" ".join,
)
def test_a_saved_data_set_is_read_by_every_command(saved, words):
    ended = saved.run(*words)
    assert (ended.code, ended.err) == (0, ""), ended.err
    if words[0] == "select" and "--dry-run" not in words:
        assert list(Path().rglob("s*.parquet"))


@pytest.mark.parametrize("command", [("select", "-k", "3"), ("show",)])
def test_a_saved_data_set_without_hf_is_refused_with_the_name_to_give(saved, command):
    saved.refuses(*command, "saved", code=1, where="saved: ", says=("folder",), fix="hf://saved")


@pytest.mark.parametrize("again", ["hf://saved", "hf://./saved", "hf://sub/saved"])
@pytest.mark.parametrize("command", [("select", "-k", "3"), ("measure",)])
def test_the_same_folder_twice_is_refused_however_it_is_named(saved, command, again):
    Path("sub").symlink_to(Path.cwd(), target_is_directory=True)
    saved.refuses(*command, "hf://saved", again, code=2, says=("twice",), fix="once")


# Writing


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".tsv.gz"])
def test_a_value_without_a_form_in_text_leaves_nothing(spanset, suffix):
    Path("b.parquet").write_bytes(parquet(TABLE.append_column("image", pa.array([b"\xff"] * 8))))
    before = snapshot(Path())
    ended = spanset.run("select", "b.parquet", "-k", "3", "-o", f"s{suffix}")
    check_message(ended.err, where="b.parquet:", says=("'image'", "bytes"), fix=".parquet")
    assert ended.code == 1
    assert snapshot(Path()) == before


def test_the_output_may_not_be_an_input_of_any_container(spanset):
    Path("p.parquet").write_bytes(parquet(TABLE))
    words = ("select", "p.parquet", "-k", "3", "-o", "p.parquet", "--force")
    spanset.refuses(*words, code=2, where="p.parquet", says=("one of the inputs",))


def test_the_output_may_not_replace_a_file_of_a_saved_data_set(saved):
    (name,) = map(str, Path("saved").glob("*.arrow"))
    words = ("select", "hf://saved", "-k", "3", "-o", name, "--run", "run", "--force")
    saved.refuses(*words, code=2, where=name, says=("one of the inputs",))


def test_the_run_folder_of_a_table_holds_a_table(spanset):
    Path("p.parquet").write_bytes(parquet(TABLE))
    assert spanset.run("select", "p.parquet", "-k", "3,2").code == 0
    assert {"subset-3.parquet", "subset-2.parquet"} <= {
        path.name for path in Path("spanset-run").iterdir()
    }
