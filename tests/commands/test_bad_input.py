"""Every mistake ends in one message, and nothing is left behind.

The message says what happened, where (file and line, or the argument), why where that is not plain,
and what to do ("fix:"). The exit code is 1 for data and numbers, 2 for usage, 130 for Ctrl-C. The
folder is byte for byte as it was: no output, no run folder, no partial file.

Most cases run in this process; those about limits, users, pipes and signals start a child.
"""

from __future__ import annotations

import contextlib
import gzip
import importlib.util
import io
import json
import os
import pickle
import pty
import re
import resource
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spanset.cli import main

N = 8
ROWS = [
    {
        "instruction": f"Say the number {i} in words",
        "output": f"It is {i}, and {i * i} is its square.",
        "rating": i + 1,
        "below": i - 2,
        "constant": 3,
        "word": "good",
    }
    for i in range(N)
]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
FEATURES = np.random.default_rng(0).normal(size=(N, 4))

PICK = ("select", "d.jsonl", "-k", "3")
ARRAY = ("--features", "array:x.npy")  # much faster than lexical features
NOBODY = 65534
INTERRUPTED = 130


# Running and checking


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    code: int
    out: str
    err: str


Snapshot = dict[str, tuple[str, int, object]]


def snapshot(folder: Path) -> Snapshot:
    """Everything in a folder: kind and permissions, and bytes of a file or target of a link."""
    found: Snapshot = {}
    for parent, folders, files in os.walk(folder):
        for name in folders + files:
            path = Path(parent, name)
            mode = path.lstat().st_mode
            content: object = None
            if stat.S_ISLNK(mode):
                content = path.readlink()
            elif stat.S_ISREG(mode):
                content = path.read_bytes()
            found[str(path.relative_to(folder))] = (oct(stat.S_IFMT(mode)), mode & 0o777, content)
    return found


def check_message(err: str, *, where: str = "", says: tuple[str, ...] = (), fix: str = "") -> None:
    """Standard error is one message: what and where; why, maybe; what to do."""
    assert "Traceback" not in err, err
    first, *rest = err.removesuffix("\n").split("\n")
    assert first.startswith("error: "), f"no message, or something before it:\n{err}"
    assert where in first, f"the message does not name {where!r}:\n{err}"
    labels = [line[:7] for line in rest]
    one_message = f"not one message with one 'fix:', and one 'why:' at most:\n{err}"
    assert labels in (["  fix: "], ["  why: ", "  fix: "]), one_message
    for word in says:
        assert word in err, f"the message lacks {word!r}:\n{err}"
    assert fix in rest[-1], f"the fix lacks {fix!r}:\n{err}"
    assert len(rest[-1]) > len("  fix: "), err


class Commands:
    """The command line, in this process."""

    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        self.captured = captured

    def run(self, *arguments: str) -> Ended:
        self.captured.readouterr()
        sys.stderr.reconfigure(errors="backslashreplace")  # as the interpreter opens the real one
        try:
            code = main(arguments)
        except (Exception, SystemExit) as error:
            pytest.fail(f"spanset {' '.join(arguments)!a} raises {error!r}", pytrace=False)
        return Ended(code, *self.captured.readouterr())

    def refuses(self, *arguments: str, code: int, **message: Any) -> str:
        """The run is refused with one message, and leaves everything as it was."""
        before = snapshot(Path())
        ended = self.run(*arguments)
        check_message(ended.err, **message)
        assert ended.code == code, ended.err
        assert ended.out == ""
        assert snapshot(Path()) == before, "something was left behind, or changed"
        return ended.err


@pytest.fixture(autouse=True, scope="module")
def plain_terminal():
    """Colours, where somebody's environment forces them, would stand inside the messages."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Working folder with eight rows and an array of their features."""
    monkeypatch.chdir(tmp_path)
    Path("d.jsonl").write_bytes(LINES)
    np.save("x.npy", FEATURES)
    return tmp_path


@pytest.fixture
def spanset(folder, capsys):
    """The command line in that folder."""
    return Commands(capsys)


def write_rows(name: str, rows: list[dict[str, Any]]) -> None:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows))


def changed(array: np.ndarray, row: int, value: float) -> np.ndarray:
    array = array.copy()
    array[row] = value
    return array


def spanset_command() -> str:
    """The installed command, as a user starts it."""
    return str(Path(sys.executable).with_name("spanset"))


@pytest.mark.parametrize(
    "err",
    [
        "",
        "wrong\n",
        "error: x: wrong\n",
        "error: x: wrong\n  why: so\n",
        "error: x: wrong\n  fix: this\n  fix: that\n",
        "error: x: wrong\n  fix: this\nerror: y: wrong\n  fix: that\n",
        "a warning\nerror: x: wrong\n  fix: this\n",
        "error: x: wrong\n  fix: \n",
        "error: y: wrong\n  fix: x\n",
        "Traceback (most recent call last):\nerror: x: wrong\n  fix: this\n",
    ],
)
def test_what_is_not_one_message_would_be_noticed(err):
    check_message("error: x: wrong\n  why: so\n  fix: this\n", where="x", fix="this")
    with pytest.raises(AssertionError):
        check_message(err, where="x")


def test_the_control_run_is_accepted_and_leaves_a_run_folder(spanset):
    """Without it, the refusals below could all be for another reason."""
    before = set(snapshot(Path()))
    ended = spanset.run(*PICK, *ARRAY)
    assert (ended.code, ended.err) == (0, "")
    assert {"spanset-run", "spanset-run/subset.jsonl"} <= set(snapshot(Path())) - before


# Files that cannot be read


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


# Rows that cannot be used


@pytest.mark.parametrize("command", [("select", "-k", "1"), ("show",)], ids=["select", "show"])
def test_an_unknown_format_lists_the_fields_seen_and_shows_map(spanset, command):
    write_rows("u.jsonl", [{"vraag": "a", "antwoord": "b"}])
    spanset.refuses(
        *command,
        "u.jsonl",
        code=1,
        where="u.jsonl:1: ",
        says=("vraag, antwoord", "messages", "alpaca"),
        fix="--map prompt=",
    )


def test_a_preference_pair_among_other_rows_is_not_read_as_one_of_them(spanset):
    row = {"prompt": "a", "response": "b"}
    write_rows("p.jsonl", [row, {**row, "chosen": "c", "rejected": "d"}])
    where = "p.jsonl:2: "
    says = ("prompt-completion", "like preference rows")
    spanset.refuses("select", "p.jsonl", "-k", "1", code=1, where=where, says=says, fix="--map")


def test_field_names_cannot_drive_the_terminal_or_break_the_message(spanset):
    write_rows("u.jsonl", [{"\x1b[2Jclear": "a", "[bold]markup": "b", "line\nbreak": "c"}])
    err = spanset.refuses("select", "u.jsonl", "-k", "1", code=1, where="u.jsonl:1: ")
    assert "\x1b" not in err
    assert "[bold]markup" in err


def test_file_names_cannot_drive_the_terminal(spanset):
    err = spanset.refuses("select", "\x1b[2Jno\n.jsonl", "-k", "1", code=1)
    assert "\x1b" not in err


def test_only_rows_without_an_answer_is_an_error_that_counts_them(spanset):
    write_rows("n.jsonl", [{"instruction": "a", "output": ""}, {"instruction": "b", "output": " "}])
    says = ("2 rows read", "2 without an answer")
    spanset.refuses("select", "n.jsonl", "-k", "1", code=1, where="n.jsonl: ", says=says)


def test_a_row_without_an_answer_stops_the_run_where_that_is_asked_for(spanset):
    write_rows("n.jsonl", [*ROWS, {"instruction": "a", "output": ""}])
    command = ("select", "n.jsonl", "-k", "1", "--on-empty", "error")
    spanset.refuses(*command, code=1, where="n.jsonl:9: ", says=("no answer",), fix="--on-empty")


@pytest.mark.parametrize(
    ("row", "says"),
    [
        pytest.param({"question": "a", "answer": "b"}, "alpaca", id="another-format"),
        pytest.param({"instruction": "a", "output": {"x": 1}}, "'output'", id="object-for-text"),
        pytest.param({"instruction": "a", "output": float("nan")}, "'output'", id="nan-for-text"),
        pytest.param({"instruction": "a", "output": "b", "history": 3}, "history", id="history"),
    ],
)
def test_a_row_that_does_not_fit_is_named_with_file_line_and_field(spanset, row, says):
    write_rows("m.jsonl", [ROWS[0], row])
    command = ("select", "m.jsonl", "-k", "1")
    spanset.refuses(*command, code=1, where="m.jsonl:2: ", says=(says,), fix="--on-bad-row skip")


def test_an_unknown_role_is_named_with_the_known_ones(spanset):
    write_rows("m.jsonl", [{"messages": [{"role": "wizard", "content": "x"}]}])
    says = ("messages[0].role", "'wizard'", "assistant")
    spanset.refuses("select", "m.jsonl", "-k", "1", code=1, where="m.jsonl:1: ", says=says)


@pytest.mark.parametrize(
    "mapping",
    ["prompt", "=x", "prompt=", "", "prompt=instruction,answer=output,", "prompt=instruction",
     "foo=bar,answer=output", "answer=output"],
)  # fmt: skip
def test_a_malformed_map_shows_how_to_write_one(spanset, mapping):
    spanset.refuses(*PICK, "--map", mapping, code=2, where="--map: ", fix="prompt=")


def test_a_map_to_a_field_that_is_not_there_names_the_field(spanset):
    says = ("reply",)
    command = (*PICK, "--map", "prompt=instruction,answer=reply")
    spanset.refuses(*command, code=1, where="d.jsonl:1: ", says=says)


# Arguments


@pytest.mark.parametrize("k", ["9", "100000", "3,9"])
def test_a_k_above_the_number_of_rows_shows_the_range(spanset, k):
    command = ("select", "d.jsonl", "-k", k)
    says = ("8 usable rows",)
    spanset.refuses(*command, code=2, where="-k: ", says=says, fix="from 1 to 8, or a share")


@pytest.mark.parametrize(
    "k",
    ["0", "-5", "abc", "1.5", "nan", "1e400", "0%", "0.0", "150%", "100.5%", "nan%", "3,0", "3,x"],
)
def test_a_k_that_is_no_number_of_rows_shows_how_to_write_one(spanset, k):
    spanset.refuses("select", "d.jsonl", "-k", k, code=2, where="-k: ", fix="a share such as 0.1")


@pytest.mark.parametrize("k", ["", ",", "-10%"])
def test_a_k_without_a_number_is_refused(spanset, k):
    spanset.refuses("select", "d.jsonl", *ARRAY, "-k", k, code=2, where="-k")


def test_neither_k_nor_tokens_is_refused(spanset):
    spanset.refuses("select", "d.jsonl", code=2, where="-k: ", says=("--tokens",), fix="-k 10000")


@pytest.mark.parametrize("tokens", ["lots", "-3", "0", "0M", "2X", "", "nan"])
def test_an_unreadable_token_budget_shows_how_to_write_one(spanset, tokens):
    command = ("select", "d.jsonl", *ARRAY, "--tokens", tokens)
    spanset.refuses(*command, code=2, where="--tokens: ", fix="2M")


@pytest.mark.parametrize("tokens", ["1e999", "9" * 400, "1.7e308", "1e300G"], ids=lambda t: t[:9])
def test_an_absurdly_large_token_budget_is_a_budget_or_refused(spanset, tokens):
    ended = spanset.run("select", "d.jsonl", *ARRAY, "--tokens", tokens)
    if ended.code:
        check_message(ended.err, where="--tokens: ")
        assert ended.code == 2


def test_a_token_budget_too_small_for_any_row_says_what_the_shortest_takes(spanset):
    command = ("select", "d.jsonl", *ARRAY, "--tokens", "1")
    spanset.refuses(*command, code=2, where="--tokens: ", says=("shortest row has",), fix="larger")


@pytest.mark.parametrize("weight", ["-0.1", "1.1", "nan", "inf"])
@pytest.mark.parametrize("quality", [(), ("--quality", "column:rating")], ids=["without", "with"])
def test_a_lambda_outside_0_to_1_is_refused(spanset, weight, quality):
    command = (*PICK, *ARRAY, *quality, "--lambda", weight)
    spanset.refuses(*command, code=2, where="--lambda: ", fix="from 0")


def test_a_lambda_without_a_quality_is_refused(spanset):
    command = (*PICK, *ARRAY, "--lambda", "0.5")
    spanset.refuses(*command, code=2, where="--lambda: ", says=("no quality",), fix="--quality")


@pytest.mark.parametrize("gamma", ["0", "-1", "nan", "inf"])
@pytest.mark.parametrize("dry", [(), ("--dry-run",)], ids=["run", "dry-run"])
def test_a_gamma_that_is_not_positive_is_refused(spanset, gamma, dry):
    command = (*PICK, *ARRAY, "--gamma", gamma, *dry)
    spanset.refuses(*command, code=2, where="--gamma: ", says=("positive",), fix="0.25")


@pytest.mark.parametrize(
    ("words", "where", "says"),
    [
        (("--gamma", "auto"), "--gamma: ", "auto:1000"),
        (("--gamma", "auto:"), "--gamma: ", "auto:1000"),
        (("--gamma", "auto:-5"), "--gamma: ", "auto:1000"),
        (("--gamma", "auto:1.5"), "--gamma: ", "auto:1000"),
        (("--gamma", "autos"), "--gamma: ", "auto:1000"),
        (("--gamma", "0.25", "--kernel", "linear"), "--gamma: ", "linear has no gamma"),
        (("--gamma", "auto:3", "--kernel", "arccos1"), "--gamma: ", "arccos1 has no gamma"),
        (("--kernel", "arccos0", "--dtype", "float32"), "--dtype: ", "float64"),
        (("--gamma", "auto:100000"), "--gamma: ", "distinct"),
        (("--gamma", "1e13"), "--gamma: ", "too large"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_kernel_that_cannot_be_meant_is_refused_in_one_message(spanset, words, where, says):
    spanset.refuses(*PICK, *ARRAY, *words, code=2, where=where, says=(says,))


@pytest.mark.parametrize(
    ("flag", "value", "known"),
    [
        ("--quality", "beauty", "output_tokens"),
        ("--quality", "column:", "column:NAME"),
        ("--features", "colour", "lexical"),
        ("--features", "array:", "array:FILE.npy"),
        ("--features", "lexical:x", "lexical"),
        ("--method", "magic", "dpp"),
        ("--transform", "sqrt", "quantile"),
        ("--kernel", "sinc", "arccos1"),
        ("--format", "parquet", "sharegpt"),
        ("--dtype", "float16", "float32"),
        ("--sort", "size", "source"),
        ("--on-bad-row", "mend", "skip"),
        ("--on-empty", "mend", "skip"),
    ],
)
def test_an_unknown_name_is_answered_with_the_known_ones(spanset, flag, value, known):
    features = () if flag == "--features" else ARRAY
    spanset.refuses(*PICK, *features, flag, value, code=2, where=flag, says=(known, value))


@pytest.mark.parametrize(
    ("flag", "value"),
    [("--lambda", "x"), ("--gamma", "x"), ("--seed", "x"), ("--draws", "x"), ("--workers", "x")],
)
def test_a_word_where_a_number_belongs_is_refused(spanset, flag, value):
    spanset.refuses(*PICK, flag, value, code=2, where=flag, says=(value,))


@pytest.mark.parametrize(
    ("flag", "command"),
    [
        ("--seed", (*PICK, *ARRAY)),
        ("--seed", (*PICK, *ARRAY, "--method", "random")),
        ("--draws", (*PICK, *ARRAY)),
        ("--workers", (*PICK, *ARRAY)),
        ("-n", ("show", "d.jsonl")),
    ],
    ids=["seed", "seed-of-random", "draws", "workers", "rows-to-show"],
)
def test_a_negative_number_where_none_can_be_is_refused(spanset, flag, command):
    spanset.refuses(*command, flag, "-1", code=2, where=flag)


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        pytest.param((*PICK, "--frobnicate"), "--frobnicate", id="flag"),
        pytest.param((*PICK, "--frobnicate", "1"), "--frobnicate", id="flag-with-value"),
        pytest.param((*PICK, "-z"), "-z", id="letter"),
        pytest.param(("show", "d.jsonl", "--frobnicate"), "--frobnicate", id="flag-of-show"),
        pytest.param(("--frobnicate",), "--frobnicate", id="flag-without-command"),
        pytest.param(("choose", "d.jsonl"), '"choose"', id="command"),
        pytest.param(("select", "d.jsonl", "-k"), "-k", id="value-missing"),
    ],
)
def test_an_unknown_flag_or_command_is_named(spanset, arguments, where):
    spanset.refuses(*arguments, code=2, where=where, fix="--help")


def test_top_without_a_quality_is_refused(spanset):
    spanset.refuses(*PICK, "--method", "top", code=2, where="--method top: ", fix="--quality")


def test_a_field_for_shares_that_no_row_has_is_refused(spanset):
    command = (*PICK, *ARRAY, "--by", "categroy")
    before = snapshot(Path())
    ended = spanset.run(*command)
    assert ended.code in (1, 2), "a misspelt field is shown as '(missing) 100 %'"
    check_message(ended.err, says=("categroy",))
    assert snapshot(Path()) == before


WRONG_USAGE = [
    (("--quality", "beauty"), "--quality"),
    (("--features", "colour"), "--features"),
    (("--lambda", "2", "--quality", "output_tokens"), "--lambda"),
    (("--lambda", "0.5"), "--lambda"),
    (("--gamma", "0"), "--gamma"),
    (("--gamma", "auto:0"), "--gamma"),
    (("--gamma", "auto:100", "--kernel", "cosine"), "--gamma"),
    (("--kernel", "arccos0", "--dtype", "float32"), "--dtype"),
    (("--tokens", "lots"), "--tokens"),
    (("--method", "top"), "--method"),
    (("--map", "prompt"), "--map"),
    (("--format", "parquet"), "--format"),
    (("-o", "x.txt"), "x.txt"),
    (("-o", "none/x.jsonl"), "none/x.jsonl"),
    (("-k", "0"), "-k"),
    (("-k", "abc"), "-k"),
]


@pytest.mark.parametrize(
    ("wrong", "where"), [pytest.param(*one, id=" ".join(one[0])) for one in WRONG_USAGE]
)
@pytest.mark.parametrize("dry", [(), ("--dry-run",)], ids=["run", "dry-run"])
def test_wrong_usage_is_found_before_the_data_is_opened(spanset, wrong, where, dry):
    """Reading ten million rows takes minutes; here the data is missing, and must not matter."""
    amount = () if wrong[0] == "-k" else ("-k", "3")
    spanset.refuses("select", "none.jsonl", *amount, *wrong, *dry, code=2, where=where)


@pytest.mark.parametrize(
    ("wrong", "code", "where"),
    [
        (("--given", "none.jsonl"), 1, "none.jsonl"),
        (("--features", "array:none.npy"), 1, "none.npy"),
        (("--features", "array:short.npy"), 1, "short.npy"),
        (("-o", "d.jsonl"), 2, "d.jsonl"),
    ],
    ids=["given", "array", "rows-of-the-array", "output"],
)
def test_a_dry_run_finds_what_the_run_would_refuse(spanset, wrong, code, where):
    np.save("short.npy", FEATURES[:5])
    spanset.refuses(*PICK, *wrong, "--dry-run", code=code, where=where)


# Feature arrays


BAD_ARRAYS = {
    "nan": (changed(FEATURES, 5, np.nan), ("row 5", "not finite"), ""),
    "infinite": (changed(FEATURES, 5, -np.inf), ("row 5", "not finite"), ""),
    "zero-row": (changed(FEATURES, 5, 0.0), ("row 5", "zeros"), ""),
    "too-few-rows": (FEATURES[:5], ("5 rows", "8"), "same files"),
    "too-many-rows": (np.tile(FEATURES, (2, 1)), ("16 rows", "8"), "same files"),
    "one-dimensional": (FEATURES[:, 0], ("(8,)",), "two-dimensional"),
    "three-dimensional": (FEATURES[None], ("(1, 8, 4)",), "two-dimensional"),
    "a-scalar": (np.array(3.0), ("()",), "two-dimensional"),
    "no-columns": (FEATURES[:, :0], ("(8, 0)",), ""),
    "strings": (FEATURES.astype(str), ("<U",), "float"),
    "complex": (FEATURES + 1j, ("complex",), "float"),
    "booleans": (FEATURES > 0, ("bool",), "float"),
    "dates": (np.zeros((N, 4), "M8[s]"), ("datetime",), "float"),
    "records": (np.zeros((N, 4), [("a", "f8")]), ("'a'",), "float"),
    "pickled-objects": (FEATURES.astype(object), ("numbers",), ""),
}


@pytest.mark.parametrize("case", BAD_ARRAYS)
def test_an_array_that_cannot_be_features_is_named_with_the_reason(spanset, case):
    array, says, fix = BAD_ARRAYS[case]
    np.save("bad.npy", array, allow_pickle=True)
    command = (*PICK, "--features", "array:bad.npy")
    spanset.refuses(*command, code=1, where="bad.npy: ", says=says, fix=fix)


def npy_bytes(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"no array at all", id="text"),
        pytest.param(npy_bytes(FEATURES)[:-8], id="cut-off"),
        pytest.param(npy_bytes(FEATURES)[:20], id="cut-in-the-header"),
        pytest.param(pickle.dumps([1.0, 2.0]), id="pickle"),
    ],
)
def test_a_file_that_is_no_array_is_named(spanset, content):
    Path("bad.npy").write_bytes(content)
    command = (*PICK, "--features", "array:bad.npy")
    spanset.refuses(*command, code=1, where="bad.npy: ", says=(".npy",), fix="numpy.save")


class Boom:
    """An object whose unpickling would run code."""

    def __reduce__(self):
        return (os.mkdir, ("pwned",))


def test_a_pickle_is_never_opened(spanset):
    np.save("bad.npy", np.full((N, 4), Boom(), object), allow_pickle=True)
    Path("worse.npy").write_bytes(pickle.dumps(Boom()))
    for name in ("bad.npy", "worse.npy"):
        spanset.refuses(*PICK, "--features", f"array:{name}", code=1, where=name)
    assert not Path("pwned").exists()


def test_an_archive_of_arrays_is_no_array(spanset):
    np.savez("bad.npz", x=FEATURES)
    spanset.refuses(*PICK, "--features", "array:bad.npz", code=1, says=("archive",))


def test_an_array_that_is_missing_is_named(spanset):
    command = (*PICK, "--features", "array:none.npy")
    spanset.refuses(*command, code=1, where="none.npy: ", says=("no such file",), fix="path")


def test_a_folder_in_place_of_an_array_is_called_a_folder(spanset):
    Path("folder").mkdir()
    err = spanset.refuses(*PICK, "--features", "array:folder", code=1, where="folder: ")
    assert "numpy.save" not in err, "saving the array again would not help"


def test_the_bad_row_of_an_array_is_named_by_its_number_in_the_array(spanset):
    """Rows without an answer are counted: the number is one that numpy.load shows."""
    write_rows("n.jsonl", [{"instruction": "a", "output": ""}, *ROWS])
    np.save("bad.npy", np.concatenate([FEATURES[:1], changed(FEATURES, 4, np.nan)]))
    command = ("select", "n.jsonl", "-k", "3", "--features", "array:bad.npy")
    spanset.refuses(*command, code=1, where="bad.npy", says=("row 5",))


# Quality


@pytest.mark.parametrize("direction", ["", ":down"])
def test_a_logarithm_of_what_is_not_positive_counts_such_rows(spanset, direction):
    command = (*PICK, *ARRAY, "--quality", f"column:below{direction}")
    says = ("3 of 8 rows", "'below'")
    spanset.refuses(*command, code=1, where="--quality: ", says=says, fix="--transform rank")


@pytest.mark.parametrize("transform", ["log", "identity", "rank", "quantile"])
def test_a_constant_quality_is_refused_under_every_transform(spanset, transform):
    command = (*PICK, *ARRAY, "--quality", "column:constant", "--transform", transform)
    spanset.refuses(*command, code=1, where="--quality: ", says=("same", "'constant'"))


def test_a_missing_column_lists_the_fields_seen(spanset):
    command = (*PICK, *ARRAY, "--quality", "column:ratng")
    says = ("'ratng'", "instruction, output, rating")
    spanset.refuses(*command, code=1, where="d.jsonl:1: ", says=says, fix="column:")


def test_a_column_missing_in_one_row_names_that_row(spanset):
    rows = [dict(row) for row in ROWS]
    del rows[4]["rating"]
    write_rows("q.jsonl", rows)
    command = ("select", "q.jsonl", "-k", "3", *ARRAY, "--quality", "column:rating")
    spanset.refuses(*command, code=1, where="q.jsonl:5: ", says=("'rating'",))


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), 10**400, None, True, "", "good", "4,5", [4], {"a": 4}]
)
@pytest.mark.parametrize("transform", ["log", "rank"])
def test_a_column_without_a_finite_number_names_row_and_value(spanset, value, transform):
    rows = [dict(row) for row in ROWS]
    rows[4]["rating"] = value
    write_rows("q.jsonl", rows)
    command = ("select", "q.jsonl", "-k", "3", *ARRAY, "--quality", "column:rating")
    says = ("'rating'", "no finite number", str(value)[:40])
    command = (*command, "--transform", transform)
    spanset.refuses(*command, code=1, where="q.jsonl:5: ", says=says)


# Rows that are there already


def test_a_given_file_that_is_missing_is_named(spanset):
    command = (*PICK, "--given", "none.jsonl")
    spanset.refuses(*command, code=1, where="none.jsonl: ", says=("no such file",))


def test_a_given_array_that_is_missing_is_named_with_its_own_flag(spanset):
    command = (*PICK, *ARRAY, "--given", "none.npy")
    err = spanset.refuses(*command, code=1, where="none.npy: ", says=("no such file",))
    assert "array:" not in err, "it came with --given"


def test_a_given_array_of_another_dimension_is_named_with_both(spanset):
    np.save("g.npy", np.ones((2, 5)))
    ended = spanset.run(*PICK, *ARRAY, "--given", "g.npy")
    assert ended.code in (1, 2)
    check_message(ended.err, says=("5", "4"))
    assert "--given" in ended.err or "g.npy" in ended.err
    assert not Path("spanset-run").exists()


def test_a_given_array_with_a_bad_row_is_named(spanset):
    np.save("g.npy", changed(FEATURES, 2, np.nan))
    spanset.refuses(*PICK, *ARRAY, "--given", "g.npy", code=1, where="g.npy", says=("row 2",))


def test_a_given_file_of_rows_beside_array_features_is_refused(spanset):
    Path("g.jsonl").write_bytes(LINES)
    spanset.refuses(*PICK, *ARRAY, "--given", "g.jsonl", code=1, where="g.jsonl", says=(".npy",))


def test_nothing_left_to_pick_says_what_to_do(spanset):
    """Everything repeats what is given."""
    spanset.refuses(*PICK, *ARRAY, "--given", "x.npy", code=1, says=("copy",), fix="given")


# Where it is written


def make_run(spanset: Commands, *where: str) -> None:
    assert spanset.run(*PICK, *ARRAY, *where).code == 0


@pytest.mark.parametrize(
    "output", [("-o", "kept.jsonl"), ("-o", "kept.jsonl", "--run", "new")], ids=["alone", "run"]
)
def test_an_output_that_exists_is_left_unchanged(spanset, output):
    Path("kept.jsonl").write_text("precious\n")
    spanset.refuses(*PICK, *ARRAY, *output, code=2, where="kept.jsonl: ", fix="--force")


def test_of_several_outputs_one_that_exists_stops_the_run(spanset):
    Path("kept-3.jsonl").write_text("precious\n")
    command = ("select", "d.jsonl", "-k", "2,3", *ARRAY, "-o", "kept.jsonl")
    spanset.refuses(*command, code=2, where="kept-3.jsonl: ", fix="--force")


@pytest.mark.parametrize("where", [(), ("--run", "r"), ("-o", "r.jsonl")])
def test_a_run_folder_that_exists_is_left_unchanged(spanset, where):
    make_run(spanset, *where)
    Path("r.jsonl").unlink(missing_ok=True)
    spanset.refuses(*PICK, *ARRAY, *where, code=2, says=("exists",), fix="--force")


@pytest.mark.parametrize("where", [("--run", "precious"), ("-o", "precious.jsonl", "--run", ".")])
def test_force_never_replaces_a_folder_that_is_no_run_folder(spanset, where):
    Path("precious").mkdir()
    Path("precious", "thesis.txt").write_text("five years of work")
    command = (*PICK, *ARRAY, *where, "--force")
    spanset.refuses(*command, code=2, says=("no run folder",), fix="--run")


def test_force_never_replaces_a_file_by_a_run_folder(spanset):
    Path("precious").write_text("five years of work")
    spanset.refuses(*PICK, *ARRAY, "--run", "precious", "--force", code=2, where="precious: ")


@pytest.mark.parametrize("output", ["out", "out.txt", "out.jsonl.bz2", "out.jsonl/", ".gz"])
def test_an_unknown_suffix_is_answered_with_the_known_ones(spanset, output):
    command = (*PICK, *ARRAY, "-o", output)
    spanset.refuses(*command, code=2, where=f"{output}: ", says=("suffix",), fix=".jsonl")


@pytest.mark.parametrize("flag", ["-o", "--run"])
def test_an_empty_name_of_a_target_is_refused_with_its_flag(spanset, flag):
    spanset.refuses(*PICK, *ARRAY, flag, "", code=2, where=flag)  # "--output" holds "-o"


@pytest.mark.parametrize(
    ("where", "named"),
    [
        (("-o", "none/out.jsonl"), "none/out.jsonl"),
        (("-o", "d.jsonl/out.jsonl"), "d.jsonl/out.jsonl"),
        (("--run", "none/run"), "none/run"),
        (("-o", "out.jsonl", "--run", "none/run"), "none/run"),
    ],
)
def test_a_missing_folder_to_write_into_is_named(spanset, where, named):
    command = (*PICK, *ARRAY, *where)
    spanset.refuses(*command, code=2, where=f"{named}: ", says=("does not exist",), fix="mkdir")


def test_an_output_that_is_a_folder_is_refused(spanset):
    Path("out.jsonl").mkdir()
    spanset.refuses(*PICK, *ARRAY, "-o", "out.jsonl", code=2, where="out.jsonl: ", fix="file")


@pytest.mark.parametrize(
    "where", [("-o", "a" * 300 + ".jsonl"), ("--run", "a" * 300)], ids=["output", "run"]
)
def test_a_target_name_that_is_too_long_is_no_traceback(spanset, where):
    ended = spanset.run(*PICK, *ARRAY, *where)
    assert ended.code in (1, 2)
    check_message(ended.err, where="a" * 300)


def test_one_name_for_output_and_run_folder_is_refused(spanset):
    command = (*PICK, *ARRAY, "-o", "same.jsonl", "--run", "same.jsonl")
    spanset.refuses(*command, code=2, where="same.jsonl")


def test_force_never_loses_a_subset_written_into_the_folder_it_replaces(spanset):
    make_run(spanset, "--run", "r")
    ended = spanset.run(*PICK, *ARRAY, "-o", "r/out.jsonl", "--run", "r", "--force")
    if ended.code == 0:
        assert Path("r/out.jsonl").is_file(), "the run says it wrote a file that is not there"
    else:
        check_message(ended.err)


@pytest.mark.parametrize("where", [("--run", "r"), ("-o", "r/subset.jsonl", "--run", "new")])
def test_force_never_destroys_the_input(spanset, where):
    """A subset of a subset, written over it: the rows that were not picked would be lost."""
    make_run(spanset, "--run", "r")
    data = Path("r/subset.jsonl")
    before = data.read_bytes()
    ended = spanset.run("select", str(data), "-k", "2", "--method", "random", *where, "--force")
    assert ended.code == 2, "the input was replaced or removed"
    check_message(ended.err, says=("r",))
    assert data.read_bytes() == before


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


def test_several_subsets_in_one_stream_are_refused(spanset):
    os.mkfifo("pipe")
    for target in ("--output=-", "--output=pipe"):
        command = ("select", "d.jsonl", "-k", "2,3", *ARRAY, target)
        spanset.refuses(*command, code=2, where=target.partition("=")[2])


@pytest.mark.parametrize("target", [("--run", "r"), ("-o", "o.jsonl"), ("-o", "/dev/null")])
def test_an_input_that_vanishes_during_the_run_is_named(spanset, monkeypatch, target):
    from spanset.commands import select as pipeline

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


# Configuration files


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(None, "No such file", id="missing"),
        pytest.param(b"[select\nk = 3", "line 1", id="invalid"),
        pytest.param(b"\xff\xfe", "utf-8", id="not-utf8"),
        pytest.param(b"[select]\nk = 3\nk = 4", "overwrite", id="key-twice"),
    ],
)
def test_a_configuration_that_cannot_be_read_is_named_with_the_reason(spanset, content, says):
    if content is not None:
        Path("run.toml").write_bytes(content)
    command = (*PICK, "--config", "run.toml")
    spanset.refuses(*command, code=2, where="run.toml: ", says=(says,), fix="config.toml")


def test_a_folder_in_place_of_a_configuration_is_refused(spanset):
    Path("folder").mkdir()
    spanset.refuses(*PICK, "--config", "folder", code=2, where="folder: ", says=("directory",))


@pytest.mark.parametrize("flag", [("--config",), ("--config=",)])
def test_config_without_a_file_is_refused(spanset, flag):
    spanset.refuses(*PICK, *flag, code=2, where="--config")


@pytest.mark.parametrize(
    ("content", "named"),
    [
        pytest.param("[select]\nlamda = 0.5", "lamda", id="in-its-section"),
        pytest.param("lambda = 0.5", "lambda", id="outside-any-section"),
        pytest.param("[selekt]\ngamma = 0.5", "selekt", id="section"),
        pytest.param("[select.data]\nx = 1", "x", id="nested"),
    ],
)
def test_an_unknown_key_of_a_configuration_is_named_and_never_ignored(spanset, content, named):
    Path("run.toml").write_text(content)
    spanset.refuses(*PICK, *ARRAY, "--config", "run.toml", code=2, where=named, says=("run.toml",))


@pytest.mark.parametrize(
    "content",
    ["gamma = [1, 2]", "gamma = {a = 1}", "method = 'magic'", "seed = true",
     "lambda = 1979-05-27", "sort = 3"],
)  # fmt: skip
def test_a_configured_value_that_does_not_fit_is_named_with_key_and_file(spanset, content):
    Path("run.toml").write_text(f"[select]\n{content}\n")
    command = (*PICK, *ARRAY, "--config", "run.toml")
    spanset.refuses(*command, code=2, where=content.partition(" ")[0], says=("run.toml",))


def test_a_run_folders_own_configuration_can_be_fed_back(spanset):
    """The fix that the messages above propose has to work."""
    make_run(spanset, "--run", "r")
    ended = spanset.run("select", "--config", "r/config.toml", "--run", "again")
    assert (ended.code, ended.err) == (0, "")
    assert Path("again/ids.txt").read_bytes() == Path("r/ids.txt").read_bytes()


# Tokenizers


def test_a_tokenizer_without_the_extra_names_what_to_install(spanset, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    command = (*PICK, *ARRAY, "--tokenizer", "some-model")
    spanset.refuses(*command, code=2, says=("transformers",), fix="spanset[models]")


@pytest.mark.skipif(
    importlib.util.find_spec("transformers") is None, reason="transformers is not installed"
)
@pytest.mark.parametrize("name", ["/none/such", "folder"])
def test_a_tokenizer_that_cannot_be_loaded_is_named(folder, name):
    Path("folder").mkdir()
    before = snapshot(Path())
    ended = child(*PICK, *ARRAY, "--tokenizer", name, HF_HUB_OFFLINE="1")
    check_message(ended.err, where=f"--tokenizer {name}: ", fix="tokenizer.json")
    assert (ended.code, ended.out) == (2, "")
    assert snapshot(Path()) == before


# Disk, permissions, pipes: what the machine refuses


def child(*arguments: str, file_limit: int | None = None, **environment: str) -> Ended:
    """Run the command; `file_limit` is the largest file it may write, in bytes."""

    def limit() -> None:
        if file_limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))

    ended = subprocess.run(
        [spanset_command(), *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
        preexec_fn=limit,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


CHEAP = ("--method", "random", "--draws", "0", *ARRAY)


@pytest.fixture
def many_rows(folder):
    """A thousand rows, about 100 kB."""
    rows = [{"instruction": f"Say {i}", "output": f"It is {i}. " * 6} for i in range(1000)]
    write_rows("d.jsonl", rows)
    np.save("x.npy", np.random.default_rng(0).normal(size=(1000, 2)))


@pytest.mark.parametrize(
    ("amount", "target", "limit"),
    [
        pytest.param("1000", ("-o", "out.jsonl"), 40_000, id="subset"),
        pytest.param("1000", ("--run", "r"), 40_000, id="subset-in-the-run-folder"),
        pytest.param("3", ("-o", "out.jsonl"), 2_000, id="run-folder-after-the-subset"),
        pytest.param("3,1000", ("-o", "out.jsonl"), 40_000, id="second-of-two-subsets"),
    ],
)
def test_a_file_that_grows_too_large_leaves_nothing_at_all(many_rows, amount, target, limit):
    before = snapshot(Path())
    ended = child("select", "d.jsonl", "-k", amount, *CHEAP, *target, file_limit=limit)
    check_message(ended.err, says=("File too large",), fix="space")
    assert ended.code == 1
    assert snapshot(Path()) == before, "half of the result was left behind"


def test_force_on_a_full_disk_keeps_the_result_that_was_there(many_rows, capsys):
    targets = ("-o", "out.jsonl", "--force")
    make_run(Commands(capsys), "--method", "random", *targets)
    before = snapshot(Path())
    ended = child("select", "d.jsonl", "-k", "4", *CHEAP, *targets, file_limit=2_000)
    check_message(ended.err, says=("File too large",))
    assert ended.code == 1
    assert snapshot(Path()) == before, "the earlier result was lost or mixed with the failed one"


@pytest.fixture
def small_disk(many_rows, request):
    """A file system of a few pages."""
    disk = Path("disk").absolute()
    disk.mkdir()
    size = f"size={request.param}"
    mount = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(disk)]
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small disk needs root")
    mounted = subprocess.run(mount, check=False, capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize(
    ("small_disk", "amount", "target"),
    [
        pytest.param("64k", "1000", ("-o", "disk/out.jsonl"), id="subset"),
        pytest.param("64k", "1000", ("--run", "disk/r"), id="subset-in-the-run-folder"),
        pytest.param("12k", "3", ("-o", "disk/out.jsonl"), id="run-folder-after-the-subset"),
        pytest.param("12k", "3", ("-o", "out.jsonl", "--run", "disk/r"), id="run-folder-alone"),
    ],
    indirect=["small_disk"],
)
def test_a_full_disk_is_named_and_nothing_is_left_on_it(small_disk, capsys, amount, target):
    command = ("select", "d.jsonl", "-k", amount, *CHEAP, *target)
    says = ("No space left",)
    Commands(capsys).refuses(*command, code=1, where="disk/", says=says, fix="space")


# The child imports everything as root, and gives up its rights before the runs: the interpreter
# itself may lie where only root can read.
AS_NOBODY = """
import contextlib, io, json, os, sys, traceback
from spanset.cli import main

def run(arguments):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(arguments)
        except BaseException:
            code = -1
            traceback.print_exc()
    return code, out.getvalue(), err.getvalue()

warm, user, cases = json.loads(sys.argv[1])
assert run(warm)[0] == 0
if os.geteuid() == 0:
    try:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    except OSError as error:
        sys.exit(f"cannot become another user: {error}")
print(json.dumps({name: run(arguments) for name, arguments in cases.items()}))
"""

FORBIDDEN = {
    "data": (("select", "secret.jsonl", "-k", "3"), "secret.jsonl", "chmod"),
    "data-shown": (("show", "secret.jsonl"), "secret.jsonl", "chmod"),
    "data-in-a-closed-folder": (("select", "closed/d.jsonl", "-k", "3"), "closed/d.jsonl", ""),
    "glob-in-a-closed-folder": (("select", "closed/*.jsonl", "-k", "3"), "closed/*.jsonl", ""),
    "array": ((*PICK, "--features", "array:secret.npy"), "secret.npy", "chmod"),
    "given": ((*PICK, *ARRAY, "--given", "secret.npy"), "secret.npy", "chmod"),
    "configuration": ((*PICK, *ARRAY, "--config", "secret.toml"), "secret.toml", ""),
    "output": ((*PICK, *ARRAY, "-o", "readonly/o.jsonl", "--run", "open/r"), "readonly/", ""),
    "output-and-run": ((*PICK, *ARRAY, "-o", "readonly/o.jsonl"), "readonly/o", ""),
    "run-folder": ((*PICK, *ARRAY, "-o", "open/o.jsonl", "--run", "readonly/r"), "readonly/r", ""),
    "default-run-folder": ((*PICK, *ARRAY), "spanset-run", ""),
    "output-in-a-closed-folder": ((*PICK, *ARRAY, "-o", "closed/o.jsonl"), "closed/o", ""),
    "run-in-a-closed-folder": ((*PICK, *ARRAY, "--run", "closed/r"), "closed/r", ""),
}


MODES = {
    "secret.jsonl": 0o000,
    "secret.npy": 0o000,
    "secret.toml": 0o000,
    "open": 0o777,
    "readonly": 0o555,
    "closed": 0o000,
    ".": 0o555,
}


@pytest.fixture(scope="module")
def forbidden():
    """Every case of `FORBIDDEN`, run by a user without rights: how each ended, what was left."""
    # pytest's own folders are closed to other users.
    place = Path(tempfile.mkdtemp(prefix="spanset-bad-input-", dir="/tmp"))

    def set_modes(modes: dict[str, int]) -> None:
        for name, mode in modes.items():
            place.joinpath(name).chmod(mode)

    def contents() -> dict[str, object]:
        found = snapshot(place).items()
        return {name: what for name, (*_, what) in found if not name.startswith("warm")}

    try:
        for name in ("readonly", "closed", "open", "warm"):
            place.joinpath(name).mkdir()
        for name in ("d.jsonl", "secret.jsonl", "closed/d.jsonl"):
            place.joinpath(name).write_bytes(LINES)
        for name in ("x.npy", "secret.npy"):
            np.save(place / name, FEATURES)
        place.joinpath("secret.toml").write_text("[select]\n")
        before = contents()
        set_modes(MODES)
        warm = (*PICK, *ARRAY, "--run", "warm/run")
        cases = {name: arguments for name, (arguments, *_) in FORBIDDEN.items()}
        ended = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, json.dumps([warm, NOBODY, cases])],
            check=False,
            capture_output=True,
            text=True,
            cwd=place,
            timeout=60,
        )
        set_modes({".": 0o755, **dict.fromkeys(MODES, 0o755)})
        if "cannot become another user" in ended.stderr:
            pytest.skip(ended.stderr)
        assert ended.returncode == 0, ended.stderr
        left = {name for name, what in contents().items() if before.get(name, "") != what}
        yield {name: Ended(*one) for name, one in json.loads(ended.stdout).items()}, left
    finally:
        set_modes({".": 0o755, **dict.fromkeys(MODES, 0o755)})
        shutil.rmtree(place)


@pytest.mark.parametrize("case", FORBIDDEN)
def test_what_may_not_be_read_or_written_is_named(forbidden, case):
    ended = forbidden[0][case]
    _, where, fix = FORBIDDEN[case]
    check_message(ended.err, where=where, fix=fix)
    assert ended.code in (1, 2)
    assert ended.out == ""


@pytest.mark.parametrize("case", [name for name in FORBIDDEN if "glob" not in name])
def test_what_may_not_be_read_or_written_is_put_down_to_permission(forbidden, case):
    err = forbidden[0][case].err
    assert "ermission" in err, err
    assert "numpy.save" not in err, "saving the array again would not help"
    assert "space" not in err, "space is not what is lacking"


def test_runs_without_permission_leave_nothing_behind(forbidden):
    assert forbidden[1] == set()


@pytest.mark.parametrize("dash", [("-o", "-"), ("--output=-",)], ids=["-o -", "--output=-"])
def test_a_reader_that_goes_away_ends_the_run_quietly(folder, dash):
    write_rows("d.jsonl", [{"instruction": "a", "output": f"{i} " * 20} for i in range(3000)])
    np.save("x.npy", np.ones((3000, 1)))
    before = snapshot(Path())
    command = [spanset_command(), "select", "d.jsonl", "-k", "3000", *CHEAP, *dash]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        head = process.stdout.read(10)
        process.stdout.close()  # as `| head -c 10` does
        err = process.stderr.read().decode()
        code = process.wait(timeout=60)
    assert head == b'{"instruct', err
    assert "Exception ignored" not in err
    assert code == 1
    check_message(err, says=("pipe",))
    assert snapshot(Path()) == before


HAS_FULL = Path("/dev/full").exists()


@pytest.mark.skipif(not HAS_FULL, reason="there is no /dev/full")
def test_rows_that_standard_output_cannot_take_are_an_error(many_rows):
    command = [spanset_command(), "select", "d.jsonl", "-k", "3", *CHEAP, "--output=-"]
    before = snapshot(Path())
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(command, check=False, stdout=full, stderr=subprocess.PIPE, text=True)
    assert "Exception ignored" not in ended.stderr
    check_message(ended.stderr, says=("No space left",))
    assert ended.returncode == 1
    assert snapshot(Path()) == before


@pytest.mark.parametrize(
    "command",
    [("show", "d.jsonl"), (*PICK, *ARRAY), (*PICK, *ARRAY, "--json"), (*PICK, "--dry-run")],
    ids=["show", "table", "json", "dry-run"],
)
@pytest.mark.skipif(not HAS_FULL, reason="there is no /dev/full")
def test_a_table_that_standard_output_cannot_take_is_an_error(spanset, monkeypatch, command):
    out = Path("/dev/full").open("w", encoding="utf-8")  # noqa: SIM115 (closing it fails)
    monkeypatch.setattr(sys, "stdout", out)
    try:
        ended = spanset.run(*command)
    finally:
        with contextlib.suppress(OSError):
            out.close()
    assert ended.code == 1
    check_message(ended.err, says=("No space left",))


def test_standard_output_that_is_closed_is_an_error(spanset, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)  # what the interpreter does for `>&-`
    ended = spanset.run(*PICK, *ARRAY, "--output=-")
    assert ended.code in (1, 2)
    check_message(ended.err, where="-")


@pytest.mark.parametrize("command", [("show", "d.jsonl"), (*PICK, *ARRAY)], ids=["show", "table"])
def test_a_terminal_without_unicode_gets_a_table_all_the_same(spanset, monkeypatch, command):
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    assert spanset.run(*command).code == 0
    out.flush()
    assert b"d.jsonl" in out.buffer.getvalue()


# Ctrl-C


def opened_by(process: subprocess.Popen[str], pipe: str, seconds: float = 30.0) -> int:
    """Writing end of a named pipe, once the process has opened the other."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # nobody reads yet
            running = process.poll() is None and time.monotonic() < deadline
            assert running, f"the run does not read {pipe}"
            time.sleep(0.02)


def test_ctrl_c_while_reading_writes_nothing_and_says_so(folder):
    """The data is a pipe that nobody fills: the run waits in its first stage."""
    os.mkfifo("pipe.jsonl")
    before = snapshot(Path())
    command = [spanset_command(), "select", "pipe.jsonl", "-k", "3"]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, preexec_fn=hear_ctrl_c
    ) as process:
        try:
            writer = opened_by(process, "pipe.jsonl")
            time.sleep(0.2)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=30)
            os.close(writer)
        finally:
            process.kill()
    assert process.returncode == INTERRUPTED
    assert err == "interrupted; no subset was written\n"
    assert snapshot(Path()) == before


def test_ctrl_c_before_the_first_pick_is_an_interruption_and_no_error(spanset, monkeypatch):
    from spanset.commands.terminal.watching import TerminalWatcher

    monkeypatch.setattr(TerminalWatcher, "cancelled", lambda self: True)
    before = snapshot(Path())
    ended = spanset.run(*PICK, *ARRAY)
    assert "interrupted" in ended.err
    assert ended.code == INTERRUPTED
    assert snapshot(Path()) == before


def hear_ctrl_c() -> None:
    """Undo what a shell does to jobs in the background: they ignore Ctrl-C, and so do their own."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Watched:
    """A run whose standard error is a terminal, so that progress is shown at once."""

    def __init__(self, *arguments: str) -> None:
        self.terminal, slave = pty.openpty()
        environment = {**os.environ, "COLUMNS": "200", "TERM": "xterm"}
        self.process = subprocess.Popen(
            [spanset_command(), *arguments],
            stdout=subprocess.DEVNULL,
            stderr=slave,
            env=environment,
            preexec_fn=hear_ctrl_c,
        )
        os.close(slave)
        self.shown = ""

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.terminal)

    def until(self, wanted: str, seconds: float = 60.0) -> re.Match[str]:
        """Wait until the terminal shows a match of `wanted`."""
        deadline = time.monotonic() + seconds
        while not (found := re.search(wanted, self.shown)):
            assert self._read(deadline), f"{wanted!r} was not shown:\n{self.shown[-2000:]}"
        return found

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def end(self, seconds: float = 60.0) -> int:
        """Read on until the run ends; its exit code."""
        deadline = time.monotonic() + seconds
        while self._read(deadline):
            pass
        return self.process.wait(timeout=max(1.0, deadline - time.monotonic()))

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self.terminal], [], [], max(0.0, deadline - time.monotonic()))
        try:
            piece = os.read(self.terminal, 1 << 16) if ready else b""
        except OSError:  # the other end is closed
            piece = b""
        self.shown += piece.decode(errors="replace")
        return bool(piece)


LONG = ("select", "d.jsonl", *ARRAY, "--draws", "0")


@pytest.fixture(scope="module")
def long_folder(tmp_path_factory):
    """20,000 rows, of which picking 8,000 takes long."""
    place = tmp_path_factory.mktemp("long")
    with place.joinpath("d.jsonl").open("w") as file:
        file.writelines(f'{{"instruction": "{i}", "output": "{i}"}}\n' for i in range(20_000))
    np.save(place / "x.npy", np.random.default_rng(1).normal(size=(20_000, 64)).astype("f4"))
    return place


def test_ctrl_c_during_the_selection_keeps_the_picks_made_so_far(long_folder, monkeypatch):
    monkeypatch.chdir(long_folder)
    with Watched(*LONG, "-k", "8000", "--run", "cut") as run:
        run.until(r"\b[1-9][\d,]{2,} of 8,000 picks")  # a hundred at least
        run.interrupt()
        code = run.end()
    assert code == INTERRUPTED, run.shown[-2000:]
    assert "Traceback" not in run.shown
    assert {path.name for path in Path().iterdir()} == {"cut", "d.jsonl", "x.npy"}

    manifest = json.loads(Path("cut/manifest.json").read_text())
    assert manifest["complete"] is False
    assert manifest["stop_reason"] == "interrupted"
    ids = Path("cut/ids.txt").read_text().split()
    assert 100 <= len(ids) < 8000
    assert manifest["rows"]["picked"] == len(ids)
    subset = [json.loads(line) for line in Path("cut/subset.jsonl").read_text().splitlines()]
    assert [row["instruction"] for row in subset] == ids  # each row holds its own number

    assert main([*LONG, "-k", "50", "--run", "short"]) == 0
    assert Path("short/ids.txt").read_text().split() == ids[:50], "not a prefix of the order"


def test_a_second_ctrl_c_ends_at_once_and_leaves_nothing(long_folder, monkeypatch):
    monkeypatch.chdir(long_folder)
    before = snapshot(Path())
    with Watched(*LONG, "-k", "8000", "--run", "twice") as run:
        run.until(r"\d of 8,000 picks")
        run.interrupt()
        run.until("Ctrl-C again")
        run.interrupt()
        code = run.end()
    assert code == INTERRUPTED, run.shown[-2000:]
    assert "Traceback" not in run.shown
    assert snapshot(Path()) == before
