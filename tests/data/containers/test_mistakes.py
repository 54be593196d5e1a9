"""Files that are not what they were meant to be: the error says what they are."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from spanset.base.errors import DataError, UsageError
from spanset.data.reader import read

ROWS = [{"question": "Q1", "answer": "A1"}, {"question": "Q2", "answer": "A2"}]
MESSAGES = [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]
CSV = pd.DataFrame({"messages": [MESSAGES]}).to_csv(index=False)

FILES = {
    "objects": ("r.jsonl", "\n".join(json.dumps(row, indent=2) for row in ROWS), "jq -c . IN"),
    "python": ("r.jsonl", "\n".join(map(str, ROWS)), "json.dumps"),
    "lists": ("r.jsonl", '{"question": ["a", "b"], "answer": ["c", "d"]}', "columns, not rows"),
    "pandas": ("r.json", pd.DataFrame(ROWS).to_json(), "columns, not rows"),
    "unknown": ("r.jsonl", '{"x": ["a", "b"], "y": ["c", "d"]}', "columns, not rows"),
    "wrapped": ("r.json", json.dumps({"version": "1", "data": ROWS}), "jq -c '.[\"data\"][]'"),
    "indented": ("r.json", json.dumps({"data": ROWS}, indent=1), "jq -c '.[\"data\"][]'"),
    "csv of lists": ("r.csv", CSV, "write Parquet or JSON Lines"),
    "latin": ("r.csv", "question,answer\ncaf\xe9,A\n".encode("latin-1"), "iconv"),
    "latin header": ("r.csv", "question,r\xe9ponse\nQ,A\n".encode("latin-1"), "iconv"),
    "latin lines": ("r.jsonl", '{"text": "caf\xe9"}\n'.encode("latin-1"), "iconv"),
}


@pytest.mark.parametrize("policy", ["stop", "skip"])
@pytest.mark.parametrize("kind", FILES)
def test_mistake_that_is_the_whole_file_s_is_named(tmp_path, kind, policy):
    name, text, wanted = FILES[kind]
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(DataError) as raised:
        read(path, on_bad_row=policy)
    assert wanted in raised.value.fix
    assert "--on-bad-row" not in raised.value.fix


def test_single_bad_row_is_still_to_be_mended(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS) + "{\n")
    with pytest.raises(DataError) as raised:
        read(path)
    assert "--on-bad-row skip" in raised.value.fix


def test_split_and_file_of_a_saved_folder_are_the_folder_again(tmp_path):
    datasets = pytest.importorskip("datasets")
    folder = tmp_path / "saved"
    datasets.Dataset.from_list(ROWS).save_to_disk(folder)
    (file,) = folder.glob("*.arrow")
    for names in ([f"hf://{folder}", f"hf://{folder}:train"], [f"hf://{folder}", str(file)]):
        with pytest.raises(UsageError, match="given twice"):
            read(names)
