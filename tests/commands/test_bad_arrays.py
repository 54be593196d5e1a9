"""Arrays of features that hold none, of the data and of rows that are given."""

from __future__ import annotations

import io
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from tests.commands.refusals import (
    ARRAY,
    FEATURES,
    LINES,
    PICK,
    ROWS,
    N,
    changed,
    check_message,
    write_rows,
)

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
