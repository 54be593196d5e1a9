"""Data that cannot be measured are named with the reason: files, arrays, rows."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from tests.commands.measure.measured import X, words_only
from tests.commands.refusals import changed


@pytest.mark.parametrize(
    ("data", "code", "where", "says"),
    [
        pytest.param((), 2, "DATA: ", ("at least one file",), id="nothing"),
        pytest.param(("none.jsonl",), 1, "none.jsonl: ", ("no such file",), id="no-such-file"),
        pytest.param(("none.npy",), 1, "none.npy: ", ("no such file",), id="no-such-array"),
        pytest.param(("no*.jsonl",), 1, "no*.jsonl: ", ("no file matches",), id="glob"),
        pytest.param(("?.npy",), 1, "?.npy: ", ("pattern",), id="glob-of-arrays"),
        pytest.param(("/dev",), 1, "/dev: ", ("folder",), id="folder"),
        pytest.param(("x.npy", "a.jsonl"), 2, "a.jsonl: ", ("mixed", "--features"), id="mixed"),
        pytest.param(("a.jsonl", "x.npy"), 2, "a.jsonl: ", ("mixed",), id="mixed-turned"),
        pytest.param(
            ("x.npy", "narrow.npy"), 1, "narrow.npy: ", ("5 columns", "x.npy has 8"), id="columns"
        ),
        pytest.param(("x.npy", "x.npy"), 2, "x.npy: ", ("twice", "once"), id="array-twice"),
        pytest.param(("a.jsonl", "a.jsonl"), 2, "a.jsonl: ", ("twice",), id="rows-twice"),
        pytest.param(("a.jsonl", "./a.jsonl"), 2, "./a.jsonl: ", ("twice", "'a.jsonl'"), id="dot"),
        pytest.param(("\x1b[2Jno.jsonl",), 1, "\\x1b[2Jno.jsonl: ", (), id="control-characters"),
    ],
)
def test_data_that_cannot_be_measured_are_named(spanset, data, code, where, says):
    spanset.refuses("measure", *data, code=code, where=where, says=says)


def save_archive(path: str) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("words", "no array")


def save_header(path: str) -> None:
    """An array that says it has more rows than any disk holds."""
    with Path(path).open("wb") as file:
        header = {"descr": "<f8", "fortran_order": False, "shape": (10**15, 8)}
        np.lib.format.write_array_header_1_0(file, header)


BAD_ARRAYS = {
    "not-a-number": (lambda p: np.save(p, changed(X, 3, np.nan)), ("row 3", "not finite")),
    "infinite": (lambda p: np.save(p, changed(X, 29, np.inf)), ("row 29", "not finite")),
    "zero-row": (lambda p: np.save(p, changed(X, 0, 0.0)), ("row 0", "zeros")),
    "one-dimension": (lambda p: np.save(p, X[0]), ("shape (8,)",)),
    "three-dimensions": (lambda p: np.save(p, X[None]), ("shape (1, 30, 8)",)),
    "no-rows": (lambda p: np.save(p, X[:0]), ("shape (0, 8)",)),
    "no-columns": (lambda p: np.save(p, X[:, :0]), ("shape (30, 0)",)),
    "objects": (lambda p: np.save(p, np.array([{}]), allow_pickle=True), ("no plain array",)),
    "complex": (lambda p: np.save(p, X + 1j), ("complex128",)),
    "text": (lambda p: np.save(p, X.astype(str)), ("dtype <U",)),
    "pickled": (lambda p: Path(p).write_bytes(pickle.dumps(X)), ("no plain array",)),
    "empty": (lambda p: Path(p).touch(), ("no plain array",)),
    "words": (lambda p: Path(p).write_text("1 2 3\n"), ("no plain array",)),
    "archive": (save_archive, ("archive",)),
    "broken-archive": (lambda p: Path(p).write_bytes(b"PK\x03\x04 no more"), ("no plain array",)),
    "header-only": (save_header, ("no plain array",)),
    "folder": (lambda p: Path(p).mkdir(), ("folder",)),
}


@pytest.mark.parametrize(
    "case",
    list(BAD_ARRAYS),
)
def test_an_array_that_holds_no_features_is_named(spanset, case):
    save, says = BAD_ARRAYS[case]
    save("bad.npy")
    spanset.refuses("measure", "x.npy", "bad.npy", code=1, where="bad.npy: ", says=says)


@pytest.mark.parametrize("flag", ["--given", "--reference"])
@pytest.mark.parametrize("case", ["not-a-number", "zero-row", "one-dimension", "pickled"])
def test_such_an_array_is_named_as_more_data_too(spanset, flag, case):
    save, says = BAD_ARRAYS[case]
    save("bad.npy")
    spanset.refuses("measure", "x.npy", flag, "bad.npy", code=1, where="bad.npy: ", says=says)


@pytest.mark.parametrize(
    ("words", "where"),
    [
        (["--features", "array:x.npy"], "--features: "),
        (["--features", "lexical"], "--features: "),
        (["--model", "m"], "--features: "),
    ],
    ids=words_only,
)
def test_features_need_no_features(spanset, words, where):
    spanset.refuses("measure", "x.npy", *words, code=2, where=where, says=("already",))


@pytest.mark.parametrize("rows", [20, 25, 44, 46])
def test_array_features_have_a_row_for_each_row_of_all_data_sets(spanset, rows):
    np.save("f.npy", np.random.default_rng(2).normal(size=(rows, 4)))
    words = ("a.jsonl", "b.jsonl", "--features", "array:f.npy")
    says = (f"{rows} rows", "data 45")
    spanset.refuses("measure", *words, code=1, where="f.npy: ", says=says)


def test_rows_that_cannot_be_read_are_named_with_their_line(spanset):
    Path("bad.jsonl").write_text('{"instruction": "a", "output": "b"}\n{"instruction": \n')
    spanset.refuses("measure", "a.jsonl", "bad.jsonl", code=1, where="bad.jsonl:2: ")
    Path("none.jsonl").write_text('{"instruction": "a", "output": ""}\n')
    spanset.refuses("measure", "a.jsonl", "none.jsonl", code=1, where="none.jsonl")
