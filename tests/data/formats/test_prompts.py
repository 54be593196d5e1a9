"""Rows that are prompts alone: read where no answer is asked for, and nowhere else."""

import pytest

from spanset.base.errors import DataError
from spanset.data.formats.field_names import GUESSED_PROMPTS, PROMPTS
from spanset.data.formats.prompts import PROMPT_ROWS, from_prompt, is_prompt
from spanset.data.formats.texts import RowError
from spanset.data.reader import read


@pytest.mark.parametrize("name", [*PROMPTS, *GUESSED_PROMPTS])
def test_every_name_of_a_prompt_is_known(name):
    row = {name: "Why?", "id": 7, "level": "hard"}
    assert is_prompt(row)
    (turn,) = from_prompt(row).turns
    assert (turn.role, turn.text) == ("user", "Why?")


@pytest.mark.parametrize(
    ("turns", "texts"),
    [
        (["First?", "Second?"], ["First?", "Second?"]),  # MT-Bench
        ([{"content": "First?"}], ["First?"]),  # Arena-Hard
        ([{"content": "First?"}, "Second?"], ["First?", "Second?"]),
    ],
)
def test_turns_are_all_the_users(turns, texts):
    row = {"question_id": 81, "category": "writing", "turns": turns}
    assert is_prompt(row)
    assert [(turn.role, turn.text) for turn in from_prompt(row).turns] == [
        ("user", text) for text in texts
    ]


def test_a_system_text_comes_first():
    found = from_prompt({"system": "Be kind.", "prompt": "Why?"})
    assert [turn.role for turn in found.turns] == ["system", "user"]
    assert found.prompt == "Why?"


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "a", "question": "b"},  # which of them?
        {"title": "a"},
        {"prompt": ["a"]},
        {"prompt": None},
        {"turns": []},
        {"turns": "a"},
        {},
    ],
)
def test_what_has_no_prompt_or_two_is_none(row):
    assert not is_prompt(row)
    with pytest.raises(RowError, match="known to hold a prompt"):
        from_prompt(row)


@pytest.mark.parametrize("turn", [{"text": "a"}, ["a"], True])
def test_a_turn_that_is_no_text_is_named(turn):
    row = {"turns": ["First?", turn]}
    if turn == {"text": "a"}:
        assert [one.text for one in from_prompt(row).turns] == ["First?", ""]
        return
    with pytest.raises(RowError, match=r"turns\[1\]"):
        from_prompt(row)


def test_prompts_are_read_where_no_answer_is_asked_for():
    rows = [{"question": "What is it?", "id": 1}, {"question": "And that?", "id": 2}]
    data = read(rows, on_empty="keep")
    assert len(data) == 2
    assert data.formats == (PROMPT_ROWS,)
    assert [talk.prompt for talk in data.conversations()] == ["What is it?", "And that?"]
    assert [talk.answer for talk in data.conversations()] == ["", ""]


@pytest.mark.parametrize("on_empty", ["skip", "error"])
def test_as_training_data_they_are_refused(on_empty):
    with pytest.raises(DataError):
        read([{"question": "What is it?", "id": 1}], on_empty=on_empty)


def test_rows_with_answers_are_read_as_such():
    (talk,) = read([{"question": "Why?", "answer": "So."}], on_empty="keep").conversations()
    assert (talk.prompt, talk.answer) == ("Why?", "So.")
