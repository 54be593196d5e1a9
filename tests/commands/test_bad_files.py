"""Files that cannot be read are named with the reason, whatever their names are."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import pytest
from tests.commands.refusals import ARRAY, LINES, PICK, check_message, snapshot


def as_array(lines: bytes) -> bytes:
    return b"[\n" + b",\n".join(lines.splitlines()) + b"\n]\n"


def flipped(packed: bytes) -> bytes:
    """A gzip file with its middle destroyed."""
    middle = len(packed) // 2
    return packed[:middle] + bytes(255 - byte for byte in packed[middle : middle + 4]) + packed[-8:]


LATIN_1 = '{"instruction": "é", "output": "x"}\n'.encode("latin-1")
BAD_LINE = b'{"instruction": "a", "output": }\n'
DEEP = b'{"instruction": "a", "output": "b", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"
PACKED = gzip.compress(LINES)
BROKEN_FILES = {
    "empty": ("e.jsonl", b"", "e.jsonl", ("empty",), "at least one row"),
    "blank-only": ("b.jsonl", b" \n\t\r\n\n", "b.jsonl", ("blanks",), "at least one row"),
    "not-utf8-lines": ("l.jsonl", LINES + LATIN_1, "l.jsonl:9", ("UTF-8", "0xe9"), ""),
    "not-utf8-array": ("l.json", as_array(LINES + LATIN_1), "l.json:10", ("UTF-8",), "iconv"),
    "utf16-little": ("u.jsonl", b"\xff\xfe" + LINES.decode().encode("utf-16-le"), "u.jsonl",
                     ("UTF-16",), "iconv"),
    "utf16-big": ("u.json", b"\xfe\xff" + LINES.decode().encode("utf-16-be"), "u.json",
                  ("UTF-16",), "iconv"),
    "utf16-without-mark": ("u.jsonl", LINES.decode().encode("utf-16-le"), "u.jsonl:1", (), ""),
    "truncated-gzip": ("t.jsonl.gz", PACKED[:-20], "t.jsonl.gz", ("gzip", "ended"), "gzip -t"),
    "gzip-header-only": ("h.jsonl.gz", PACKED[:5], "h.jsonl.gz", ("gzip",), "gzip -t"),
    "corrupt-gzip": ("c.jsonl.gz", flipped(PACKED), "c.jsonl.gz", ("gzip",), "gzip -t"),
    "gzip-checksum": ("c.jsonl.gz", PACKED[:-8] + bytes(8), "c.jsonl.gz", ("CRC",), "gzip -t"),
    "gzip-trailing": ("c.jsonl.gz", PACKED + b"garbage", "c.jsonl.gz", ("gzip",), "gzip -t"),
    "gzip-of-nothing": ("g.jsonl.gz", gzip.compress(b""), "g.jsonl.gz", ("empty",), ""),
    "invalid-json-line": ("i.jsonl", LINES + BAD_LINE, "i.jsonl:9", ("JSON", "column 32"),
                          "--on-bad-row skip"),
    "two-values-a-line": ("i.jsonl", b'{"a": 1} {"a": 2}\n', "i.jsonl:1", ("more text",), ""),
    "invalid-json-array": ("i.json", as_array(LINES + BAD_LINE), "i.json:10", ("JSON",), "mend"),
    "array-cut-in-a-row": ("i.json", as_array(LINES)[:-40], "i.json:9", ("JSON",), "mend"),
    "array-not-closed": ("i.json", as_array(LINES)[:-3], "i.json:9", ("not closed",), "mend"),
    "array-closing-comma": ("i.json", as_array(LINES)[:-3] + b",\n]", "i.json:10", ("comma",), ""),
    "array-then-more": ("i.json", as_array(LINES) + b"{}", "i.json:11", ("more text",), ""),
    "array-of-nothing": ("i.json", b"[]", "i.json", ("no row",), ""),
    "array-of-numbers": ("i.json", b"[1, 2]", "i.json:1", ("object",), ""),
    "nested-too-deeply": ("n.jsonl", DEEP, "n.jsonl:1", ("nested",), "--on-bad-row skip"),
    "array-nested-too-deeply": ("n.json", b"[" + DEEP + b"]", "n.json:1", ("nested",), ""),
    "another-container": ("a.txt", b"a,b\n1,2\n", "a.txt:1", ("JSON Lines",), "in .csv"),
    "zeros": ("z.jsonl", bytes(100), "z.jsonl:1", ("JSON Lines",), ""),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN_FILES)
@pytest.mark.parametrize("command", [("select", "-k", "3"), ("show",)], ids=["select", "show"])
def test_a_file_that_cannot_be_read_is_named_with_the_reason(spanset, command, case):
    name, content, where, says, fix = BROKEN_FILES[case]
    Path(name).write_bytes(content)
    spanset.refuses(*command, name, code=1, where=f"{where}: ", says=says, fix=fix)


@pytest.mark.parametrize("command", [("select", "-k", "3"), ("show",)], ids=["select", "show"])
def test_a_broken_file_after_a_good_one_is_the_one_named(spanset, command):
    Path("i.jsonl").write_bytes(LINES + BAD_LINE)
    spanset.refuses(*command, "d.jsonl", "i.jsonl", code=1, where="i.jsonl:9: ")


@pytest.mark.parametrize(
    ("name", "says", "fix"),
    [
        pytest.param("none.jsonl", "no such file", "check the path", id="no-such-file"),
        pytest.param("folder", "folder", "folder/*.jsonl", id="folder"),
        pytest.param("*.nope", "no file matches", "pattern", id="glob-without-match"),
        pytest.param("dangling.jsonl", "no such file", "", id="link-to-nothing"),
        pytest.param("loop.jsonl", "", "", id="link-to-itself"),
        pytest.param("d.jsonl/x.jsonl", "", "", id="file-taken-for-a-folder"),
        pytest.param("a" * 300 + ".jsonl", "", "", id="name-too-long"),
        pytest.param("a" * 300 + "*.jsonl", "", "", id="pattern-too-long"),
        pytest.param(os.fsdecode(b"no\xff.jsonl"), "no such file", "", id="name-not-utf8"),
    ],
)
@pytest.mark.parametrize("command", [("select", "-k", "3"), ("show",)], ids=["select", "show"])
def test_a_path_that_is_no_file_is_named(spanset, command, name, says, fix):
    Path("folder").mkdir()
    Path("dangling.jsonl").symlink_to("nowhere")
    Path("loop.jsonl").symlink_to("loop.jsonl")
    where = name.encode(errors="backslashreplace").decode()
    spanset.refuses(*command, name, code=1, where=where, says=(says,), fix=fix)


@pytest.mark.parametrize("command", [("select", "-k", "3"), ("show",)], ids=["select", "show"])
def test_no_data_at_all_is_wrong_usage(spanset, command):
    spanset.refuses(*command, code=2, where="DATA: ", fix="file")


@pytest.mark.parametrize("again", ["d.jsonl", "./d.jsonl", "d*.jsonl", "link.jsonl", "sub/d.jsonl"])
def test_the_same_file_twice_is_refused_however_it_is_named(spanset, folder, again):
    Path("link.jsonl").symlink_to("d.jsonl")
    Path("sub").symlink_to(folder, target_is_directory=True)
    spanset.refuses(
        "select", "d.jsonl", again, "-k", "3", code=2, says=("twice", "'d.jsonl'"), fix="once"
    )


def test_file_names_cannot_drive_the_terminal(spanset):
    err = spanset.refuses("select", "\x1b[2Jno\n.jsonl", "-k", "1", code=1)
    assert "\x1b" not in err


@pytest.mark.parametrize("name", ["dé☃.jsonl", "[d]*.jsonl", "d d.jsonl", "[bold]d.jsonl"])
def test_an_unusual_name_of_an_input_is_no_mistake(spanset, name):
    Path(name).write_bytes(LINES)
    ended = spanset.run("select", name, "-k", "3", *ARRAY)
    assert (ended.code, ended.err) == (0, "")
    assert Path("spanset-run", "manifest.json").is_file()


@pytest.mark.parametrize("place", ["data", "-o", "--run", "--features"])
def test_a_name_that_is_not_utf8_is_taken_or_refused(spanset, place):
    name = os.fsdecode(b"o\xff.jsonl")
    command = {
        "data": ("select", name, "-k", "3", *ARRAY),
        "-o": (*PICK, *ARRAY, "-o", name),
        "--run": (*PICK, *ARRAY, "--run", name),
        "--features": (*PICK, "--features", f"array:{name}"),
    }[place]
    try:
        if place == "data":
            Path(name).write_bytes(LINES)
        if place == "--features":
            Path("x.npy").rename(name)
    except OSError:
        pytest.skip("this file system takes no such name")
    before = snapshot(Path())
    ended = spanset.run(*command)
    if ended.code == 0:
        assert Path(name).exists()
    else:
        check_message(ended.err)
        assert snapshot(Path()) == before


@pytest.mark.parametrize("target", [("--run", "r"), ("-o", "o.jsonl"), ("-o", "/dev/null")])
def test_an_input_that_vanishes_during_the_run_is_named(spanset, monkeypatch, target):
    from spanset.commands.choosing import judged_choice as pipeline

    def vanishing(*arguments: Any, **settings: Any) -> Any:
        Path("gone.jsonl").unlink()
        return summarise(*arguments, **settings)

    summarise = pipeline.summarise
    monkeypatch.setattr(pipeline, "summarise", vanishing)
    Path("gone.jsonl").write_bytes(LINES)
    before = {name for name in snapshot(Path()) if name != "gone.jsonl"}
    ended = spanset.run("select", "gone.jsonl", "-k", "3", *ARRAY, *target)
    assert ended.code == 1
    check_message(ended.err, where="gone.jsonl")
    assert set(snapshot(Path())) == before
