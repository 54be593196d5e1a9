"""The format of a file is that of its first row; a row of another is named."""

from __future__ import annotations

import pytest
from tests.data.formats.turns import spoken
from tests.data.question_files import BROKEN, answers, in_file, line_of

from spanset.base.errors import DataError, UsageError
from spanset.data.reader import read


def test_format_of_a_file_is_of_its_first_readable_row(tmp_path):
    path = in_file(tmp_path / "rows.jsonl", BROKEN, "[]\n", line_of("1"))
    data = read(path, on_bad_row="skip")
    assert data.formats[0].name == "question-answer"
    assert len(data) == 1


def test_format_can_be_named(tmp_path):
    row = '{"question": "q", "answer": "wrong", "prompt": "p", "completion": "right"}\n'
    path = in_file(tmp_path / "rows.jsonl", row)
    assert answers(read(path, format="question-answer")) == ["wrong"]
    assert answers(read(path)) == ["right"]


def test_unknown_format_name_is_wrong_usage(tmp_path):
    path = in_file(tmp_path / "rows.jsonl", line_of("1"))
    with pytest.raises(UsageError, match="no format 'chatml'") as raised:
        read(path, format="chatml")
    assert "messages" in raised.value.fix


@pytest.mark.parametrize("on_bad_row", ["stop", "skip"])
def test_unknown_format_lists_the_fields_seen(tmp_path, on_bad_row):
    path = in_file(tmp_path / "rows.jsonl", "\n", '{"frage": "q", "antwort": "a"}\n')
    with pytest.raises(DataError, match="not recognised") as raised:
        read(path, on_bad_row=on_bad_row)
    assert raised.value.where == f"{path}:2"
    assert "frage, antwort" in raised.value.why
    assert "--map" in raised.value.fix


def test_unknown_fields_are_read_when_mapped(tmp_path):
    path = in_file(tmp_path / "rows.jsonl", '{"frage": "q", "antwort": "a"}\n')
    data = read(path, mapping={"prompt": "frage", "answer": "antwort"})
    (conversation,) = data.conversations()
    assert (conversation.prompt, conversation.answer) == ("q", "a")


@pytest.mark.parametrize(
    "pair",
    [
        '{"chosen": "Human: q\\n\\nAssistant: a", "rejected": "Human: q\\n\\nAssistant: b"}\n',
        '{"prompt": "q", "completion": "", "chosen": "a", "rejected": "b"}\n',
        '{"instruction": "q", "output": "a", "chosen": "a", "rejected": "b"}\n',
    ],
)
def test_answer_of_a_preference_pair_is_the_chosen_one(tmp_path, pair):
    data = read(in_file(tmp_path / "rows.jsonl", pair))
    (conversation,) = data.conversations()
    assert (conversation.prompt, conversation.answer) == ("q", "a")
    assert spoken(conversation.rejected) == [("assistant", "b")]


MIXED = '{"instruction": "q", "output": "a"}\n'


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ('{"instruction": "q", "output": "a", "chosen": "a", "rejected": "b"}\n', "preference"),
        ('{"instruction": "q", "output": ["a", "b"]}\n', "preference"),
        ('{"instruction": "q", "output": "a", "label": false}\n', "kto"),
        ('{"instruction": "q", "output": "a", "messages": []}\n', "messages"),
        ('{"question": "q", "answer": "a"}\n', "question-answer"),
        ('{"text": "a"}\n', "text"),
    ],
)
def test_row_of_another_format_is_named_and_never_read_as_its_file_s(tmp_path, row, found):
    path = in_file(tmp_path / "rows.jsonl", MIXED, row, MIXED)
    with pytest.raises(DataError, match="not the fields of alpaca rows") as raised:
        read(path)
    assert raised.value.where == f"{path}:2"
    assert f"like {found} rows" in raised.value.what
    for way_out in ("files of their own", "--format", "--map", "--on-bad-row skip"):
        assert way_out in raised.value.fix
    data = read(path, on_bad_row="skip")
    assert len(data) == 2
    (bad,) = data.bad
    assert (bad.line, f"like {found} rows" in bad.reason) == (2, True)


def test_row_that_only_lacks_a_field_is_to_be_mended(tmp_path):
    path = in_file(tmp_path / "rows.jsonl", MIXED, '{"instruction": "q", "answr": "a"}\n')
    with pytest.raises(DataError, match="it has instruction, answr") as raised:
        read(path)
    assert raised.value.fix.startswith("mend the row")


def test_format_that_is_named_is_read_whatever_else_a_row_holds(tmp_path):
    row = '{"instruction": "q", "output": "a", "chosen": "c", "rejected": "b"}\n'
    data = read(in_file(tmp_path / "rows.jsonl", MIXED, row), format="alpaca")
    assert answers(data) == ["a", "a"]
