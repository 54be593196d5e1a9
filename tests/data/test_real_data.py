"""Public data sets as they are, quirks included; see ../shared/data/README.md."""

from __future__ import annotations

import csv
import gzip
import json
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from tests.data import hostile_json
from tests.places import SHARED

from spanset.base.errors import DataError
from spanset.data.reader import read

DATA = SHARED / "data"
PAIR = {"prompt": "instruction", "answer": "instruction"}


def shared(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return path


def content_of(path: Path) -> bytes:
    content = path.read_bytes()
    return gzip.decompress(content) if path.suffix == ".gz" else content


def texts_of(content: bytes) -> list[str]:
    """Every row's own text, found without spanset."""
    if content.startswith(b"["):
        text = content.decode()
        return [text[start:end] for start, end in hostile_json.spans_of_array(text)]
    lines = (line.strip(b" \t\r") for line in content.split(b"\n"))
    return [line.decode() for line in lines if line]


@pytest.mark.parametrize(
    ("name", "format", "total", "empty"),
    [
        ("alpaca_data.json.gz", "alpaca", 52002, 28),
        ("lima.json", "alpaca", 1029, 0),
        ("gpteacher_codegen.json", "alpaca", 4535, 0),
        ("gsm8k_train.jsonl", "question-answer", 7473, 0),
        ("formats/alpaca_zh_已完成.json", "alpaca", 3247, 4),
        ("formats/sharegpt_zh_1K_format.jsonl", "sharegpt", 1000, 1),
        ("formats/glaive_toolcall_en_demo.json", "sharegpt", 300, 0),
        ("formats/v1_sft_demo.jsonl", "messages", 500, 0),
        ("formats/reason_tool_use_demo_50.jsonl", "messages", 50, 0),
        ("broken/alpaca_10per_with_nan.json", "alpaca", 5200, 5),
    ],
)
def test_public_data_is_read_whole_and_verbatim(name, format, total, empty):
    path = shared(name)
    data = read(path)
    assert [format.name for format in data.formats] == [format]
    assert (data.total, len(data), len(data.empty)) == (total, total - empty, empty)
    texts = texts_of(content_of(path))
    assert len(texts) == total
    differing = [
        number
        for position, number in enumerate(data.ids.tolist())
        if data.raw(position) != texts[number].encode()
    ]
    assert differing == []


def test_multi_turn_rows_of_lima_keep_their_history():
    turns = [len(conversation.turns) for conversation in read(shared("lima.json")).conversations()]
    assert sum(count > 2 for count in turns) == 29


@pytest.mark.parametrize(("name", "count"), [("user_2.jsonl", 2), ("user_3.jsonl", 3)])
def test_invalid_lines_of_a_public_file_are_all_found_and_no_other(name, count):
    path = shared(f"broken/{name}")
    invalid = []
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        try:
            json.loads(line or b"{}")
        except ValueError:
            invalid.append(number)
    assert len(invalid) == count
    data = read(path, mapping=PAIR, on_bad_row="skip")
    assert [row.line for row in data.bad] == invalid
    assert len(data) == data.total - count
    with pytest.raises(DataError) as raised:
        read(path, mapping=PAIR)
    assert raised.value.where == f"{path}:{invalid[0]}"


def test_trailing_comma_of_a_public_file_is_found():
    path = shared("broken/alpaca_zh_trailing_comma.json")
    with pytest.raises(DataError, match="comma before the closing bracket") as raised:
        read(path, on_bad_row="skip")
    assert raised.value.where == f"{path}:14007"


def test_nan_literals_of_a_public_file_are_written_as_they_are(tmp_path):
    path = shared("broken/alpaca_10per_with_nan.json")
    data = read(path)
    data.write(tmp_path / "subset.jsonl")
    lines = (tmp_path / "subset.jsonl").read_bytes().decode().split("\n")[:-1]
    texts = list(map(hostile_json.squeezed, texts_of(path.read_bytes())))
    assert sum(text.count(":NaN") for text in texts) == 187
    assert list(map(hostile_json.squeezed, lines)) == [texts[number] for number in data.ids]


@pytest.fixture
def mmlu(tmp_path):
    """The CSV files of the archive, unpacked as its error says."""
    path = shared("mmlu.zip")
    with pytest.raises(DataError, match="zip archive"):
        read(path)
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith(".csv")]
        archive.extractall(tmp_path, names)
    return [tmp_path / name for name in names]


def test_csv_without_header_is_read_as_the_csv_module_reads_it(mmlu, tmp_path):
    assert len(mmlu) > 100
    columns = ["question", "A", "B", "C", "D", "answer"]
    data = read(mmlu, columns=columns, on_empty="error")
    expected, own = [], b""
    for path in mmlu:
        with path.open(newline="", encoding="utf-8") as file:
            expected += [dict(zip(columns, row, strict=True)) for row in csv.reader(file) if row]
        own += path.read_bytes().removesuffix(b"\n") + b"\n"
    assert list(data.rows()) == expected
    data.write(tmp_path / "all.csv")
    # Some files end a few of their lines in CRLF; the subset has one ending for all.
    written = (tmp_path / "all.csv").read_bytes()
    assert written.replace(b"\r\n", b"\n") == own.replace(b"\r\n", b"\n")


def test_csv_with_very_long_fields_and_crlf_is_written_byte_for_byte(tmp_path):
    path = shared("formats/awesome_prompts.csv")
    data = read(path, mapping={"prompt": "act", "answer": "prompt"}, on_empty="error")
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert list(data.rows()) == frame.to_dict("records")
    assert max(len(row["prompt"]) for row in data.rows()) > 131_072, "what `csv` takes by default"
    data.write(tmp_path / "all.csv")
    content = path.read_bytes()
    ending = b"\r\n" if content.partition(b"\n")[0].endswith(b"\r") else b"\n"
    records = [data.raw(position) for position in range(len(data))]
    assert (tmp_path / "all.csv").read_bytes() == b"".join(
        record + ending for record in (b"act,prompt,for_devs,type,contributor", *records)
    )
    assert b"".join(records) == b"".join(
        content[start : start + len(record)]
        for start, record in zip(data.start.tolist(), records, strict=True)
    )


def test_public_data_goes_through_tables_and_back(tmp_path):
    path = shared("formats/glaive_toolcall_en_demo.json")
    data = read(path)
    for suffix in (".parquet", ".arrow", ".jsonl.zst"):
        data.write(tmp_path / f"all{suffix}")
        again = read(tmp_path / f"all{suffix}")
        assert list(again.conversations()) == list(data.conversations())
    assert read(data.to_datasets()).to_arrow().equals(data.to_arrow())
