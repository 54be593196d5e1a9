"""What is expected of public files of every format, quirks included; ../shared/data/README.md.

The numbers were counted, and the digests made, with the reading below alone, which knows nothing of
spanset; what spanset reads is compared with both.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.data.formats.turns import spoken
from tests.places import SHARED

from spanset.base.errors import DataError
from spanset.data.reader import read

FORMATS = SHARED / "data" / "formats"
BROKEN = FORMATS.parent / "broken"


class Expected(NamedTuple):
    """What a file holds; roles are counts of system, user, assistant and tool turns."""

    format: str
    rows: int
    usable: int
    malformed: int
    empty: int
    roles: tuple[int, int, int, int]
    rejected: int  # turns of rejected sides
    first: str  # first 12 digits of the SHA-256 of the first usable row's first text
    last: str  # likewise of the last usable row's last text


PUBLIC = {
    "alpaca_en_demo.json": Expected(
        "alpaca", 999, 999, 0, 0, (0, 999, 999, 0), 0, "084dab71073d", "8ba66c8af7ed"
    ),
    "alpaca_zh_demo.json": Expected(
        "alpaca", 1000, 1000, 0, 0, (0, 1000, 1000, 0), 0, "965220f6e117", "de9efc296519"
    ),
    "alpaca_zh_已完成.json": Expected(
        "alpaca", 3247, 3243, 0, 4, (0, 3243, 3243, 0), 0, "373f04cdfa2c", "fda6dda9b983"
    ),
    "awesome_prompts.csv": Expected(
        "mapped", 1529, 1529, 0, 0, (0, 1529, 1529, 0), 0, "8de2a30ffe8c", "00f974471413"
    ),
    "c4_demo.jsonl": Expected(
        "text", 300, 300, 0, 0, (0, 0, 300, 0), 0, "be6545f789ae", "9bb980ea7f20"
    ),
    "dpo_en_demo.json": Expected(
        "preference", 300, 300, 0, 0, (80, 563, 563, 0), 300, "6481c81c999b", "1a2e9067194a"
    ),
    "dpo_zh_500.jsonl": Expected(
        "preference", 500, 500, 0, 0, (84, 500, 500, 0), 500, "3f2500c190ac", "821f7fc7fc67"
    ),
    "dpo_zh_demo.json": Expected(
        "preference", 300, 300, 0, 0, (64, 300, 300, 0), 300, "440986a1e2e5", "b19bb833cbbd"
    ),
    "glaive_toolcall_en_demo.json": Expected(
        "sharegpt", 300, 300, 0, 0, (0, 746, 957, 211), 0, "832d924491e4", "e7c2584f10c3"
    ),
    "glaive_toolcall_zh_demo.json": Expected(
        "sharegpt", 300, 300, 0, 0, (0, 722, 940, 218), 0, "cc8b7ab1f30c", "11f7d9253854"
    ),
    "hh_rlhf_harmless_test.jsonl.gz": Expected(
        "preference", 2312, 2308, 0, 4, (0, 5751, 5759, 0), 2309, "7d818abe797a", "8df74c40206b"
    ),
    "identity.json": Expected(
        "alpaca", 91, 91, 0, 0, (0, 91, 91, 0), 0, "8f434346648f", "81978198c6fe"
    ),
    "kto_en_demo.json": Expected(
        "kto", 300, 300, 0, 0, (0, 487, 487, 0), 0, "6729108d7baf", "92142e6269ee"
    ),
    "oasst_en_100_tree.jsonl": Expected(
        "oasst", 100, 100, 0, 0, (0, 142, 142, 0), 0, "abefc67f7f59", "a5f53f4b82e6"
    ),
    "reason_tool_use_demo_50.jsonl": Expected(
        "messages", 50, 50, 0, 0, (50, 70, 112, 42), 0, "f5dc34407f19", "734e46b1254a"
    ),
    "self_instruct_seed_tasks.jsonl": Expected(
        "instances", 175, 175, 0, 0, (0, 175, 175, 0), 0, "49dc34d4b538", "fcbcf165908d"
    ),
    "sharegpt_zh_1K_format.jsonl": Expected(
        "sharegpt", 1000, 999, 0, 1, (0, 4378, 4372, 0), 0, "f7d3a273040a", "5ee4b623e2bc"
    ),
    "v1_dpo_demo.jsonl": Expected(
        "preference", 10, 10, 0, 0, (10, 10, 10, 0), 10, "b1b49327a734", "d8f869f4c50c"
    ),
    "v1_sft_demo.jsonl": Expected(
        "messages", 500, 500, 0, 0, (0, 500, 500, 0), 0, "8f434346648f", "04e59e3c47cc"
    ),
}

# Lines that are no JSON, and all lines that are; the rows hold instructions alone.
BROKEN_LINES = {
    "user_1.jsonl": ([], 429),
    "user_2.jsonl": ([134, 168], 246),
    "user_3.jsonl": ([10, 121, 122], 198),
}
MAPPINGS = {"awesome_prompts.csv": {"prompt": "act", "answer": "prompt"}}
ALONE = {"prompt": "instruction", "answer": "instruction"}

Turns = list[tuple[str, str]]


def file_of(folder, name):
    path = folder / name
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return path


# Reading the files without spanset ----------------------------------------------------------------

ROLES = {
    "human": "user",
    "gpt": "assistant",
    "function_call": "assistant",
    "observation": "tool",
    "prompter": "user",
}
SPEAKER = re.compile(r"\n\n(Human|Assistant):(.*?)(?=\n\nHuman:|\n\nAssistant:|\Z)", re.DOTALL)


def plain_rows(path: Path) -> list[dict]:
    content = path.read_bytes()
    content = gzip.decompress(content) if path.suffix == ".gz" else content
    text = content.decode()
    if path.suffix == ".csv":
        before = csv.field_size_limit(10**7)  # of the whole process: others rely on it
        try:
            return list(csv.DictReader(io.StringIO(text, newline="")))
        finally:
            csv.field_size_limit(before)
    if text.startswith("["):
        return json.loads(text)
    return [json.loads(line) for line in text.split("\n") if line]


def plain_reading(row: dict) -> tuple[Turns, Turns]:
    """Turns, and those of the rejected side, told by the row's fields."""
    if "act" in row:
        return [("user", row["act"]), ("assistant", row["prompt"])], []
    if "instances" in row:
        turns = []
        for one in row["instances"]:
            prompt = f"{row['instruction']}\n{one['input']}" if one["input"] else row["instruction"]
            turns += [("user", prompt), ("assistant", one["output"])]
        return turns, []
    if "instruction" in row:
        parts = [part for part in (row["instruction"], row["input"]) if part]
        return [("user", "\n".join(parts)), ("assistant", row["output"])], []
    if "conversations" in row:
        turns = [(ROLES.get(m["from"], m["from"]), m["value"]) for m in row["conversations"]]
        sides = [row[side] for side in ("chosen", "rejected") if side in row]
        texts = [side if isinstance(side, str) else side["value"] for side in sides]
        return turns + [("assistant", text) for text in texts[:1]], [
            ("assistant", text) for text in texts[1:]
        ]
    if "chosen_messages" in row:
        return part(
            plain_messages(row["chosen_messages"]), plain_messages(row["rejected_messages"])
        )
    if "messages" in row:
        return plain_messages(row["messages"]), []
    if "chosen" in row:
        names = {"Human": "user", "Assistant": "assistant"}
        return part(
            *(
                [(names[who], said.strip()) for who, said in SPEAKER.findall(row[side])]
                for side in ("chosen", "rejected")
            )
        )
    if "prompt" in row:
        return plain_thread(row["prompt"]), []
    return [("assistant", row["text"])], []


def part(chosen: Turns, rejected: Turns) -> tuple[Turns, Turns]:
    same = 0
    while chosen[: same + 1] == rejected[: same + 1] and same < min(len(chosen), len(rejected)) - 1:
        same += 1
    return chosen, rejected[same:]


def plain_messages(messages: list[dict]) -> Turns:
    contents = [message["content"] for message in messages]
    texts = [
        content if isinstance(content, str) else "\n".join(piece["value"] for piece in content)
        for content in contents
    ]
    return [(message["role"], text) for message, text in zip(messages, texts, strict=True)]


def plain_thread(message: dict) -> Turns:
    turns = [(ROLES.get(message["role"], message["role"]), message["text"])]
    replies = [reply for reply in message["replies"] if not reply["deleted"]]
    if replies:
        ranks = [reply.get("rank") for reply in replies]
        ranked = [rank for rank in ranks if rank is not None]
        turns += plain_thread(replies[ranks.index(min(ranked)) if ranked else 0])
    answered = [number for number, turn in enumerate(turns) if turn[0] == "assistant"]
    return turns[: answered[-1] + 1] if answered and turns[0][0] == "user" else turns


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


# The table ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PUBLIC)
def test_public_file_is_read_as_expected_and_as_a_plain_reading_of_it(name):
    path = file_of(FORMATS, name)
    expected = PUBLIC[name]
    data = read(path, mapping=MAPPINGS.get(name), on_bad_row="skip")
    talks = list(data.conversations())
    roles = Counter(turn.role for talk in talks for turn in talk.turns)
    assert expected == Expected(
        data.formats[0].name,
        data.total,
        len(data),
        len(data.bad),
        len(data.empty),
        tuple(roles[role] for role in ("system", "user", "assistant", "tool")),
        sum(len(talk.rejected) for talk in talks),
        digest_of(talks[0].turns[0].text),
        digest_of((talks[-1].turns + talks[-1].rejected)[-1].text),
    )
    rows = plain_rows(path)
    for talk, number in zip(talks, data.ids.tolist(), strict=True):
        turns, rejected = plain_reading(rows[number])
        assert (spoken(talk.turns), spoken(talk.rejected)) == (turns, rejected), f"row {number}"


def test_every_public_file_has_its_line_in_the_table():
    if not FORMATS.exists():
        pytest.skip(f"{FORMATS} is not there")
    assert {path.name for path in FORMATS.iterdir()} == set(PUBLIC)


def test_labels_of_a_public_file_are_kept():
    talks = read(file_of(FORMATS, "kto_en_demo.json")).conversations()
    assert Counter(talk.label for talk in talks) == {True: 150, False: 150}


def test_reasoning_and_calls_of_a_public_file_are_kept():
    path = file_of(FORMATS, "reason_tool_use_demo_50.jsonl")
    rows = plain_rows(path)
    for talk, row in zip(read(path).conversations(), rows, strict=True):
        for message in row["messages"]:
            for piece in message["content"]:
                assert piece["value"] in talk.text, f"{piece['type']} is lost"


@pytest.mark.parametrize("name", BROKEN_LINES)
def test_broken_lines_of_a_public_file_are_found_and_no_other(name):
    path = file_of(BROKEN, name)
    lines, usable = BROKEN_LINES[name]
    data = read(path, mapping=ALONE, on_bad_row="skip")
    assert [row.line for row in data.bad] == lines
    assert (len(data), data.total, data.empty) == (usable, usable + len(lines), ())
    if lines:
        with pytest.raises(DataError) as raised:
            read(path, mapping=ALONE)
        assert raised.value.where == f"{path}:{lines[0]}"


def test_file_of_instructions_alone_is_not_taken_for_text_unless_told():
    path = file_of(BROKEN, "user_1.jsonl")
    with pytest.raises(DataError, match="not recognised") as raised:
        read(path)
    assert "text=instruction" not in raised.value.fix
    assert len(read(path, mapping={"text": "instruction"})) == 429


def test_comma_at_the_end_of_a_public_array_is_found():
    path = file_of(BROKEN, "alpaca_zh_trailing_comma.json")
    with pytest.raises(DataError, match="comma before the closing bracket") as raised:
        read(path, on_bad_row="skip")
    assert raised.value.where == f"{path}:14007"


def test_nan_literals_of_a_public_file_do_no_harm():
    path = file_of(BROKEN, "alpaca_10per_with_nan.json")
    text = path.read_text(encoding="utf-8")
    assert len(re.findall(r": NaN\b", text)) == 187
    data = read(path)
    assert (data.formats[0].name, data.total, len(data), len(data.empty)) == (
        "alpaca",
        5200,
        5195,
        5,
    )
    # The five rows without an answer hold three each.
    kept = sum(data.raw(position).count(b": NaN") for position in range(len(data)))
    assert kept == 187 - 5 * 3
