"""Nothing is left of a write that fails, whatever failed."""

from __future__ import annotations

import errno
import os
import resource

import pytest
from tests.data.writing.written_rows import with_field

from spanset.base.errors import OutputError
from spanset.data.containers.sources import TextSource
from spanset.data.dataset import Dataset
from spanset.data.reader import read
from spanset.data.writing.row_files import SUFFIXES, open_output


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
    data, target = read(path), folder / f"subset{suffix}"
    allowed, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, most))
    try:
        with pytest.raises(OutputError, match="cannot write the output") as raised:
            data.write(target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (allowed, most))
    assert raised.value.where == str(target)
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
