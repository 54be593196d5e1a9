"""A data set of three rows, and a folder to write them into."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.data.writing.written_rows import ROWS

from spanset.data.dataset import Dataset
from spanset.data.reader import read


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
