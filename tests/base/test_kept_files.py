"""Arrays on disk: whole or not there."""

import os

import numpy as np
import pytest

from spanset.base.kept_files import keep_array, kept_array, remove_files


@pytest.mark.parametrize(
    "array",
    [np.arange(5), np.zeros((0, 3), np.float32), np.zeros(3, [("a", "<i4"), ("b", "<f4")])],
)
def test_what_is_kept_is_found(array, tmp_path):
    path = tmp_path / "some" / "folder" / "one.npy"
    assert keep_array(path, array) == ""
    found = kept_array(path)
    assert found.dtype == array.dtype
    assert np.array_equal(found, array)
    assert [one.name for one in path.parent.iterdir()] == ["one.npy"]


def test_a_file_is_replaced(tmp_path):
    path = tmp_path / "one.npy"
    keep_array(path, np.arange(5))
    keep_array(path, np.arange(3))
    assert kept_array(path).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "content",
    [b"", b"no array", b"\x93NUMPY", b"\x93NUMPY\x01\x00\x10\x00{'descr': '<i8', "],
)
def test_what_is_no_array_is_not_there(content, tmp_path):
    path = tmp_path / "one.npy"
    path.write_bytes(content)
    assert kept_array(path) is None


def test_every_cut_of_a_file_is_not_there(tmp_path):
    path = tmp_path / "one.npy"
    keep_array(path, np.arange(4))
    whole = path.read_bytes()
    for length in range(0, len(whole), 5):
        path.write_bytes(whole[:length])
        assert kept_array(path) is None


def test_neither_objects_nor_folders_nor_nothing_are_read(tmp_path):
    np.save(tmp_path / "objects.npy", np.array([{}, None]), allow_pickle=True)
    assert kept_array(tmp_path / "objects.npy") is None
    assert kept_array(tmp_path) is None
    assert kept_array(tmp_path / "none.npy") is None


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    assert keep_array(tmp_path / "file" / "one.npy", np.arange(3))


def test_a_write_that_fails_leaves_nothing(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    assert keep_array(tmp_path / "one.npy", np.arange(3)) == "No space left on device"
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_leaves_nothing_and_goes_on(tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "save", stop)
    with pytest.raises(KeyboardInterrupt):
        keep_array(tmp_path / "one.npy", np.arange(3))
    assert list(tmp_path.iterdir()) == []


def test_files_are_removed_and_their_bytes_counted(tmp_path):
    paths = [tmp_path / name for name in ("one", "two", "three")]
    paths[0].write_bytes(b"12345")
    paths[2].write_bytes(b"123")
    assert remove_files(paths) == 8
    assert list(tmp_path.iterdir()) == []
