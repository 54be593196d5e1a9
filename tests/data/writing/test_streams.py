"""Standard output, pipes and devices are written directly, and never replaced."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from tests.data.writing.written_rows import ROWS

from spanset.base.errors import OutputError
from spanset.data.dataset import Dataset
from spanset.data.writing.row_files import write_rows


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
