"""A matrix that memory does not hold: the same numbers in a file that leaves nothing behind."""

import errno
import os

import numpy as np
import pytest

from spanset.base import memory
from spanset.base.errors import SpansetError
from spanset.base.scratch_files import ScratchRows, scratch_in, taken

X = np.random.default_rng(0).normal(size=(9_000, 5))


def filled(folder):
    with scratch_in(folder):
        made = ScratchRows(X.shape, np.float32)
    order = np.random.default_rng(1).permutation(len(X))
    for rows in (np.arange(3_000, 6_000), order[:500], np.arange(3_000), np.arange(6_000, 9_000)):
        made.put(rows, X[rows])
    made.put(order[:0], X[:0])
    return made.done()


@pytest.mark.parametrize("is_in_file", [False, True])
def test_it_is_what_was_put(tmp_path, monkeypatch, is_in_file):
    size = 4 * X.size
    monkeypatch.setattr(memory, "available_bytes", lambda: 2 * size - is_in_file)
    found = filled(tmp_path / "new")
    assert isinstance(found, np.memmap) == is_in_file
    assert found.tobytes() == X.astype(np.float32).tobytes()
    assert (tmp_path / "new").exists() == is_in_file
    assert not list(tmp_path.rglob("*.*"))
    rows = np.array([8_999, 0, 17])
    some = taken(found, rows)
    assert some.tobytes() == X[rows].astype(np.float32).tobytes()


def test_some_rows_of_a_mapped_matrix_are_mapped_where_they_are_many(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(memory, "available_bytes", lambda: 100_000)
    rows = np.arange(len(X))[::-1]
    some = taken(filled(tmp_path), rows)
    assert isinstance(some, np.memmap)
    assert some.tobytes() == X[rows].astype(np.float32).tobytes()
    assert (tmp_path / "cache" / "spanset" / "scratch").is_dir()  # where nobody names a folder


def test_a_full_disk_is_told_before_anything_is_written(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(memory, "available_bytes", lambda: 0)
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(SpansetError, match="for the features") as caught:
        filled(tmp_path)
    assert caught.value.where == str(tmp_path)
    assert "--scratch DIR" in caught.value.fix


def test_a_folder_that_cannot_be_made_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(memory, "available_bytes", lambda: 0)
    with pytest.raises(SpansetError, match="no file of") as caught:
        filled(tmp_path / "file" / "folder")
    assert caught.value.why
