"""Several answers with scores: the best one, or the best and the worst as a pair."""

import pytest

from spanset.base.errors import DataError
from spanset.data.formats.ranked import REMARK
from spanset.data.formats.registry import FORMATS, recognise
from spanset.data.formats.texts import RowError
from spanset.data.reader import read

LISTS = {"prompt": "Q", "responses": ["b", "c", "a"], "scores": [2, 1, 3]}
OBJECTS = {
    "instruction": "Q",
    "models": ["x", "y", "z"],
    "completions": [
        {"response": "b", "overall_score": 3.0, "model": "x"},
        {"response": "c", "overall_score": 1.5, "model": "y"},
        {"response": "a", "overall_score": 4.5, "model": "z"},
    ],
}


def texts(turns):
    return [(turn.role, turn.text) for turn in turns]


@pytest.mark.parametrize("row", [LISTS, OBJECTS])
def test_the_best_answer_is_taken_and_it_is_said(row):
    assert recognise(row).name == "ranked"
    assert texts(recognise(row).convert(row).turns) == [("user", "Q"), ("assistant", "a")]
    assert read([row, row]).remarks == ({REMARK: 2},)


@pytest.mark.parametrize("row", [LISTS, OBJECTS])
def test_asked_for_as_preference_they_are_pairs(row):
    data = read([row], format="preference")
    (pair,) = data.conversations()
    assert texts(pair.turns) == [("user", "Q"), ("assistant", "a")]
    assert texts(pair.rejected) == [("assistant", "c")]
    assert pair.shared == 1
    assert data.remarks == ({},)


def test_of_equal_scores_the_first_is_best_and_the_last_worst():
    row = {**LISTS, "scores": [2, 2, 1], "responses": ["a", "b", "c"]}
    assert recognise(row).convert(row).answer == "a"
    pair = FORMATS["preference"].convert({**row, "scores": [2, 1, 1]})
    assert pair.rejected[0].text == "c"


@pytest.mark.parametrize("scores", [[1, 1, 1], [None, 2, None]])
def test_answers_that_are_all_as_good_are_no_pair(scores):
    row = {**LISTS, "scores": scores}
    assert FORMATS["preference"].convert(row).lack == "its rejected side is empty"
    assert recognise(row).convert(row).lack == ""


def test_scores_may_be_text_and_lists_json():
    row = {**LISTS, "scores": '["2", "1", "3.5"]', "responses": '["b", "c", "a"]'}
    assert recognise(row).convert(row).answer == "a"


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ({**LISTS, "scores": [1, 2]}, "3 answers, field 'scores' 2 scores"),
        ({**LISTS, "scores": [1, 2, "good"]}, "the score of responses[2] is text"),
        ({**LISTS, "scores": [1, 2, float("nan")]}, "the score of responses[2] is NaN"),
        ({**LISTS, "scores": [1, 2, True]}, "the score of responses[2] is true or false"),
        ({**LISTS, "responses": ["a", "b", {}]}, "responses[2] is an object"),
        (
            {**OBJECTS, "completions": [{"response": "a", "score": []}]},
            "the score of completions[0] is a list",
        ),
    ],
)
def test_what_cannot_be_ranked_is_refused_with_its_place(row, what):
    with pytest.raises(RowError) as raised:
        recognise(row).convert(row)
    assert what in str(raised.value)
    with pytest.raises(DataError, match="<memory>:1: "):
        read([row])


@pytest.mark.parametrize(
    "row",
    [
        {"responses": ["a"], "scores": [1]},
        {**LISTS, "question": "Q"},
        {"prompt": "Q", "completions": ["a", "b"]},
        {"prompt": "Q", "completions": [{"response": "a"}]},
        {"prompt": "Q", "completions": []},
        {"prompt": "Q", "scores": [1]},
    ],
)
def test_other_rows_are_not_ranked(row):
    assert recognise(row) is None
