"""Public data sets as they are, quirks included; see ../shared/data/README.md."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from tests.data import hostile_json

from spanset.data import read
from spanset.errors import DataError

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
PAIR = {"prompt": "instruction", "answer": "instruction"}


def shared(name: str) -> Path:
    path = SHARED / name
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
