"""Rows by number, by file and line, by text; and what becomes of those that are none."""

import json

import pytest

from spanset.base.errors import DataError, UsageError
from spanset.data.asked_rows import asked_row
from spanset.data.reader import read


def question(text, answer="Because."):
    return {"instruction": text, "input": "", "output": answer}


@pytest.fixture
def data(tmp_path):
    """Two files of one name, an array over several lines, malformed rows and one without answer."""
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    rows = [question("Why is the sky blue?"), question("Why?", "  "), question("Why is it so?")]
    lines = [json.dumps(row) for row in rows]
    lines.insert(1, '{"instruction": "broken')
    (one / "a.jsonl").write_text("\n".join(lines) + "\n\n")
    (two / "a.jsonl").write_text(json.dumps(question("12:30 is when", "At noon  and\na half")))
    rows = [question("Why is the sky"), question("What is 7?", "seven \x1b[31m"), question("S: 5")]
    (two / "b.json").write_text(json.dumps(rows, indent=1))
    paths = [one / "a.jsonl", two / "a.jsonl", two / "b.json"]
    return read(list(map(str, paths)), on_bad_row="skip")


@pytest.mark.parametrize(
    ("asked", "row"),
    [
        ("0", 0),
        (" 3 ", 3),
        ("one/a.jsonl:1", 0),
        ("one/a:4", 3),
        ("b.json:2", 5),
        ("b.json:4", 5),
        ("b:6", 5),
        ("b:7", 6),
        ("Why is the sky blue?", 0),
        ("Why is the sky", 5),
        ("sky blue", 0),
        ("At noon and a half", 4),
        ("12:30", 4),
        ("S: 5", 7),
        ("seven", 6),
    ],
)
def test_a_row_is_found_by_number_line_prompt_or_part(data, asked, row):
    assert data.ids[asked_row(data, asked)] == row


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("8", "8 rows, from 0 to 7"),
        ("999999999999999999999", "no row contains"),
        ("", "no row is named"),
        (" \n", "no row is named"),
        ("a.jsonl:1", "several inputs"),
        ("one/a.jsonl:5", "no row stands on the line"),
        ("b.json:1", "lines 2 to"),
        ("no such words", "no row contains"),
        ("Why is", "occurs in 3 rows"),
        ("c.jsonl:1", "no row contains"),
    ],
)
def test_what_is_no_row_or_several_is_told(data, asked, says):
    with pytest.raises(UsageError, match=says) as caught:
        asked_row(data, asked)
    assert caught.value.fix


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("1", "a.jsonl:2: row 1 was no candidate: .*\n.*malformed"),
        ("one/a.jsonl:2", "row 1 was no candidate"),
        ("2", "a.jsonl:3: row 2 was no candidate: no answer"),
        ("one/a.jsonl:3", "no answer"),
    ],
)
def test_a_row_that_was_left_out_is_told_with_the_reason(data, asked, says):
    with pytest.raises(DataError, match=says):
        asked_row(data, asked)


def test_where_several_rows_hold_a_text_five_are_listed_by_place_without_control_characters(data):
    rows = [question(f"Say {n} \x1b[2J please " + "long " * 40) for n in range(7)]
    many = read(rows)
    with pytest.raises(UsageError) as caught:
        asked_row(many, "please")
    message = str(caught.value)
    assert "occurs in 7 rows" in message
    assert message.count("Say ") == 5
    assert "and 2 more" in message
    assert "\x1b" not in message
    with pytest.raises(UsageError, match="is the prompt of 2 rows"):
        asked_row(read([question("Hi"), question("Hi", "Ho"), question("Hi there")]), "Hi")
